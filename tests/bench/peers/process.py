"""Running one measurement in a process of its own."""
import re
import subprocess

TIMEOUT_S = 600


class Refused(Exception):
    """An engine cannot do this; says why in its own words."""


def run(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True,
                              timeout=TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Refused(str(error)) from error
    if done.returncode != 0:
        raise Refused(reason(done.stderr) or f"status {done.returncode}")
    return done


def reason(text):
    """The end of an error in one line. The last line of a Python traceback
    may only point at source; then the ones before it tell more."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for i, line in enumerate(lines):
        if line.startswith(("RuntimeError", "SystemExit", "ValueError")):
            lines = lines[i:]
            break
    text = " ".join(lines[-6:])
    return re.sub(r"Exception from \S+:\s*", "", text)[:400]


def last_line(done):
    lines = done.stdout.strip().splitlines()
    if not lines:
        raise Refused("no output")
    return lines[-1]
