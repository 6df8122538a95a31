"""Writes the raw layer of the Go binding: package capi.

Each C struct gets a Go one of the same layout, each function a Go one that
converts its arguments, each callback an interface and a trampoline. user_data
is an integer on the Go side, never a pointer: it carries a cgo.Handle, which
the garbage collector must not take for an address.
"""

import textwrap

from emit_header import BANNER
import emit_go_api
from go_names import camel, const_name, doc, lower, short

OUT = "bindings/go/internal/capi/"
HEAD = f"// Code {BANNER[0].lower()}{BANNER[1:-1]}; DO NOT EDIT.\n\n"
NUMBERS = {
    "int32_t": "int32", "uint32_t": "uint32", "int64_t": "int64",
    "uint64_t": "uint64", "size_t": "uintptr", "float": "float32",
    "double": "float64",
}


def words(ctype):
    """The C type without const: (base, stars)."""
    plain = ctype.replace("const", " ").replace(" ", "")
    return plain.rstrip("*"), plain.count("*")


def is_handle_word(ctype, name):
    return ctype == "void*" and name.endswith("user_data")


def go_type(api, ctype, name):
    base, stars = words(ctype)
    if is_handle_word(ctype, name):
        return "uintptr"
    if base in api.callback_names or base == "inlay_proc":
        return "unsafe.Pointer"
    if base == "void":
        return "*" * (stars - 1) + "unsafe.Pointer" if stars else ""
    if base == "char":
        return "*" * stars + "byte"
    if base == api.status_type:
        return "*" * stars + "int32"
    if base in NUMBERS:
        return "*" * stars + NUMBERS[base]
    return "*" * stars + camel(short(base))


def to_c(api, ctype, name, value):
    """The Go expression that passes value as the C type."""
    base, stars = words(ctype)
    if is_handle_word(ctype, name):
        return f"C.uintptr_t({value})"
    if base in api.callback_names:
        return f"(C.{base})({value})"
    if base == "void":
        return value
    if not stars:
        return f"C.{base}({value})"
    return f"({'*' * stars}C.{base})(unsafe.Pointer({value}))"


def _types(api):
    out = [HEAD, 'package capi\n\nimport "unsafe"\n']
    for handle in api.handles:
        name = camel(short(handle["name"]))
        out.append(doc(f"{name} is an opaque {handle['name']}.") +
                   f"type {name} struct{{ _ struct{{}} }}\n")
    for struct in api.structs:
        name = camel(short(struct["name"]))
        out.append(doc(f"{name} has the layout of {struct['name']}.") +
                   f"type {name} struct {{\n")
        for field in struct["rows"]:
            count = f"[{field.count}]" if field.count else ""
            kind = go_type(api, field.base, field.name)
            out.append(doc(field.doc, "\t").lstrip("\n") +
                       f"\t{camel(field.name)} {count}{kind}\n")
        out.append("}\n")
    return "".join(out)


def _layout_go(api):
    out = [HEAD, "package capi\n\nimport \"unsafe\"\n",
           doc("structSizes is what the description says, by C name."),
           "var structSizes = []struct {\n\tname string\n\tsize uintptr\n}{\n"]
    for struct in api.structs:
        out.append(f"\t{{\"{struct['name']}\", {struct['size']}}},\n")
    out.append("}\n")
    out.append("\n// These compile only if the Go structs have the described "
               "layout.\nvar (\n")
    for struct in api.structs:
        name = camel(short(struct["name"]))
        out.append(f"\t_ [{struct['size']}]byte = "
                   f"[unsafe.Sizeof({name}{{}})]byte{{}}\n")
        for field in struct["rows"]:
            where = f"{name}{{}}.{camel(field.name)}"
            out.append(f"\t_ [{field.offset}]byte = "
                       f"[unsafe.Offsetof({where})]byte{{}}\n")
            out.append(f"\t_ [{field.size}]byte = "
                       f"[unsafe.Sizeof({where})]byte{{}}\n")
    out.append(")\n")
    return _align("".join(out))


