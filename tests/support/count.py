#!/usr/bin/env python3
"""Sums what the tests of one Meson run counted, and prints it as `N passed, N failed`, below the names of those that failed.

Every test program ends its output with such a line. One that does not (it crashed, or counts
nothing by itself) is one case, judged by its exit status.
Exit status: 0 only if something ran and nothing failed.
"""
import json
import re
import sys

COMPLAINTS = 10  # lines of each that failed: the last ones
LINE = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", re.MULTILINE)


def count(test):
    """Passed, failed and skipped cases of one entry of testlog.json."""
    if test["result"] == "SKIP":
        return 0, 0, 1
    good = test["result"] == "OK"
    lines = LINE.findall(test.get("stdout", ""))
    if not lines:
        return int(good), int(not good), 0
    passed, failed, skipped = (int(n or 0) for n in lines[-1])
    if not good and not failed:
        failed = 1  # every case passed, and then the program did not: a leak, a race, a timeout
    return passed, failed, skipped


def complaint(test):
    """A test that failed: its name, and the end of what it said."""
    said = (test.get("stdout", "") + test.get("stderr", "")).splitlines()
    said = [line for line in said if line.strip() and not LINE.match(line) and not line.startswith("ok")]
    bad = [line for line in said[:-COMPLAINTS] if line.startswith("not ok")]
    return "\n    ".join([f"failed: {test['name']} ({test['result']})", *bad, *said[-COMPLAINTS:]])


def main():
    tests = []
    try:
        with open(sys.argv[1]) as log:
            tests = [json.loads(line) for line in log]
    except FileNotFoundError:
        pass
    for test in tests:
        if test["result"] not in ("OK", "SKIP"):
            print(complaint(test))
    counts = [count(test) for test in tests]
    passed, failed, skipped = (sum(column) for column in zip(*counts)) if counts else (0, 0, 0)
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 0 if passed and not failed else 1


sys.exit(main())
