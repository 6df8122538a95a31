#!/usr/bin/env python3
"""Markdown as the repository has it -> Markdown as Doxygen wants it.

  filter.py FILE      prints the page (Doxygen's FILTER_PATTERNS calls it so)

- Every page and every heading of a page gets a name, and links from page to
  page use it. Links to other files become their text.
- A line that is nothing but a link to a file in docs/examples or samples shows
  that file, or, behind `#`, the part of it between two comments [part].
- In the main page, an entry of a list that begins with a link makes that page
  its child, in this order.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
CODE = ("docs/examples/", "samples/")
GROUPS = re.findall(r'^name = "(\w+)"', (
    ROOT / "capi/api/parts/groups.toml").read_text("utf-8").lower(), re.M)


def slug(title):
    words = title.lower().replace("#", " sharp").replace("+", " plus")
    return re.sub(r"[^a-z0-9]+", "_", words).strip("_")


def page_id(path):
    """Name of a page of the site, or None."""
    name = path.as_posix()
    if name in ("docs/index.md", "README.md"):
        return "index"
    if name.startswith("docs/reference/"):
        if path.stem == "tunables":
            return "page_tunables"
        return f"group_{path.stem}" if path.stem in GROUPS else "c_api"
    if path.suffix != ".md" or not (ROOT / path).exists():
        return None
    if name.startswith(("docs/", "bindings/", "samples/")) or (
            name == "CHANGELOG.md"):
        return "page_" + slug(name.removesuffix(".md"))
    return None


def resolve(source, target):
    """A link's file, relative to the root, and its part."""
    file, _, part = target.partition("#")
    path = (source.parent / file) if file else source
    try:
        return (ROOT / path).resolve().relative_to(ROOT), part
    except ValueError:
        return None, part


def example(path, part):
    name = path.as_posix()
    for folder in CODE:
        name = name.removeprefix(folder)
    if part:
        return f"\\snippet {name} {part.replace('-', ' ')}"
    return f"\\include {name}"


def rewrite(source, match):
    image, text, target = match.groups()
    if re.match(r"[a-z]+:", target):
        return match[0]
    path, part = resolve(source, target)
    if image and path:
        return f"![{text}]({path.name})"
    name = page_id(path) if path else None
    if name is None:
        return text
    if part:
        name += "_" + slug(part)
    # No formatting inside a reference.
    return f'@ref {name} "{text.replace("`", "")}"'


def bars(match):
    return ", ".join(f"`{code}`" for code in match[1].split("\\|"))


def line_of(source, line, main):
    whole = LINK.fullmatch(line.strip())
    if whole and not whole[1]:
        path, part = resolve(source, whole[3])
        if path and path.as_posix().startswith(CODE) and path.suffix != ".md":
            return example(path, part)
    if main:
        child = re.match(r"- \[([^\]]+)\]\(([^)]+)\)", line)
        path, _ = resolve(source, child[2]) if child else (None, "")
        if path and page_id(path):
            title = f'- \\subpage {page_id(path)} "{child[1]}"'
            line = title + line[child.end():]
    # Doxygen would show the escape of a bar in the code of a table.
    line = re.sub(r"`([^`]*\\\|[^`]*)`", bars, line)
    return LINK.sub(lambda match: rewrite(source, match), line)


def main():
    source = pathlib.Path(sys.argv[1]).resolve().relative_to(ROOT)
    name, out, fence, titled = page_id(source), [], None, False
    for line in (ROOT / source).read_text(encoding="utf-8").splitlines():
        mark = re.match(r"\s*(```+|~~~+)", line)
        if mark and fence in (None, mark[1]):
            fence = None if fence else mark[1]
        heading = None if fence else re.match(r"(#+) (.*)", line)
        if heading and not titled:
            titled = True
            label = "" if name == "index" else f" {{#{name}}}"
            out += [f"# {heading[2]}{label}", ""]
            if name != "index":
                out.append("[TOC]")
        elif heading:
            title = heading[2].replace("#", "&#35;")
            out.append(f"{heading[1]} {title} {{#{name}_{slug(heading[2])}}}")
        elif not titled:
            continue  # Only a title on the first line is the page's.
        elif fence or mark or line.startswith("    "):
            out.append(line)
        else:
            out.append(line_of(source, line, name == "index"))
    print("\n".join(out))


if __name__ == "__main__":
    main()
