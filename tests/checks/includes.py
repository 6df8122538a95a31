#!/usr/bin/env python3
"""Includes point one way, system headers stay in os_ files.

ALLOWED is the dependency order of docs/architecture.md: a folder may include
itself and what stands beside it here, nothing else.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORE = ["cpp/base", "cpp/io", "cpp/formats", "cpp/text", "cpp/sampling",
        "cpp/cache", "cpp/scheduler", "cpp/model", "cpp/backend"]
ALLOWED = {
    "kernels/common": [],
    "kernels/cpu": ["kernels/common"],
    "cpp/base": [],
    "cpp/io": ["cpp/base"],
    "cpp/formats": ["cpp/io", "cpp/base", "kernels/common"],
    "cpp/text": ["cpp/io", "cpp/base"],
    "cpp/sampling": ["cpp/base", "kernels/common"],
    "cpp/cache": ["cpp/base"],
    "cpp/scheduler": ["cpp/cache", "cpp/sampling", "cpp/base"],
    "cpp/architectures": ["cpp/base"],
    "cpp/model": ["cpp/formats", "cpp/io", "cpp/base", "cpp/architectures",
                  "cpp/text/vocabulary.h", "kernels/common/dtype.h"],
    "cpp/backend": ["cpp/model", "cpp/formats", "cpp/io", "cpp/base",
                    "cpp/scheduler", "cpp/sampling"],
    "cpp/backend/cpu": ["cpp/backend", "cpp/model", "cpp/formats", "cpp/io",
                        "cpp/base", "cpp/scheduler", "cpp/sampling",
                        "kernels/common", "kernels/cpu"],
    "cpp/engine": CORE,
    "cpp/cli": ["capi/include"],
    "capi/src": CORE + ["cpp/engine", "capi/include", "capi/api"],
    "capi/include": [],
}
# The one file that may name a concrete backend.
ASSEMBLY = {"cpp/engine/assembly.cc": ["cpp/backend/cpu"]}
PUBLIC = ("inlay/inlay.h", "inlay/inlay.hpp")
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


def quoted_fault(path, target):
    folder = folder_of(path)
    if target.startswith("inlay/"):
        target = "capi/include/" + target
    own = target.startswith(folder + "/") and folder_of(target) == folder
    if own:
        return None
    for allowed in ALLOWED[folder] + ASSEMBLY.get(path, []):
        if target == allowed or folder_of(target) == allowed:
            return None
    if "/" not in target or target.endswith((".inc", ".pb.h")):
        return None if folder_of(target) in ("", folder) or folder_of(
            target) in ALLOWED[folder] else f"must not include {target}"
    if target.startswith(("absl/", "google/", "simdjson", "utf8proc", "pcre2")):
        return None
    return f"must not include {target}"


def system_fault(path, header):
    name = pathlib.PurePath(path).name
    in_cli = path.startswith("cpp/cli/")
    if SYSTEM.search(header) and not name.startswith("os_") and not in_cli:
        return f"system header {header} outside an os_ file"
    if PRINTING.search(header) and not in_cli:
        return f"{header} has no place in the library"
    return None


def main():
    faults, files = [], 0
    for base in ("cpp", "kernels", "capi"):
        for file in sorted((ROOT / base).rglob("*")):
            if file.suffix not in (".h", ".cc", ".hpp", ".c"):
                continue
            path = file.relative_to(ROOT).as_posix()
            if not folder_of(path) or path.endswith(".hpp"):
                continue
            files += 1
            for line in file.read_text().splitlines():
                if match := re.match(r'\s*#\s*include\s+"([^"]+)"', line):
                    fault = quoted_fault(path, match[1])
                elif match := re.match(r"\s*#\s*include\s+(<[^>]+>)", line):
                    fault = system_fault(path, match[1])
                else:
                    continue
                if fault:
                    faults.append(f"{path}: {fault}")
    print(f"include directions of {files} files")
    print("\n".join(faults))
    return 1 if faults or files < 20 else 0


if __name__ == "__main__":
    sys.exit(main())
