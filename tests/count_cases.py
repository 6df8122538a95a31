"""Counts the cases of a JUnit report that ctest wrote.

Prints 'PASSED FAILED SKIPPED', then the name of each failed and skipped case.
A case that did not run at all counts as failed. No case at all is an error.
"""

import sys
import xml.etree.ElementTree as ElementTree


def main() -> int:
    cases = ElementTree.parse(sys.argv[1]).getroot().findall("testcase")
    names = {"passed": [], "failed": [], "skipped": []}
    for case in cases:
        status = case.get("status")
        skip = case.find("skipped")
        if status == "run":
            kind = "passed"
        elif status == "disabled":
            kind = "skipped"
        elif skip is not None and "SKIP_" in (skip.get("message") or ""):
            kind = "skipped"
        else:
            kind = "failed"
        names[kind].append(case.get("name"))
    print(*(len(names[kind]) for kind in ("passed", "failed", "skipped")))
    for kind in ("failed", "skipped"):
        for name in names[kind]:
            print(kind, name)
    return 0 if cases else 1


if __name__ == "__main__":
    sys.exit(main())