def _align(text):
    """gofmt's columns in the block of checks."""
    lines = text.split("\n")
    rows = [i for i, line in enumerate(lines) if line.startswith("\t_ [")]
    width = max(len(lines[i].split(" = ")[0]) for i in rows)
    for i in rows:
        left, right = lines[i].split(" = ")
        lines[i] = f"{left.ljust(width)} = {right}"
    return "\n".join(lines)


def _layout_c(api):
    out = [f"/* {BANNER}\n * Compiles only against a header whose layout is "
           "the described one, or a longer one. */\n"
           "#include <inlay/inlay.h>\n#include <stddef.h>\n\n"
           f"_Static_assert(INLAY_ABI_VERSION == {api.abi}, \"ABI\");\n"]
    for struct in api.structs:
        name = struct["name"]
        out.append(f"_Static_assert(sizeof({name}) >= {struct['size']}, "
                   f"\"{name}\");\n")
        for field in struct["rows"]:
            out.append(f"_Static_assert(offsetof({name}, {field.name}) == "
                       f"{field.offset},\n               "
                       f"\"{name}.{field.name}\");\n")
    for group in api.enums:
        for name, value, *_ in group["values"]:
            out.append(f"_Static_assert({name} == {value}, \"{name}\");\n")
    for group in api.flags:
        for name, bit, *_ in group["values"]:
            out.append(f"_Static_assert({name} == (UINT64_C(1) << {bit}), "
                       f"\"{name}\");\n")
    return "".join(out)


def _constants(api):
    out = [HEAD, "package capi\n",
           doc("The version of the description that this was generated "
               "from."),
           f"const (\n\tDescribedVersion = \"{api.version}\"\n"
           f"\tDescribedABI     = {api.abi}\n)\n"]
    for group in api.enums + api.flags:
        out.append(f"\n// {group['name']}.\nconst (\n")
        shift = "1 << {}" if group in api.flags else "{}"
        rows = [(const_name(v[0]), shift.format(v[1]))
                for v in group["values"]]
        width = max(len(name) for name, _ in rows)
        out += [f"\t{name.ljust(width)} = {value}\n" for name, value in rows]
        out.append(")\n")
    return "".join(out)


def _shim(row):
    """C takes user_data as an integer here, so that Go never holds it as a
    pointer."""
    declared, passed = [], []
    for ctype, name, _ in row["all_params"]:
        if is_handle_word(ctype, name):
            declared.append(f"uintptr_t {name}")
            passed.append(f"(void*){name}")
        else:
            declared.append(f"{ctype} {name}")
            passed.append(name)
    result = "" if row["returns"] == "void" else "return "
    return (f"static {row['returns']} inlay_go_{short(row['name'])}(\n    " +
            ",\n    ".join(declared) + ") {\n  " + result + row["name"] +
            "(" + ", ".join(passed) + ");\n}\n")


def _function(api, row, shimmed):
    names = [(t, n, lower(n) if n != "error" else "detail")
             for t, n, _ in row["all_params"]]
    params = ", ".join(f"{go} {go_type(api, t, n)}" for t, n, go in names)
    args = ", ".join(to_c(api, t, n, go) for t, n, go in names)
    target = f"inlay_go_{short(row['name'])}" if shimmed else row["name"]
    call = f"C.{target}({args})"
    returns = row["returns"]
    kind = go_type(api, returns, "")
    if returns == "const char*":
        kind, call = "string", f"C.GoString({call})"
    elif returns != "void":
        call = f"{kind}({call})"
    body = call if returns == "void" else "return " + call
    name = camel(short(row["name"]))
    return (doc(f"{name} is {row['name']}. {row['doc']} Thread class: "
                f"{row['thread']}.") +
            f"func {name}({params}){' ' + kind if kind else ''} {{\n"
            f"\t{body}\n}}\n")


