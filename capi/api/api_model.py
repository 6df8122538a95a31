"""Reads the API description, computes layouts and enforces its rules."""

import pathlib
import re
import tomllib

SCALARS = {
    "int32_t": 4, "uint32_t": 4, "int64_t": 8, "uint64_t": 8,
    "size_t": 8, "float": 4, "double": 8,
}
POINTER_ONLY = {"void", "char"}
THREADS = {
    "callback-safe": "Any thread, also inside the event and progress "
                     "callbacks.",
    "any": "Any thread; not inside a callback.",
    "one-at-a-time": "Any thread, one call at a time per handle; not inside "
                     "a callback.",
    "blocking": "Any thread; may wait; not inside a callback.",
}
INT32_MAX = 2**31 - 1


class LintError(Exception):
    """The description breaks one of its rules."""


def _require(condition, message):
    if not condition:
        raise LintError(message)


class Field:
    def __init__(self, row, since):
        _require(len(row) in (3, 4), f"field {row}: want [type, name, doc]")
        self.type, self.name, self.doc = row[:3]
        self.since = row[3] if len(row) == 4 else since
        array = re.fullmatch(r"(\w+)\[(\d+)\]", self.type)
        self.base = array.group(1) if array else self.type
        self.count = int(array.group(2)) if array else 0
        self.offset = self.size = 0

    def declare(self):
        suffix = f"[{self.count}]" if self.count else ""
        star = re.search(r"\*+$", self.base)
        if star:
            return f"{self.base} {self.name}{suffix}"
        return f"{self.base} {self.name}{suffix}"


def later(row, group):
    """' Since X.' for a constant that came after its group."""
    return f" Since {row[3]}." if row[3:] not in ([], [group["since"]]) else ""


