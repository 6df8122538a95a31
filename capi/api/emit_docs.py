"""Writes the reference pages in docs/reference."""

from api_model import THREADS, later
from emit_header import BANNER, signature

OUT = "docs/reference/"


def _cell(text):
    return text.replace("|", "\\|")


def _functions(api):
    pages, links = {}, []
    docs = {group["name"]: group["doc"] for group in api.groups}
    for group in dict.fromkeys(f["group"] for f in api.functions):
        name = group.lower() + ".md"
        links.append((group, name))
        text = (f"<!-- {BANNER} -->\n# {group}\n\n{docs[group]}\n")
        for row in (f for f in api.functions if f["group"] == group):
            text += f"\n## {row['name']}\n\n{row['doc']}\n\n```c\n"
            text += signature(row, row["all_params"]) + ";\n```\n\n"
            if row["all_params"]:
                text += "| Parameter | Meaning |\n|---|---|\n"
                text += "".join(f"| `{p[1]}` | {_cell(p[2])} |\n"
                                for p in row["all_params"]) + "\n"
            text += (f"- Thread class: **{row['thread']}**. "
                     f"{THREADS[row['thread']]}\n")
            if "bound" in row:
                text += f"- Waits at most: {row['bound']}\n"
            text += f"- Ownership: {row['owns']}\n"
            if row["errors"]:
                names = ", ".join(f"`{api.statuses[e][0]}`"
                                  for e in row["errors"])
                text += f"- Errors: {names}\n"
            text += f"- Since {row['since']}\n"
        pages[OUT + name] = text
    return pages, links


def _structs(api):
    text = f"<!-- {BANNER} -->\n# Structs\n\nSizes and offsets are those of "
    text += "64-bit targets.\n"
    for struct in api.structs:
        side = ("Filled by the caller" if struct["direction"] == "in"
                else "Filled by the library")
        text += (f"\n## {struct['name']}\n\n{struct['doc']} {side}; "
                 f"{struct['size']} bytes. Since {struct['since']}.\n\n"
                 "| Offset | Field | Type | Meaning |\n|---|---|---|---|\n")
        for field in struct["rows"]:
            since = ("" if field.since == struct["since"]
                     else f" Since {field.since}.")
            text += (f"| {field.offset} | `{field.name}` | `{field.type}` | "
                     f"{_cell(field.doc + since)} |\n")
    return text


def _constants(api):
    text = f"<!-- {BANNER} -->\n# Constants\n"
    for group in api.enums + api.flags:
        text += (f"\n## {group['name']}\n\n{group['doc']} Since "
                 f"{group['since']}.\n\n| Name | Value | Meaning |\n"
                 "|---|---|---|\n")
        for row in group["values"]:
            number = f"1 << {row[1]}" if group in api.flags else row[1]
            text += (f"| `{row[0]}` | {number} | "
                     f"{_cell(row[2] + later(row, group))} |\n")
    return text


def _callbacks(api):
    text = f"<!-- {BANNER} -->\n# Callbacks\n"
    for row in api.callbacks:
        named = dict(row, name=f"(*{row['name']})")
        text += (f"\n## {row['name']}\n\n{row['doc']} Since {row['since']}."
                 f"\n\n```c\ntypedef {signature(named, row['params'])};"
                 "\n```\n\n")
        if row["params"]:
            text += "| Parameter | Meaning |\n|---|---|\n"
            text += "".join(f"| `{p[1]}` | {_cell(p[2])} |\n"
                            for p in row["params"])
    return text


def _options(api):
    text = (f"<!-- {BANNER} -->\n# Tunables\n\nKeys of `inlay_options_set`.\n"
            "\n| Key | Scope | Takes | Default | Meaning | Since |\n"
            "|---|---|---|---|---|---|\n")
    for row in api.options:
        text += (f"| `{row['key']}` | {row['scope']} | "
                 f"`{_cell(row['values'])}` | `{row['default']}` | "
                 f"{_cell(row['doc'])} | {row['since']} |\n")
    return text


def emit(api):
    pages, links = _functions(api)
    pages[OUT + "structs.md"] = _structs(api)
    pages[OUT + "constants.md"] = _constants(api)
    pages[OUT + "callbacks.md"] = _callbacks(api)
    pages[OUT + "tunables.md"] = _options(api)
    links += [("Structs", "structs.md"), ("Constants", "constants.md"),
              ("Callbacks", "callbacks.md"), ("Tunables", "tunables.md")]
    pages[OUT + "README.md"] = (
        f"<!-- {BANNER} -->\n# Reference of the C ABI, version {api.version}"
        "\n\n" + "".join(f"- [{t}]({n})\n" for t, n in links) +
        "\n" + "".join(f"- `{h['name']}`: {h['doc']}\n" for h in api.handles))
    return pages
