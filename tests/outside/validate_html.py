"""Looks at every page of a bundle: no element and no attribute that a known bundle's pages don't have, no way out of the
folder, no invisible characters, no page of more than 500 KB.

    validate_html.py FOLDER KNOWN

KNOWN is the folder of a bundle with harmless names. Exit status 0: the pages are sound.
"""

import posixpath
import sys
import unicodedata
from html.parser import HTMLParser
from pathlib import Path


class Page(HTMLParser):
    """What a page is made of."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.made_of = set()
        self.links = []
        self.others = []
        self.text = []

    def handle_starttag(self, tag, attrs):
        self.made_of.add((tag, ""))
        for name, value in attrs:
            self.made_of.add((tag, name))
            if name in ("href", "src", "action", "formaction", "data", "srcset", "style"):
                self.links.append((name, value or ""))

    def handle_data(self, data):
        self.text.append(data)

    def handle_comment(self, data):
        self.others.append(f"a comment: {data[:80]!r}")

    def handle_pi(self, data):
        self.others.append(f"an instruction: {data[:80]!r}")

    def unknown_decl(self, data):
        self.others.append(f"a declaration: {data[:80]!r}")


def read(path: Path) -> Page:
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    page.close()
    return page


def main() -> int:
    folder, known = (Path(argument).resolve() for argument in sys.argv[1:])
    allowed = set().union(*(read(path).made_of for path in known.rglob("*.html")))
    # only a bundle with a predecessor has these
    allowed |= {("strong", "class"), ("del", ""), ("ins", "")}
    problems = []
    pages = list(folder.rglob("*.html"))
    for path in pages:
        name = path.relative_to(folder)
        if path.stat().st_size > 500 * 1024:
            problems.append(f"{name}: {path.stat().st_size} bytes")
        page = read(path)
        problems += [f"{name}: {tag} {attribute} is new" for tag, attribute in page.made_of - allowed]
        problems += [f"{name}: {other}" for other in page.others]
        for attribute, link in page.links:
            target = posixpath.normpath(posixpath.join(name.parent.as_posix(), link.split("#")[0]))
            inside = not target.startswith("..")
            if attribute == "style" or ":" in link.split("/")[0] or link.startswith("/") or not inside:
                problems.append(f"{name}: {attribute}={link[:120]!r} leads out")
        text = "".join(page.text)
        hidden = {c for c in set(text) if c not in "\n\t" and unicodedata.category(c) in ("Cc", "Cf")}
        if hidden:
            problems.append(f"{name}: holds {sorted(hidden)!r}")
    for problem in problems[:40]:
        print(problem, file=sys.stderr)
    print(f"{folder.name}: {len(pages)} pages, {len(problems)} problems")
    return 1 if problems or not pages else 0


if __name__ == "__main__":
    sys.exit(main())
