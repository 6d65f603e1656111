"""Packs files into dist/NAME.tar.gz below a folder NAME: the same files always give the same bytes.

pack.py NAME DIST FILE...
The time is SOURCE_DATE_EPOCH; owner, order and modes are fixed. The first file is the program.
"""

import gzip
import os
import pathlib
import sys
import tarfile


def main(name: str, dist: str, *files: str) -> None:
    time = int(os.environ["SOURCE_DATE_EPOCH"])
    pathlib.Path(dist).mkdir(parents=True, exist_ok=True)
    archive = pathlib.Path(dist) / f"{name}.tar.gz"
    with (
        archive.open("wb") as raw,
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=time) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        for number, file in enumerate(files):
            path = pathlib.Path(file)
            entry = tarfile.TarInfo(f"{name}/{path.name}")
            entry.size, entry.mtime = path.stat().st_size, time
            entry.mode = 0o755 if number == 0 else 0o644
            with path.open("rb") as content:
                tar.addfile(entry, content)
    print(archive)


if __name__ == "__main__":
    main(*sys.argv[1:])
