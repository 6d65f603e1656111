"""Runs shellcheck on the shell inside a workflow, an action or a GitLab job.

embedded_shell.py SHELLCHECK FILE
"""

import pathlib
import re
import subprocess
import sys

import yaml

# the runner's own default for `shell: bash`, and for no shell at all
GITHUB = "#!/bin/bash\nset -euo pipefail\n"
GITLAB = "#!/bin/sh\nset -e\n"


def github_steps(document):
    for job in (document.get("jobs") or {}).values():
        yield from job.get("steps") or []
    yield from (document.get("runs") or {}).get("steps") or []


def scripts(document):
    """Each script with the line that makes a whole of it."""
    for step in github_steps(document):
        if "run" in step:
            # an expression is put in before the shell sees anything: any word stands for it
            yield GITHUB + re.sub(r"\$\{\{.*?\}\}", "expression", step["run"])
    for job in document.values():
        if isinstance(job, dict) and "script" in job:
            # one shell runs them all
            parts = [job.get("before_script") or [], job["script"], job.get("after_script") or []]
            yield GITLAB + "\n".join("\n".join(part) for part in parts)


def main(shellcheck: str, file: str) -> int:
    # SafeLoader reads the key `on` as true, which nobody here asks for
    document = yaml.safe_load(pathlib.Path(file).read_text(encoding="utf-8"))
    found = list(scripts(document))
    if not found:
        print(f"{file}: there is no shell in it, or it was not found")
        return 1
    results = [subprocess.run([shellcheck, "-"], input=text.encode(), check=False).returncode for text in found]
    if any(results):
        print(f"in {file}")
    return 1 if any(results) else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
