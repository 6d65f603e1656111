"""Runs a program to its end and says what it took, its children included.

    measure.py RESULT.json PROGRAM ARGUMENT...

`peak_rss_bytes` is that of its largest process. Ends as the program ends.
"""

import json
import resource
import subprocess
import sys
import time

start = time.monotonic()
status = subprocess.run(sys.argv[2:], check=False).returncode
wall = time.monotonic() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(sys.argv[1], "w", encoding="utf-8") as result:
    json.dump({
        "status": status,
        "wall_seconds": wall,
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "peak_rss_bytes": used.ru_maxrss * 1024,
    }, result)
sys.exit(status if status >= 0 else 1)
