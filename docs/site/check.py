#!/usr/bin/env python3
"""The built site is whole: check.py HTML_FOLDER

Every page and every group of the C API is there, every part of an example is
shown somewhere, and every link leads to a file and a place that exist."""

import html.parser
import pathlib
import re
import sys
import urllib.parse

import filter as pages

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Page(html.parser.HTMLParser):
    """Places and links of one file."""

    def __init__(self, text):
        super().__init__()
        self.places, self.links = set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.places |= {attrs[key] for key in ("id", "name") if key in attrs}
        if "href" in attrs:
            self.links.append(attrs["href"])


def expected_files():
    sources = [p for folder in ("docs", "bindings", "samples")
               for p in (ROOT / folder).rglob("*.md")
               if "target" not in p.parts]
    names = {pages.page_id(p.relative_to(ROOT)) for p in sources}
    for name in names:
        if name and not name.startswith("group_") and name != "c_api":
            yield f"{name}.html"
    for group in pages.GROUPS:
        yield f"group__group__{group}.html"


def broken_links(folder, parsed):
    for name, page in parsed.items():
        for link in page.links:
            url = urllib.parse.urlsplit(link)
            if url.scheme or link.startswith("//"):
                continue
            target = urllib.parse.unquote(url.path) or name
            if not (folder / target).exists():
                yield f"{name}: {link}: no such file"
            elif target in parsed and url.fragment and (
                    url.fragment not in parsed[target].places):
                yield f"{name}: {link}: no such place"


def unseen_parts():
    """Parts of examples that no page shows."""
    text = "".join(p.read_text("utf-8") for p in (ROOT / "docs").rglob("*")
                   if p.suffix in (".md", ".dox"))
    for path in (ROOT / "docs/examples").glob("*.c*"):
        for part in set(re.findall(r"^ *(?:/\*|//) \[([^\]]+)\]",
                                   path.read_text("utf-8"), re.M)):
            shown = (f"{path.name}#{part.replace(' ', '-')})",
                     f"snippet {path.name} {part}")
            if not any(form in text for form in shown):
                yield f"{path.name}: nobody shows [{part}]"


def unknown_names():
    """Names in the guide that the header does not have."""
    header = set(re.findall(r"\w+", (
        ROOT / "capi/include/inlay/inlay.h").read_text("utf-8")))
    for path in sorted((ROOT / "docs/guide").glob("*.md")):
        for name in re.findall(r"\b(?:inlay|INLAY)_\w+",
                               path.read_text("utf-8")):
            if name not in header:
                yield f"{path.name}: there is no {name}"


def unlisted_examples():
    listed = (ROOT / "docs/site/examples.dox").read_text("utf-8")
    for path in (ROOT / "docs/examples").glob("*.c*"):
        if f"@example {path.name}\n" not in listed:
            yield f"{path.name}: not in examples.dox"


def main():
    folder = pathlib.Path(sys.argv[1])
    parsed = {p.name: Page(p.read_text("utf-8"))
              for p in folder.glob("*.html")}
    wanted = list(expected_files())
    faults = [f"no {name}" for name in wanted if name not in parsed]
    faults += list(broken_links(folder, parsed)) + list(unseen_parts())
    faults += list(unknown_names()) + list(unlisted_examples())
    print("\n".join(faults[:40]) if faults else
          f"{len(wanted)} pages and groups, "
          f"{sum(len(p.links) for p in parsed.values())} links")
    return 1 if faults or len(wanted) < 40 else 0


if __name__ == "__main__":
    sys.exit(main())
