"""Python interpreters that have the peers, and the models to measure."""
import os
import pathlib
import subprocess
import sys

from shapes import SHAPES, file_name

ROOT = pathlib.Path(__file__).resolve().parents[2]
VENV = ROOT / ".cache" / "bench-venv"
MODELS = ROOT / ".cache" / "bench-models"

# What to install, and the module that shows that it is there.
PACKAGES = {
    "llama.cpp": ("llama-cpp-python==0.3.36", "llama_cpp"),
    "openvino": ("openvino-genai==2026.4.1.0", "openvino_genai"),
    "models": ("gguf==0.19.0", "gguf"),
}


def run(command, **more):
    """None if it went well, else the end of what it said."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, **more)
    except OSError as error:
        return str(error)
    if done.returncode == 0:
        return None
    said = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return said[-1][-300:] if said else f"exit status {done.returncode}"


def installed(python, what):
    return run([str(python), "-c", f"import numpy, {PACKAGES[what][1]}"])


def find_python(what, given):
    """(interpreter, None) or (None, why it is missing)."""
    if given:
        why = installed(given, what)
        return (None, why) if why else (given, None)
    python = VENV / "bin" / "python"
    if not python.exists():
        why = run([sys.executable, "-m", "venv", str(VENV)])
        if why:
            return None, why
    if installed(python, what) is None:
        return str(python), None
    print(f"installing {PACKAGES[what][0]}", file=sys.stderr, flush=True)
    # llama-cpp-python is built from source, for this processor.
    why = run([str(python), "-m", "pip", "install", "--quiet",
               "--disable-pip-version-check", "numpy", PACKAGES[what][0]],
              env=dict(os.environ, CMAKE_ARGS="-DGGML_NATIVE=ON"))
    why = why or installed(python, what)
    return (None, why) if why else (str(python), None)


def prepare_models(models, given_python, tokenizer):
    """Files of (shape, format) pairs, made where they are not there yet."""
    paths = {model: MODELS / file_name(SHAPES[model[0]], model[1])
             for model in models}
    missing = ["-".join(m) for m, path in paths.items() if not path.exists()]
    if missing:
        python, why = find_python("models", given_python)
        if why:
            raise SystemExit(f"the models cannot be made: {why}")
        print("making " + " ".join(missing), file=sys.stderr, flush=True)
        script = pathlib.Path(__file__).with_name("make_models.py")
        why = run([python, str(script), "--tokenizer",
                   tokenizer or fetch_tokenizer(), "--out", str(MODELS),
                   *missing])
        if why:
            raise SystemExit(f"the models cannot be made: {why}")
    return paths


def fetch_tokenizer():
    """The file of the sample model, whose vocabulary the models borrow."""
    done = subprocess.run(
        ["bash", str(ROOT / "samples" / "fetch_model.sh"),
         str(ROOT / ".cache" / "models")], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise SystemExit("the sample model cannot be fetched; "
                         "give --tokenizer FILE.gguf")
    return done.stdout.strip()
