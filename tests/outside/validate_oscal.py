"""Validates OSCAL assessment results with compliance-trestle, and looks at what a schema can't see.

    validate_oscal.py FILE

Needs the PyPI package compliance-trestle. Exit status 0: the file is sound.
"""

import json
import sys
from pathlib import Path

from trestle.oscal.assessment_results import Model


def walk(node, key):
    """All values of one key, anywhere."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name == key:
                yield value
            yield from walk(value, key)
    elif isinstance(node, list):
        for item in node:
            yield from walk(item, key)


def main() -> int:
    path = Path(sys.argv[1])
    document = json.loads(path.read_text(encoding="utf-8"))
    Model.parse_obj(document) if not hasattr(Model, "model_validate") else Model.model_validate(document)

    results = document["assessment-results"]
    assert results["metadata"]["oscal-version"].startswith("1.1."), "OSCAL 1.1.x"
    ids = list(walk(results, "uuid"))
    assert len(ids) == len(set(ids)), "a uuid occurs twice"
    known = set(ids)
    for key in ("observation-uuid", "risk-uuid", "subject-uuid", "actor-uuid"):
        for reference in walk(results, key):
            assert reference in known, f"{key} {reference} leads nowhere"
    assert results["import-ap"]["href"].lstrip("#") in known, "import-ap leads nowhere"

    for result in results["results"]:
        observations = {item["uuid"]: item for item in result.get("observations", [])}
        for finding in result.get("findings", []):
            statuses = {
                prop["value"]
                for related in finding.get("related-observations", [])
                for prop in observations[related["observation-uuid"]]["props"]
                if prop["name"] == "status"
            }
            if finding["target"]["status"]["state"] == "satisfied":
                word = next(p["value"] for p in finding["props"] if p["name"] == "status")
                assert word == "supported", f"{finding['title']} is satisfied, though annexa says {word}"
                assert statuses, f"{finding['title']} is satisfied without an observation"
        for observation in observations.values():
            for evidence in observation.get("relevant-evidence", []):
                digest = next(p["value"] for p in evidence["props"] if p["name"] == "sha-256")
                assert len(digest) == 64 and evidence["href"].startswith("../evidence/"), evidence
    print(f"{path}: {len(ids)} objects, {sum(len(r.get('findings', [])) for r in results['results'])} findings: sound")
    return 0


if __name__ == "__main__":
    sys.exit(main())
