"""Writes a misuse test for every function: NULL, wrong and misaligned
handles, a bad error record."""

from emit_header import BANNER

OUT = "tests/capi/generated/"


def _zero(api, ctype):
    return "NULL" if ("*" in ctype or ctype in api.callback_names) else "0"


def _call(api, row):
    """One wrapper: the first parameter is `handle` if it is one."""
    args = []
    for i, (ctype, name, _) in enumerate(row["all_params"]):
        base = api.base_of(ctype)
        if i == 0 and base in api.handle_names and ctype.count("*") == 1:
            args.append(f"({ctype})handle")
        elif name == "error" and row["fallible"]:
            args.append("error")
        else:
            args.append(_zero(api, ctype))
    text = (f"static inlay_status call_{row['name']}(void* handle, "
            "inlay_error* error) {\n  (void)handle;\n  (void)error;\n")
    call = f"{row['name']}({', '.join(args)})"
    if row["fallible"]:
        return text + f"  return {call};\n}}\n\n"
    prefix = "" if row["returns"] == "void" else "(void)"
    return text + f"  {prefix}{call};\n  return INLAY_OK;\n}}\n\n"


def _takes_handle(api, row):
    params = row["all_params"]
    return bool(params) and params[0][0].count("*") == 1 and (
        api.base_of(params[0][0]) in api.handle_names)


def emit(api):
    out = [f"/* {BANNER} */\n#include \"tests/capi/misuse.h\"\n\n"]
    out += [_call(api, row) for row in api.functions]
    out.append("const misuse_case misuse_cases[] = {\n")
    for row in api.functions:
        kind = ""
        if _takes_handle(api, row):
            kind = api.base_of(row["all_params"][0][0])
        out.append(f'    {{"{row["name"]}", call_{row["name"]},\n'
                   f'     "{kind}", {int(row["fallible"])}}},\n')
    out.append("};\n\nconst size_t misuse_case_count =\n"
               "    sizeof(misuse_cases) / sizeof(misuse_cases[0]);\n")
    return {OUT + "misuse_cases.c": "".join(out)}
