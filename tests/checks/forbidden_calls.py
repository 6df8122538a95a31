#!/usr/bin/env python3
"""A library must not end, print, or change the process it lives in.

Looks at what the object files of capi, cpp (not the command) and kernels
import, in the build folder INLAY_BUILD_DIR, and at what the finished shared
library imports for the sake of third-party code. Each exception has a reason.
"""
import os
import pathlib
import re
import subprocess
import sys

FORBIDDEN = re.compile(
    r"^(abort|_?_?exit|_Exit|quick_exit|atexit|on_exit|signal|sigaction"
    r"|raise|setlocale|uselocale|getenv|secure_getenv|setenv|putenv|system"
    r"|popen|fork|vfork|exec\w+|__assert_fail|__assert|perror|psignal"
    r"|v?f?printf|__v?f?printf_chk|puts|fputs|putc|putchar|fputc|fwrite"
    r"|stdout|stderr|fesetround|fesetenv|feenableexcept|chdir|umask"
    r"|_ZSt4cout|_ZSt4cerr|_ZSt4clog|socket|connect|getaddrinfo"
    # absl::StrFormat writes in a destructor: a failed allocation there ends
    # the process.
    r"|_ZN\w*19str_format_internal\w*)$")
# Memory that does not come from operator new or the host's allocator would
# never be refused in the sweeps of tests/faults. Of utf8proc these are the
# functions that allocate.
HEAP = re.compile(
    r"^(malloc|calloc|realloc|reallocarray|posix_memalign|aligned_alloc"
    r"|memalign|valloc|strn?dup|v?asprintf|getline|getdelim"
    r"|utf8proc_(map|map_custom|NF\w+))$")
# Our objects: symbol -> why it may be there.
OURS = {}
# The finished library also holds third-party code and the C++ runtime.
THIRD_PARTY = {
    "abort": "Abseil and Protobuf on broken invariants, libstdc++'s terminate; "
             "unreachable from input: tested by the fault and fuzz tests",
    "stderr": "Abseil raw logging and Protobuf's log handler, on the way to "
              "abort only",
    "fwrite": "Protobuf's log handler, libstdc++ streams",
    "fputs": "libstdc++'s verbose terminate handler",
    "fputc": "libstdc++'s verbose terminate handler",
    "fprintf": "Protobuf's log handler",
    "vfprintf": "Abseil's raw logging",
    "putc": "libstdc++ stdio buffers",
    "uselocale": "libstdc++: number formatting in the C locale, restored at "
                 "once",
    "setlocale": "libstdc++: number formatting in the C locale, restored at "
                 "once",
    "__assert_fail": "libstdc++'s conversion of floating point to text: an "
                     "invariant of its tables",
    "perror": "Abseil's processor count, never called",
    "stdout": "libstdc++'s own stream initialisation; nothing writes to it",
    "sigaction": "Abseil symbolizer, not linked into a call path",
}


def undefined(file, dynamic):
    flags = ["-D"] if dynamic else []
    text = subprocess.run(["nm", "-u", *flags, file], check=True,
                          capture_output=True, text=True).stdout
    return {line.split()[-1].split("@")[0] for line in text.splitlines()
            if line.strip() and not line.endswith(":")}


def object_files(build):
    for base in ("capi", "cpp", "kernels"):
        for file in sorted((build / base).rglob("*.o")):
            if "cpp/cli" not in file.as_posix():
                yield file


def main():
    build = pathlib.Path(os.environ.get("INLAY_BUILD_DIR", "build"))
    objects = list(object_files(build))
    faults = []
    for file in objects:
        for name in sorted(undefined(file, False)):
            generated = file.name.endswith((".pb.cc.o", ".pb.o"))
            found = FORBIDDEN.match(name) or HEAP.match(name)
            if found and name not in OURS and not generated:
                faults.append(f"{file.relative_to(build)} uses {name}")
    libraries = [f for f in build.rglob("libinlay.so*") if not f.is_symlink()]
    for library in libraries:
        for name in sorted(undefined(library, True)):
            if FORBIDDEN.match(name) and name not in THIRD_PARTY:
                faults.append(f"{library.name} imports {name}, which has no "
                              "reason on the list")
    print(f"calls made by {len(objects)} objects and {len(libraries)} library")
    print("\n".join(faults))
    return 1 if faults or len(objects) < 40 or not libraries else 0


if __name__ == "__main__":
    sys.exit(main())
