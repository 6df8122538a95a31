#!/usr/bin/env python3
"""Includes point one way, system headers stay in os_ files.

ALLOWED is the dependency order of docs/architecture.md: a folder may include
itself and what stands beside it here, nothing else. What stands there and is
included by nobody is a fault too, unless UNUSED says why it stays: a door that
nobody needs is not left open.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
ALLOWED = {
    "kernels/common": [],
    "kernels/cpu": ["kernels/common"],
    "cpp/base": [],
    "cpp/io": ["cpp/base"],
    "cpp/formats": ["cpp/io", "cpp/base", "kernels/common"],
    "cpp/text": ["cpp/base"],
    "cpp/sampling": ["cpp/base", "kernels/common"],
    "cpp/cache": ["cpp/base"],
    "cpp/scheduler": ["cpp/cache", "cpp/sampling", "cpp/base"],
    "cpp/architectures": ["cpp/base"],
    "cpp/model": ["cpp/formats", "cpp/base", "cpp/architectures",
                  "cpp/text/vocabulary.h"],
    "cpp/backend": ["cpp/model", "cpp/formats", "cpp/base", "cpp/scheduler"],
    "cpp/backend/cpu": ["cpp/backend", "cpp/model", "cpp/formats", "cpp/base",
                        "cpp/scheduler", "cpp/sampling", "kernels/common",
                        "kernels/cpu"],
    "cpp/engine": ["cpp/backend", "cpp/base", "cpp/cache", "cpp/formats",
                   "cpp/io", "cpp/model", "cpp/sampling", "cpp/scheduler",
                   "cpp/text"],
    "cpp/cli": ["capi/include"],
    "capi/api": ["capi/include"],
    "capi/include": [],
    "capi/src": ["cpp/engine", "cpp/base", "cpp/formats", "cpp/io", "cpp/text",
                 "capi/api", "capi/include"],
}
# Edges that nobody uses at the moment, each with the reason why it may be.
UNUSED = {
    ("cpp/scheduler", "cpp/base"): "base is below everything",
}
# Folders beside that order: no part of the library.
OUTSIDE = ("cpp/cmake/", "capi/abi/")
# The one file that may name a concrete backend.
ASSEMBLY = {"cpp/engine/assembly.cc": ["cpp/backend/cpu"]}
SYSTEM = re.compile(
    r"<(sys/|unistd|fcntl|pthread|sched|dlfcn|signal|poll|errno|windows|linux/"
    r"|dirent|semaphore)")
PRINTING = re.compile(r"<(iostream|cstdio|stdio\.h|fstream|regex|locale)>")


def folder_of(path):
    best = ""
    for folder in ALLOWED:
        if path.startswith(folder + "/") and len(folder) > len(best):
            best = folder
    return best


def quoted_fault(path, target, used):
    folder = folder_of(path)
    if target.startswith("inlay/"):
        target = "capi/include/" + target
    if folder_of(target) == folder or "/" not in target:
        return None
    for allowed in ALLOWED[folder] + ASSEMBLY.get(path, []):
        if target == allowed or folder_of(target) == allowed:
            used.add((folder, allowed))
            used.add((path, allowed))
            return None
    if target.startswith(("absl/", "google/", "simdjson", "utf8proc", "pcre2")):
        return None
    return f"must not include {target}"


def unused_faults(used):
    granted = [(who, what) for table in (ALLOWED, ASSEMBLY)
               for who, allowed in table.items() for what in allowed]
    for edge in granted:
        if edge not in used and edge not in UNUSED:
            yield f"{edge[0]} may include {edge[1]}, and nothing there does"
    for edge in UNUSED:
        if edge not in granted:
            yield f"UNUSED names {edge[0]} and {edge[1]}: no such permission"
        if edge in used:
            print(f"note: {edge[0]} includes {edge[1]} now; UNUSED need not "
                  "list it")


def system_fault(path, header):
    name = pathlib.PurePath(path).name
    in_cli = path.startswith("cpp/cli/")
    if SYSTEM.search(header) and not name.startswith("os_") and not in_cli:
        return f"system header {header} outside an os_ file"
    if PRINTING.search(header) and not in_cli:
        return f"{header} has no place in the library"
    return None


def main():
    faults, files, used = [], 0, set()
    for base in ("cpp", "kernels", "capi"):
        for file in sorted((ROOT / base).rglob("*")):
            if file.suffix not in (".h", ".cc", ".hpp", ".c"):
                continue
            path = file.relative_to(ROOT).as_posix()
            if path.startswith(OUTSIDE) or path.endswith(".hpp"):
                continue
            files += 1
            if not folder_of(path):
                faults.append(f"{path}: its folder has no place in ALLOWED")
                continue
            for line in file.read_text().splitlines():
                if match := re.match(r'\s*#\s*include\s+"([^"]+)"', line):
                    fault = quoted_fault(path, match[1], used)
                elif match := re.match(r"\s*#\s*include\s+<(inlay/[^>]+)>",
                                       line):
                    fault = quoted_fault(path, match[1], used)
                elif match := re.match(r"\s*#\s*include\s+(<[^>]+>)", line):
                    fault = system_fault(path, match[1])
                else:
                    continue
                if fault:
                    faults.append(f"{path}: {fault}")
    faults += unused_faults(used)
    print(f"include directions of {files} files")
    print("\n".join(faults))
    return 1 if faults or files < 20 else 0


if __name__ == "__main__":
    sys.exit(main())
