"""Writes what the library and its build need: exports and tables."""

from emit_header import BANNER, signature

OUT = "capi/api/generated/"


def _map(api):
    text, previous = f"/* {BANNER} */\n", ""
    for node in api.nodes:
        names = [f["name"] for f in api.functions if f["since"] == node]
        text += f"INLAY_{node} {{\n  global:\n"
        text += "".join(f"    {n};\n" for n in sorted(names))
        text += "" if previous else "  local:\n    *;\n"
        text += f"}}{previous};\n"
        previous = f" INLAY_{node}"
    return text


def _def(api):
    names = sorted(f["name"] for f in api.functions)
    return (f"; {BANNER}\nLIBRARY inlay-{api.abi}\nEXPORTS\n" +
            "".join(f"  {n}\n" for n in names))


def _layout_body(api, size_check):
    out = ["#if UINTPTR_MAX == UINT64_MAX\n"]
    for struct in api.structs:
        name = struct["name"]
        check = size_check.format(name=name, size=struct["size"])
        out.append(f"CHECK(size_{name},\n      {check});\n")
        for field in struct["rows"]:
            out.append(f"CHECK(offset_{name}_{field.name},\n"
                       f"      offsetof({name}, {field.name}) == "
                       f"{field.offset});\n")
            out.append(f"CHECK(size_{name}_{field.name},\n"
                       f"      sizeof((({name}*)0)->{field.name}) == "
                       f"{field.size});\n")
    out.append("#endif\n\n")
    for group in api.enums:
        for name, value, *_ in group["values"]:
            out.append(f"CHECK(value_{name}, {name} == {value});\n")
    for group in api.flags:
        for name, bit, *_ in group["values"]:
            out.append(f"CHECK(value_{name},\n"
                       f"      {name} == (UINT64_C(1) << {bit}));\n")
    return "".join(out)


def _layout(api):
    """A C file that compiles only if the layout is the described one."""
    return (f"/* {BANNER} */\n#include <inlay/inlay.h>\n\n"
            "#define CHECK(name, condition) \\\n"
            "  typedef char name[(condition) ? 1 : -1]\n\n" +
            _layout_body(api, "sizeof({name}) == {size}") +
            "\n/* Keeps the translation unit from being empty. */\n"
            "extern int inlay_layout_is_checked;\n"
            "int inlay_layout_is_checked = 1;\n")


def _client(api):
    """An old client's view of the ABI, to be frozen with each release: it
    compiles against any later header, unless that header broke it."""
    out = [f"/* {BANNER}\n * capi/abi keeps a copy per release; see "
           "tests/scripts/abi.sh. */\n#include <inlay/inlay.h>\n\n"
           "#define CHECK(name, condition) \\\n"
           "  typedef char name[(condition) ? 1 : -1]\n\n"]
    for row in api.callbacks:
        params = [p[0] for p in row["params"]] or ["void"]
        name = row["name"]
        out.append(f"extern {row['returns']} (*was_{name})(\n    " +
                   ",\n    ".join(params) + ");\n"
                   f"extern {name} was_{name};\n")
    out.append("\n")
    for row in api.functions:
        out.append(signature(row, row["all_params"]) + " {\n")
        out += [f"  (void){p[1]};\n" for p in row["all_params"]]
        out.append("}\n\n" if row["returns"] == "void"
                   else "  return 0;\n}\n\n")
    out.append(_layout_body(api, "sizeof({name}) >= {size}"))
    return "".join(out)


def _procs(api):
    rows = sorted(f["name"] for f in api.functions)
    return (f"// {BANNER}\n// Every exported function, by name, ascending.\n" +
            "".join(f'INLAY_PROC("{n}", {n})\n' for n in rows))


def _structs(api):
    """Field boundaries and reserved fields for copy-in and copy-out."""
    out = [f"// {BANNER}\n"]
    for struct in api.structs:
        name = struct["name"]
        ends = ",\n    ".join(f"offsetof({name}, {f.name}) + sizeof((({name}*)"
                              f"nullptr)->{f.name})" for f in struct["rows"])
        out.append(f"inline constexpr uint32_t kEnds_{name}[] = {{\n    {ends}"
                   "};\n")
        reserved = [f for f in struct["rows"]
                    if f.name.startswith("reserved")]
        items = ", ".join(f"offsetof({name}, {f.name})" for f in reserved)
        out.append(f"inline constexpr uint32_t kReserved_{name}[] = "
                   f"{{{items or '0'}}};\n")
        out.append(
            f"template <>\nstruct TableFor<{name}> {{\n"
            f"  static constexpr StructTable kTable = {{\n"
            f'      "{name}", sizeof({name}), {struct["min_size"]},\n'
            f"      kEnds_{name}, {len(struct['rows'])},\n"
            f"      kReserved_{name}, {len(reserved)}}};\n}};\n\n")
    return "".join(out)


def _struct_list(api):
    return (f"// {BANNER}\n" +
            "".join(f"INLAY_STRUCT({s['name']})\n" for s in api.structs))


def _statuses(api):
    return (f"// {BANNER}\n" + "".join(
        f"INLAY_STATUS({v[0]})\n" for v in api.enums[0]["values"]))


def _flags(api):
    """All known flags of each group, to refuse the unknown ones."""
    out = [f"// {BANNER}\n"]
    for group in api.flags:
        bits = " |\n    ".join(v[0] for v in group["values"])
        out.append(f"inline constexpr uint64_t kAll_{group['name']} =\n"
                   f"    {bits};\n")
    return "".join(out)


def _quote(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _options(api):
    out = [f"// {BANNER}\n"]
    for index, row in enumerate(api.options):
        low, high = "0", "-1"
        if row["values"].startswith(("int ", "float ")):
            low, high = row["values"].split(" ")[1].split("..")
        words = ", ".join(_quote(row[k]) for k in
                          ("key", "scope", "values", "default", "doc"))
        out.append(f"INLAY_OPTION({row['key']}, {index}, {words}, "
                   f"{low}, {high})\n")
    return "".join(out)


def emit(api):
    names = sorted(f["name"] for f in api.functions)
    return {
        OUT + "inlay.map": _map(api),
        OUT + "inlay.def": _def(api),
        OUT + "symbols.txt": "".join(n + "\n" for n in names),
        OUT + "layout_check.c": _layout(api),
        OUT + "client.c": _client(api),
        OUT + "procs.inc": _procs(api),
        OUT + "structs.inc": _structs(api),
        OUT + "struct_list.inc": _struct_list(api),
        OUT + "statuses.inc": _statuses(api),
        OUT + "flags.inc": _flags(api),
        OUT + "options.inc": _options(api),
    }