def _functions(api):
    shimmed = [f for f in api.functions
               if any(is_handle_word(t, n) for t, n, _ in f["all_params"])]
    return (HEAD + "package capi\n\n/*\n#include <inlay/inlay.h>\n\n" +
            "\n".join(_shim(f) for f in shimmed) +
            "*/\nimport \"C\"\n\nimport \"unsafe\"\n" +
            "".join(_function(api, f, f in shimmed) for f in api.functions))


def _callback_rows(api):
    """(row, short name, parameters but user_data)"""
    for row in api.callbacks:
        if row["params"] and row["params"][0][1] == "user_data":
            yield row, short(row["name"]).removesuffix("_fn"), \
                row["params"][1:]


def _crossing(ctype):
    """The Go type of a callback's parameter: pointers stay untyped."""
    return "unsafe.Pointer" if "*" in ctype else NUMBERS[ctype]


def _callback_go(row, name, params):
    title = camel(name)
    args = ", ".join(f"{lower(n)} {_crossing(t)}" for t, n, _ in params)
    passed = ", ".join(lower(n) for _, n, _ in params)
    returns = row["returns"]
    kind = "" if returns == "void" else " " + _crossing(returns)
    call = (f"valueOf(userData).({title}Callback).On{title}({passed})")
    if kind:
        failure = "" if "*" in returns else "\tresult = -1\n"
        body = f"{failure}\tdefer contain()\n\treturn {call}\n"
    else:
        body = f"\tdefer contain()\n\t{call}\n"
    result = f" (result{kind})" if kind else ""
    given = ", ".join(["userData uintptr"] + ([args] if args else []))
    return (doc(f"{title}Callback receives the calls of {row['name']}. "
                f"{row['doc']}") +
            f"type {title}Callback interface {{\n"
            f"\tOn{title}({args}){kind}\n}}\n" +
            doc(f"{title}Fn is the C function that calls the "
                f"{title}Callback whose handle is its user_data.") +
            f"func {title}Fn() unsafe.Pointer {{\n"
            f"\treturn unsafe.Pointer(C.inlay_go_on_{name})\n}}\n\n"
            f"//export inlayGoOn{title}\n"
            f"func inlayGoOn{title}({given}){result} {{\n{body}}}\n")


def _prototype(row, name, params):
    args = ["void* user_data"] + [f"{t} {n}" for t, n, _ in params]
    return f"{row['returns']} inlay_go_on_{name}(" + ", ".join(args) + ")"


def _callbacks_go(api):
    rows = list(_callback_rows(api))
    protos = "".join(_wrap(_prototype(*r) + ";") for r in rows)
    return (HEAD + "package capi\n\n/*\n#include <inlay/inlay.h>\n\n" +
            protos + "*/\nimport \"C\"\n\nimport \"unsafe\"\n" +
            "".join(_callback_go(*r) for r in rows))


def _wrap(line):
    return "\n".join(textwrap.wrap(line, 78, subsequent_indent="    ")) + "\n"


def _callbacks_c(api):
    out = [f"/* {BANNER} */\n#include \"_cgo_export.h\"\n"]
    for row, name, params in _callback_rows(api):
        passed = ["(uintptr_t)user_data"]
        passed += [f"(void*){n}" if "*" in t else n for t, n, _ in params]
        result = "" if row["returns"] == "void" else "return "
        out.append("\n" + _wrap(_prototype(row, name, params) + " {") +
                   _wrap(f"  {result}inlayGoOn{camel(name)}(" +
                         ", ".join(passed) + ");") + "}\n")
    return "".join(out)


def emit(api):
    return {
        OUT + "types_gen.go": _types(api),
        OUT + "constants_gen.go": _constants(api),
        OUT + "functions_gen.go": _functions(api),
        OUT + "callbacks_gen.go": _callbacks_go(api),
        OUT + "callbacks_gen.c": _callbacks_c(api),
        OUT + "layout_gen.go": _layout_go(api),
        OUT + "layout_gen.c": _layout_c(api),
    } | emit_go_api.emit(api, HEAD)
