"""Writes what is repetitive in the public Go package: typed constants, the
tunables' names, and the records that the library fills."""

import re

from go_names import camel, const_name, doc, short

OUT = "bindings/go/"

# C group -> Go type. What is not here is for the raw layer only.
TYPES = {
    "inlay_status": "Code", "inlay_error_domain": "Domain",
    "inlay_log_level": "LogLevel", "inlay_token_kind": "TokenKind",
    "inlay_event_kind": "EventKind", "inlay_finish_reason": "FinishReason",
    "inlay_request_state": "RequestState", "inlay_load_state": "LoadState",
    "inlay_engine_state": "EngineState", "inlay_kv_type": "KVType",
    "inlay_token_flags": "TokenFlags",
}
RECORDS = [
    "inlay_context_stats", "inlay_device_info", "inlay_option_info",
    "inlay_load_info", "inlay_model_info", "inlay_tensor_info",
    "inlay_token_info",
    "inlay_engine_config", "inlay_engine_stats", "inlay_session_info",
    "inlay_memory_needs",
]
# What the Go API calls differently from what the rule would make of it.
GO_WORDS = {
    "inlay_load_wait and inlay_load_get_model return": "Load.Wait says",
    "NULL": "nil",
    "native_code": "Error.Native",
    "inlay_model_token_bytes": "Tokenizer.Bytes",
    "inlay_engine_get_config": "Engine.Config",
    "inlay_cancel": "Stream.Cancel",
}


def _go_text(api, text):
    """The description's words with Go's names in place of C's."""
    public = {v[0]: const_name(v[0]) for g in api.enums + api.flags
              for v in g["values"] if g["name"] in TYPES}
    for old, new in GO_WORDS.items():
        text = re.sub(rf"\b{old}\b", new, text)
    text = re.sub(r"\bINLAY_REQUEST_(\w+)",
                  lambda m: "Request." + camel(m[1]), text)
    text = re.sub(r"\binlay_(\w+)::(\w+)",
                  lambda m: f"{camel(m[1])}.{camel(m[2])}", text)
    text = re.sub(r"\bINLAY_\w+\b", lambda m: public.get(m[0], m[0]), text)
    return re.sub(r"\binlay_\w+\b", lambda m: TYPES.get(m[0], m[0]), text)


def _words(name, prefix):
    return name.removeprefix(prefix + "_").lower().replace("_", " ")


def _group(api, group):
    kind = TYPES[group["name"]]
    flags = group in api.flags
    base = "uint64" if flags else "int32"
    prefix = ("INLAY_ERR" if group["name"] == api.status_type
              else group["prefix"])
    out = [doc(f"{kind}: {_go_text(api, group['doc'])}"),
           f"type {kind} {base}\n\n", f"// Values of {kind}.\nconst (\n"]
    shift = "1 << {}" if flags else "{}"
    for row in group["values"]:
        out.append(doc(_go_text(api, row[2]), "\t").lstrip("\n") +
                   f"\t{const_name(row[0])} {kind} = "
                   f"{shift.format(row[1])}\n")
    out.append(")\n")
    if flags:
        return "".join(out)
    out.append(f"\n// String is the name in words.\n"
               f"func (v {kind}) String() string {{\n\tswitch v {{\n")
    for row in group["values"]:
        out.append(f"\tcase {const_name(row[0])}:\n\t\treturn "
                   f"\"{_words(row[0], prefix) if row[1] or kind != 'Code' else 'ok'}\"\n")
    out.append("\t}\n\treturn unknown(int32(v))\n}\n")
    return "".join(out)


def _constants(api, head):
    groups = [g for g in api.enums + api.flags if g["name"] in TYPES]
    return head + "package inlay\n" + "".join(_group(api, g) for g in groups)


def _option_names(api, head):
    out = [head, "package inlay\n\n// Names of the tunables that Options "
           "takes.\nconst (\n"]
    for row in api.options:
        text = (f"{row['doc']} Scope {row['scope']}; {row['values']}; "
                f"default {row['default']}.")
        out.append(doc(_go_text(api, text), "\t").lstrip("\n") +
                   f"\tOption{camel(row['key'])} = \"{row['key']}\"\n")
    return "".join(out) + ")\n"


def _public_field(field, names):
    """(Go type, Go expression on *raw), or None for what is left out."""
    raw = f"raw.{camel(field.name)}"
    if field.name == "struct_size" or field.name.startswith("reserved"):
        return None
    for suffix in ("_size", "_count"):
        owner = field.name.removesuffix(suffix)
        if owner != field.name and (owner in names or owner + "s" in names):
            return None
    if field.type == "const char*":
        return "string", f"goString({raw}, {raw}Size)"
    if field.type == "const int32_t*":
        count = f"raw.{camel(field.name).removesuffix('s')}Count"
        return "[]int32", f"copyOf({raw}, {count})"
    if field.base == "char" and field.count:
        return "string", f"goText({raw}[:])"
    if field.count:
        return f"[{field.count}]int64", raw
    group = re.match(r"(?:One of|Of) (inlay_\w+)\.", field.doc)
    if group:
        kind = TYPES[group[1]]
        return kind, f"{kind}({raw})"
    if re.match(r"1 (if|while) ", field.doc):
        return "bool", f"{raw} != 0"
    if field.type == "int32_t":
        return ("int32", raw) if field.name.endswith("_token") \
            else ("int", f"int({raw})")
    return {"uint64_t": "uint64", "int64_t": "int64"}[field.type], raw


def _record(api, struct):
    name = camel(short(struct["name"]))
    names = {f.name for f in struct["rows"]}
    fields = [(f, _public_field(f, names)) for f in struct["rows"]]
    fields = [(f, p) for f, p in fields if p]
    about = struct["doc"]
    about = re.sub(r" The strings? lives? [^.]*\.| Strings and arrays live "
                   r"[^.]*\.", "", about)
    out = [doc(f"{name}: {_go_text(api, about)}"), f"type {name} struct {{\n"]
    for field, (kind, _) in fields:
        text = re.sub(r"^1 (if|while) (.*?), else 0(; then)?",
                      lambda m: f"True {m[1]} {m[2]}" +
                      ("; if not," if m[3] else ""), field.doc)
        text = re.sub(r"^1 (if|while) ", r"True \1 ", text)
        text = re.sub(r"\b[a-z]+_[a-z_]+\b", lambda m: camel(m[0])
                      if m[0] in names else m[0], text)
        out.append(doc(_go_text(api, text), "\t").lstrip("\n") +
                   f"\t{camel(field.name)} {kind}\n")
    out.append(f"}}\n\nfunc from{name}(raw *capi.{name}) {name} {{\n"
               f"\treturn {name}{{\n")
    width = max(len(camel(f.name)) for f, _ in fields) + 2
    for field, (_, value) in fields:
        out.append(f"\t\t{(camel(field.name) + ':').ljust(width)}{value},\n")
    out.append("\t}\n}\n")
    return "".join(out)


def emit(api, head):
    structs = {s["name"]: s for s in api.structs}
    records = (head + "package inlay\n\nimport \"inlay/internal/capi\"\n" +
               "".join(_record(api, structs[n]) for n in RECORDS))
    return {
        OUT + "constants_gen.go": _constants(api, head),
        OUT + "options_gen.go": _option_names(api, head),
        OUT + "records_gen.go": records,
    }