class Api:
    """The whole description. Attributes mirror the TOML tables."""

    def __init__(self, path):
        path = pathlib.Path(path)
        head = tomllib.loads(path.read_text(encoding="utf-8"))
        for key in ("prefix", "abi", "version", "since", "nodes", "parts"):
            _require(key in head, f"{path.name}: no '{key}'")
        self.prefix, self.abi = head["prefix"], head["abi"]
        self.version, self.nodes = head["version"], head["nodes"]
        tables = {}
        for part in head["parts"]:
            data = tomllib.loads((path.parent / part).read_text("utf-8"))
            for key, rows in data.items():
                tables.setdefault(key, []).extend(rows)
        known = {"handle", "enum", "flags", "callback", "struct",
                 "function", "option", "group"}
        _require(set(tables) <= known, f"unknown tables {set(tables) - known}")
        self.groups = tables["group"]
        self.handles = tables["handle"]
        self.enums = tables["enum"]
        self.flags = tables["flags"]
        self.callbacks = tables["callback"]
        self.structs = tables["struct"]
        self.functions = tables["function"]
        self.options = tables["option"]
        self._names()
        self._check_constants()
        self._check_groups()
        for struct in self.structs:
            self._lay_out(struct)
        for callback in self.callbacks:
            self._check_params(callback)
        for function in self.functions:
            self._check_function(function)
        for option in self.options:
            self._common(option, "key")

    # -- names and docs ----------------------------------------------------

    def _common(self, row, key="name"):
        name = row.get(key, "?")
        _require(row.get("doc"), f"{name}: no doc")
        _require(row["doc"].rstrip()[-1] in ".:?", f"{name}: doc has no end")
        _require(row.get("since") in self.nodes, f"{name}: bad since")
        return name

    def _names(self):
        seen = set()
        for row in (self.handles + self.enums + self.flags + self.callbacks +
                    self.structs + self.functions):
            name = self._common(row)
            _require(name.startswith(self.prefix + "_"), f"{name}: prefix")
            _require(name not in seen, f"{name}: defined twice")
            seen.add(name)
        self.handle_names = {h["name"] for h in self.handles}
        self.struct_names = {s["name"] for s in self.structs}
        self.callback_names = {c["name"] for c in self.callbacks}

    def _check_constants(self):
        names = set()
        for group in self.enums + self.flags:
            numbers = set()
            limit = 63 if group in self.flags else INT32_MAX
            for row in group["values"]:
                _require(len(row) in (3, 4) and row[2], f"{row}: no doc")
                _require(row[0].startswith(group["prefix"] + "_"),
                         f"{row[0]}: prefix is not {group['prefix']}")
                _require(row[0] not in names, f"{row[0]}: defined twice")
                _require(row[1] not in numbers, f"{row[0]}: value reused")
                _require(isinstance(row[1], int) and 0 <= row[1] <= limit,
                         f"{row[0]}: value out of range")
                _require(row[3:] == [] or row[3] in self.nodes,
                         f"{row[0]}: bad since")
                names.add(row[0])
                numbers.add(row[1])
        self.statuses = {v[0].removeprefix("INLAY_ERR_"): v
                         for v in self.enums[0]["values"]}
        self.status_type = self.enums[0]["name"]

    def _check_groups(self):
        """Sets the group of everything that functions do not say."""
        groups = {}
        for group in self.groups:
            _require(group.get("doc"), f"group {group['name']}: no doc")
            for member in group["members"]:
                _require(member not in groups, f"{member}: in two groups")
                groups[member] = group["name"]
        for row in (self.handles + self.enums + self.flags + self.callbacks +
                    self.structs):
            _require(row["name"] in groups, f"{row['name']}: in no group")
            row["group"] = groups.pop(row["name"])
        _require(not groups, f"groups of unknown members: {list(groups)}")
        names = [group["name"] for group in self.groups]
        for row in self.functions:
            _require(row.get("group") in names, f"{row['name']}: in no group")

    # -- types and layouts -------------------------------------------------

    def pointer_depth(self, ctype):
        return ctype.count("*")

    def base_of(self, ctype):
        return ctype.replace("const", "").replace("*", "").strip()

    def check_type(self, ctype, where):
        """Raises on a type that may not cross the ABI."""
        base, depth = self.base_of(ctype), self.pointer_depth(ctype)
        where = f"{where}: type '{ctype}'"
        if base in self.struct_names | self.handle_names | POINTER_ONLY:
            _require(depth >= 1, f"{where} by value")
        elif base in self.callback_names | {self.status_type}:
            _require(depth <= 1, f"{where} has too many stars")
        else:
            _require(base in SCALARS, f"{where} is not allowed")
        _require(depth <= 2, f"{where} has too many stars")

    def size_of(self, ctype):
        if "*" in ctype or ctype in self.callback_names:
            return 8
        if ctype == self.status_type:
            return 4
        return 1 if ctype == "char" else SCALARS[ctype]

    def _lay_out(self, struct):
        name = struct["name"]
        _require(struct.get("direction") in ("in", "out"), f"{name}: direction")
        first = ["uint32_t", "struct_size",
                 "sizeof(" + name + "), set by the caller."
                 if struct["direction"] == "in" else
                 "sizeof(" + name + "), set by the caller; on return the "
                 "bytes that were written."]
        rows = [Field(r, struct["since"]) for r in [first] + struct["fields"]]
        _require(len({f.name for f in rows}) == len(rows), f"{name}: twice")
        offset, since = 0, self.nodes[0]
        for field in rows:
            where = f"{name}.{field.name}"
            _require(field.doc, f"{where}: no doc")
            _require(self.nodes.index(field.since) >= self.nodes.index(since),
                     f"{where}: fields are appended only")
            since = field.since
            if not (field.count and field.base == "char"):
                self.check_type(field.base, where)
            size = self.size_of(field.base)
            _require(offset % size == 0, f"{where}: padding before it")
            field.offset = offset
            field.size = size * max(1, field.count)
            offset += field.size
        _require(offset % 8 == 0, f"{name}: padding at the end")
        struct["rows"], struct["size"] = rows, offset
        last = struct.get("required_through", "struct_size")
        required = [f for f in rows if f.name == last]
        _require(required, f"{name}: no field {last}")
        struct["min_size"] = required[0].offset + required[0].size
        struct["released"] = {
            node: max((f.offset + f.size for f in rows
                       if self.nodes.index(f.since) <= i), default=0)
            for i, node in enumerate(self.nodes)}

    # -- functions ---------------------------------------------------------

    def _check_params(self, row):
        returns = row.setdefault("returns", self.status_type)
        if returns != "void":
            self.check_type(returns, row["name"])
        names = set()
        for param in row["params"]:
            _require(len(param) == 3 and param[2],
                     f"{row['name']}: parameter {param} has no doc")
            self.check_type(param[0], f"{row['name']}({param[1]})")
            _require(param[1] not in names, f"{row['name']}: {param[1]} twice")
            names.add(param[1])

    def _check_function(self, row):
        name = row["name"]
        for key in ("group", "thread", "owns", "errors", "params"):
            _require(key in row, f"{name}: no {key}")
        _require(row["thread"] in THREADS, f"{name}: thread class")
        _require((row["thread"] == "blocking") == ("bound" in row),
                 f"{name}: a blocking function, and only that, has a bound")
        self._check_params(row)
        fallible = row["returns"] == self.status_type
        _require(bool(row["errors"]) == fallible, f"{name}: errors")
        for error in row["errors"]:
            _require(error in self.statuses, f"{name}: error {error}")
        row["fallible"] = fallible
        row["all_params"] = list(row["params"])
        if fallible:
            row["all_params"].append(
                [f"{self.prefix}_error*", "error",
                 "Receives the detail of a failure; may be NULL."])
