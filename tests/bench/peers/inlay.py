"""Times Inlay through its command: what a user of it would see."""
import json
import subprocess
import time

from peers.process import Refused, last_line, run

WORDS = "the" + " the" * 15  # A prompt of 16 tokens.


class Inlay:
    name = "inlay"

    def __init__(self, program, options):
        self.program = program
        self.options = options
        done = subprocess.run([program, "--version"], capture_output=True,
                              text=True)
        self.version = done.stdout.strip() or "inlay"

    def command(self, name, model, *arguments):
        more = ["--isa", self.options.isa] if self.options.isa else []
        return [self.program, name, "--model", str(model), "--threads",
                str(self.options.threads), "--json", *more,
                *map(str, arguments)]

    def bench(self, model, prompt, generate, concurrency):
        done = run(self.command(
            "bench", model, "--prompt-tokens", prompt, "--gen-tokens",
            generate, "--concurrency", concurrency, "--repeat", 1))
        return json.loads(last_line(done))["results"]

    def start(self, model):
        """Process start to its end after the first token: the end of the
        process is in it, to Inlay's disadvantage."""
        begin = time.perf_counter()
        done = run(self.command("run", model, "--prompt", WORDS,
                                "--max-tokens", 1, "--temperature", 0))
        seconds = time.perf_counter() - begin
        answer = json.loads(last_line(done))
        if answer["prompt_tokens"] != 16:
            raise Refused("the prompt of 16 words has "
                          f"{answer['prompt_tokens']} tokens")
        return {"load_s": answer["load_seconds"], "first_token_s": seconds}

    def measure(self, model, measures, amounts):
        figures = {}
        if "load_s" in measures or "first_token_s" in measures:
            figures |= self.start(model)
        if "prefill" in measures or "decode_1" in measures:
            result = self.bench(model, amounts.prompt,
                                amounts.generate + 1, 1)[0]
            figures["prefill"] = result["prefill_tokens_per_s"]["median"]
            figures["decode_1"] = result["decode_tokens_per_s"]["median"]
        counts = [m.removeprefix("decode_") for m in measures
                  if m.startswith("decode_") and m != "decode_1"]
        if counts:
            results = self.bench(model, amounts.short, amounts.steps + 1,
                                 ",".join(counts))
            for count, result in zip(counts, results):
                figures["decode_" + count] = (
                    result["decode_tokens_per_s"]["median"])
        return figures
