"""Validates JUnit XML with the schema of Jenkins' format, and looks at what a schema can't see.

    validate_junit.py FILE SCHEMA.xsd

Needs the PyPI package lxml. Exit status 0: the file is sound.
"""

import sys

from lxml import etree


def main() -> int:
    parser = etree.XMLParser(resolve_entities=False, huge_tree=True)
    document = etree.parse(sys.argv[1], parser)
    schema = etree.XMLSchema(etree.parse(sys.argv[2]))
    schema.assertValid(document)

    root = document.getroot()
    totals = {"tests": 0, "failures": 0, "errors": 0}
    seen = set()
    for suite in root:
        cases = suite.findall("testcase")
        found = {
            "tests": len(cases),
            "failures": sum(case.find("failure") is not None for case in cases),
            "errors": sum(case.find("error") is not None for case in cases),
            "skipped": sum(case.find("skipped") is not None for case in cases),
        }
        for name, value in found.items():
            assert int(suite.get(name)) == value, f"{suite.get('name')}: {name} is {suite.get(name)}, not {value}"
        for name in totals:
            totals[name] += found[name]
        for case in cases:
            key = (case.get("classname"), case.get("name"))
            assert key not in seen, f"two cases are one: {key}"
            seen.add(key)
            assert len(case) <= 1, f"{key} has more than one outcome"
            assert all((child.text or "").strip() for child in case), f"{key}: an outcome without words"
    for name, value in totals.items():
        assert int(root.get(name)) == value, f"all: {name} is {root.get(name)}, not {value}"
    print(f"{sys.argv[1]}: {totals['tests']} cases, {totals['failures']} failures, {totals['errors']} errors: sound")
    return 0


if __name__ == "__main__":
    sys.exit(main())
