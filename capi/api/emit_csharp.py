"""Writes the raw layer of the C# binding: one file per kind of thing."""

import re
import textwrap
from xml.sax.saxutils import escape

from api_model import THREADS, later
from emit_header import BANNER

OUT = "bindings/csharp/src/Raw/"
SCALARS = {
    "int32_t": "int", "uint32_t": "uint", "int64_t": "long",
    "uint64_t": "ulong", "size_t": "UIntPtr", "float": "float",
    "double": "double", "char": "byte", "void": "void",
}
KEYWORDS = {"base", "checked", "default", "event", "fixed", "in", "lock",
            "object", "out", "params", "ref", "string"}
HEAD = f"// {BANNER}\nusing System;\nusing System.Runtime.InteropServices;\n\n"


def pascal(name):
    return "".join(w.capitalize() for w in name.split("_"))


def type_name(name):
    """inlay_finish_reason -> FinishReason."""
    return pascal(name.split("_", 1)[1])


def identifier(name):
    return "@" + name if name in KEYWORDS else name


def doc(text, indent, tag="summary"):
    name = tag.split(" ")[0]
    lines = textwrap.wrap(f"<{tag}>{escape(text)}</{name}>",
                          76 - len(indent), break_on_hyphens=False)
    return "".join(f"{indent}/// {line}\n" for line in lines)


def _is_handle(api, ctype):
    return api.base_of(ctype) in api.handle_names


def ctype_to_cs(api, ctype):
    """The blittable C# type of a C type."""
    base, depth = api.base_of(ctype), api.pointer_depth(ctype)
    if base in api.callback_names or _is_handle(api, ctype):
        return "IntPtr" + "*" * max(0, depth - 1)
    if base == api.status_type:
        return "int" + "*" * depth
    return SCALARS.get(base, base) + "*" * depth


def _constants(api):
    out = [HEAD, "namespace Inlay\n{\n"]
    for group in api.enums + api.flags:
        flags = group in api.flags
        status = group["name"] == api.status_type
        out.append(doc(f"{group['doc']} Since {group['since']}.", "    "))
        if flags:
            out.append("    [Flags]\n")
        out.append(f"    public enum {type_name(group['name'])} : "
                   f"{'ulong' if flags else 'int'}\n    {{\n")
        if flags:
            out.append("        /// <summary>No flag.</summary>\n"
                       "        None = 0,\n")
        for row in group["values"]:
            short = row[0].removeprefix(group["prefix"] + "_")
            short = short.removeprefix("ERR_") if status else short
            value = f"1UL << {row[1]}" if flags else str(row[1])
            out.append(doc(row[2] + later(row, group), "        "))
            out.append(f"        {pascal(short.lower())} = {value},\n")
        out.append("    }\n\n")
    return "".join(out).rstrip("\n") + "\n}\n"


def _handles(api):
    out = [HEAD, "namespace Inlay.Raw\n{\n"]
    for row in api.handles:
        name = type_name(row["name"]) + "Handle"
        out.append(doc(f"Owns one reference. {row['doc']}", "    "))
        out.append(f"    public sealed class {name} : SafeHandle\n    {{\n"
                   "        /// <summary>Holds nothing yet.</summary>\n"
                   f"        public {name}() : base(IntPtr.Zero, true) {{ }}"
                   "\n\n        /// <inheritdoc/>\n"
                   "        public override bool IsInvalid\n        {\n"
                   "            get { return handle == IntPtr.Zero; }\n"
                   "        }\n\n        /// <inheritdoc/>\n"
                   "        protected override bool ReleaseHandle()\n"
                   "        {\n"
                   f"            Native.{row['name']}_release(handle);\n"
                   "            return true;\n        }\n    }\n\n")
    return "".join(out).rstrip("\n") + "\n}\n"


def _arguments(api, params):
    return ",\n".join(f"        {ctype_to_cs(api, p[0])} {identifier(p[1])}"
                      for p in params)


def _callbacks(api):
    out = [HEAD, "namespace Inlay.Raw\n{\n"]
    for row in api.callbacks:
        out.append(doc(f"{row['doc']} Since {row['since']}.", "    "))
        for param in row["params"]:
            out.append(doc(param[2], "    ", f'param name="{param[1]}"'))
        args = _arguments(api, row["params"])
        out.append("    [UnmanagedFunctionPointer("
                   "CallingConvention.Cdecl)]\n    public unsafe delegate "
                   f"{ctype_to_cs(api, row['returns'])} {row['name']}(" +
                   ("\n" + args if args else "") + ");\n\n")
    return "".join(out).rstrip("\n") + "\n}\n"


def _structs(api):
    out = [HEAD, "namespace Inlay.Raw\n{\n"]
    for struct in api.structs:
        out.append(doc(f"{struct['doc']} Since {struct['since']}.", "    "))
        out.append("    [StructLayout(LayoutKind.Sequential)]\n"
                   f"    public unsafe struct {struct['name']}\n    {{\n")
        for field in struct["rows"]:
            since = ("" if field.since == struct["since"]
                     else f" Since {field.since}.")
            out.append(doc(field.doc + since, "        "))
            cs, name = ctype_to_cs(api, field.base), identifier(field.name)
            out.append(f"        public fixed {cs} {name}[{field.count}];\n"
                       if field.count else f"        public {cs} {name};\n")
        out.append("    }\n\n")
    return "".join(out).rstrip("\n") + "\n}\n"


