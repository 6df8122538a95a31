"""Times Inlay through its command: what a user of it would see."""
import json
import subprocess
import time

from peers.process import Refused, last_line, run

WORDS = "the" + " the" * 15  # A prompt of 16 tokens.
# Room for all streams at once, with any page format.
CACHE = "512M"


def steady_rate(records):
    """Tokens per second while all requests decode: from when the last of them
    has its first token until the first has its last."""
    times = [[time for time, _ in record["arrivals"]] for record in records]
    if not times or not all(times):
        raise Refused("a request got no token")
    begin = max(row[0] for row in times)
    end = min(row[-1] for row in times)
    if end <= begin:
        raise Refused("the requests never decoded all together")
    tokens = sum(count for record in records
                 for time, count in record["arrivals"] if begin < time <= end)
    return tokens / (end - begin) * 1e3


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
        return [self.program, *name.split(), "--model", str(model),
                "--threads", str(self.options.threads), *more,
                *map(str, arguments)]

    def alone(self, model, amounts):
        done = run(self.command(
            "bench", model, "--prompt-tokens", amounts.prompt, "--gen-tokens",
            amounts.generate + 1, "--repeat", 1, "--json"))
        result = json.loads(last_line(done))["results"][0]
        return {"prefill": result["prefill_tokens_per_s"]["median"],
                "decode_1": result["decode_tokens_per_s"]["median"]}

    def together(self, model, amounts, count):
        """All prompts first, for what counts is when all decode."""
        done = run(self.command(
            "bench serve", model, "--requests", count, "--concurrency", count,
            "--prompt-tokens", f"fixed:{amounts.short}", "--output-tokens",
            f"fixed:{amounts.steps + 3}", "--stall-factor", 1000,
            "--prefix-cache", "off", "--kv-cache", CACHE, "--temperature", 0,
            "--records", "--json", "-"))
        return steady_rate(json.loads(last_line(done))["records"])

    def start(self, model):
        """Process start to its end after the first token: the end of the
        process is in it, to Inlay's disadvantage."""
        begin = time.perf_counter()
        done = run(self.command("run", model, "--prompt", WORDS,
                                "--max-tokens", 1, "--temperature", 0,
                                "--json"))
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
            figures |= self.alone(model, amounts)
        for name in measures:
            count = name.removeprefix("decode_")
            if count != name and count != "1":
                figures[name] = self.together(model, amounts, int(count))
        return figures
