"""Times a peer through its Python package, by a worker script."""
import json
import pathlib

from peers.process import last_line, run

START = ("load_s", "first_token_s")


class PythonPeer:
    def __init__(self, name, python, worker, options):
        self.name = name
        self.python = python
        self.worker = str(pathlib.Path(__file__).with_name(worker))
        self.options = options
        self.version = None

    def work(self, model, measures, amounts):
        done = run([
            self.python, self.worker, "--model", str(model), "--threads",
            str(self.options.threads), "--measures", ",".join(measures),
            "--prompt", str(amounts.prompt), "--generate",
            str(amounts.generate), "--short", str(amounts.short), "--steps",
            str(amounts.steps)])
        result = json.loads(last_line(done))
        self.version = result["version"]
        return result["figures"]

    def measure(self, model, measures, amounts):
        figures = {}
        if any(name in measures for name in START):
            figures |= self.work(model, ["start"], amounts)
        rest = [name for name in measures if name not in START]
        if rest:
            figures |= self.work(model, rest, amounts)
        return figures