def _parameter(api, row, index, param):
    """A handle is a SafeHandle, but where a reference is given back or
    added by number."""
    ctype, name = param[0], identifier(param[1])
    counted = re.search(r"_(retain|release)$", row["name"])
    if _is_handle(api, ctype) and not counted:
        handle = type_name(api.base_of(ctype)) + "Handle"
        if api.pointer_depth(ctype) == 2:
            return f"out {handle} {name}"
        if index == 0:
            return f"{handle} {name}"
    return f"{ctype_to_cs(api, ctype)} {name}"


def _function(api, row):
    text = doc(f"{row['doc']} Since {row['since']}.", "        ")
    for param in row["all_params"]:
        text += doc(param[2], "        ", f'param name="{param[1]}"')
    remarks = (f"Thread class: {row['thread']}. {THREADS[row['thread']]} "
               f"Ownership: {row['owns']}")
    if "bound" in row:
        remarks += f" Waits at most: {row['bound']}"
    text += doc(remarks, "        ", "remarks")
    args = ",\n".join("            " + _parameter(api, row, i, p)
                      for i, p in enumerate(row["all_params"]))
    return (text + "        [DllImport(Library, CallingConvention = "
            "CallingConvention.Cdecl, ExactSpelling = true)]\n"
            f"        public static extern "
            f"{ctype_to_cs(api, row['returns'])} {row['name']}(" +
            ("\n" + args if args else "") + ");\n\n")


def _group(api, group):
    rows = [f for f in api.functions if f["group"] == group]
    return (HEAD + "namespace Inlay.Raw\n{\n"
            "    public static unsafe partial class Native\n    {\n" +
            "".join(_function(api, r) for r in rows).rstrip("\n") +
            "\n    }\n}\n")


def _native(api):
    return (f"""{HEAD}namespace Inlay.Raw
{{
    /// <summary>The functions of the C ABI as they are: unchecked, with
    /// pointers and status numbers. Use the classes of namespace Inlay
    /// instead.</summary>
    public static unsafe partial class Native
    {{
        /// <summary>Name by which the loader is asked.</summary>
        public const string Library = "inlay";

        /// <summary>Number of the ABI that this layer was made
        /// for.</summary>
        public const uint AbiVersion = {api.abi};

        /// <summary>Version that this layer was made from; an older library
        /// is refused.</summary>
        public const string Version = "{api.version}";
    }}
}}
""")


def _layout(api):
    out = [HEAD, """namespace Inlay.Raw
{
    /// <summary>Where the described layout puts every field, and where the
    /// runtime put it.</summary>
    public static unsafe class Layout
    {
        /// <summary>Receives one comparison; field is empty for the size of
        /// a struct.</summary>
        public delegate void Visitor(
            Type type, string field, long actual, long expected);

"""]
    first = api.nodes[0]
    for struct in api.structs:
        name = struct["name"]
        out.append(f"        static void Visit_{name}(Visitor visit)\n"
                   "        {\n"
                   f"            var s = default({name});\n"
                   "            var start = (byte*)&s;\n"
                   f"            var type = typeof({name});\n"
                   f'            visit(type, "", sizeof({name}), '
                   f"{struct['size']});\n")
        for field in struct["rows"]:
            address = "" if field.count else "&"
            out.append(f'            visit(type, "{field.name}",\n'
                       f"                (byte*){address}s."
                       f"{identifier(field.name)} - start, "
                       f"{field.offset});\n")
        out.append("        }\n\n")
    out.append("        /// <summary>Visits every struct and every field."
               "</summary>\n        public static void Visit(Visitor visit)\n"
               "        {\n")
    out += [f"            Visit_{s['name']}(visit);\n" for s in api.structs]
    out.append("        }\n\n        /// <summary>Bytes of each struct in "
               "its first release: a library has at\n        /// least these."
               "</summary>\n        public static readonly "
               "System.Collections.Generic.KeyValuePair<string, int>[]\n"
               "            Smallest =\n        {\n")
    for struct in api.structs:
        least = struct["released"][first] or struct["released"][
            struct["since"]]
        out.append("            new System.Collections.Generic."
                   "KeyValuePair<string, int>(\n"
                   f'                "{struct["name"]}", {least}),\n')
    return "".join(out) + "        };\n    }\n}\n"


def emit(api):
    files = {
        OUT + "Constants.cs": _constants(api),
        OUT + "Handles.cs": _handles(api),
        OUT + "Callbacks.cs": _callbacks(api),
        OUT + "Structs.cs": _structs(api),
        OUT + "Native.cs": _native(api),
        OUT + "Layout.cs": _layout(api),
    }
    for group in dict.fromkeys(f["group"] for f in api.functions):
        files[OUT + f"Native.{group}.cs"] = _group(api, group)
    return files
