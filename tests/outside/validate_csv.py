"""Reads a CSV as Python does and as a spreadsheet of a country with semicolons does: no cell begins a formula.

    validate_csv.py FILE ROWS

ROWS is how many rows there are beside the header. Exit status 0: the file is sound.
"""

import csv
import io
import sys
import unicodedata


def first(cell: str) -> str:
    """The first character that counts, in its ordinary form: a full-width equals sign is an equals sign."""
    text = cell.lstrip(' \t\r\n"')
    return unicodedata.normalize("NFKC", text[:1])


def main() -> int:
    data = open(sys.argv[1], "rb").read()
    assert data.startswith(b"\xef\xbb\xbf"), "no byte order mark"
    text = data.decode("utf-8-sig")
    assert text.endswith("\r\n") and text.count("\n") == text.count("\r\n"), "lines must end with CR LF"
    for delimiter in ",;\t":
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=delimiter == ",", delimiter=delimiter))
        if delimiter == ",":
            assert len({len(row) for row in rows}) == 1, "rows of different lengths"
            assert len(rows) == int(sys.argv[2]) + 1, f"{len(rows)} rows"
        for row in rows:
            for cell in row:
                assert first(cell) not in tuple("=+-@") or not first(cell), f"a formula with {delimiter!r}: {cell[:80]!r}"
                controls = [c for c in cell if unicodedata.category(c) in ("Cc", "Cf")]
                assert not controls, f"{controls[0]!r} in {cell[:80]!r}"
    print(f"{sys.argv[1]}: {len(rows) - 1} rows: sound")
    return 0


if __name__ == "__main__":
    sys.exit(main())
