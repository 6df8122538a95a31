"""The inlay command, from the outside: help, exit codes, output, JSON.

    INLAY_BUILD_DIR=build python3 tests/checks/cli_test.py

Uses the tiny models in tests/goldens/models, and INLAY_TEST_MODEL (a chat
model) where that is set. Needs nothing but the standard library.
"""

import json
import math
import os
import pathlib
import pty
import signal
import struct
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("INLAY_BUILD_DIR", ROOT / "build"))
COMMAND = str(BUILD / "inlay")
MODELS = ROOT / "tests" / "goldens" / "models"
TINY = str(MODELS / "tiny-llama.gguf")
COMMANDS = ("run", "chat", "inspect", "tokenize", "score", "embed", "rank",
            "bench", "bench serve")

failures = []


def check(what, holds, detail=""):
    if not holds:
        failures.append(what)
    shown = f"  ({str(detail)[:300]!r})" if not holds else ""
    print(f"{'ok  ' if holds else 'FAIL'} {what}{shown}")


def inlay(*arguments, stdin=b"", timeout=120):
    return subprocess.run([COMMAND, *map(str, arguments)], input=stdin,
                          capture_output=True, timeout=timeout)


def fails(what, code, *arguments, stdin=b"", names=b""):
    done = inlay(*arguments, stdin=stdin)
    check(f"{what}: exit code {code}, a message, nothing on stdout",
          done.returncode == code and done.stderr.startswith(b"inlay")
          and done.stdout == b"" and names in done.stderr,
          (done.returncode, done.stdout, done.stderr))


def parsed(what, done):
    """The JSON of a run that must succeed, on one line."""
    try:
        value = json.loads(done.stdout.decode("utf-8", errors="strict"))
        check(f"{what}: one line of JSON",
              done.returncode == 0 and done.stdout.count(b"\n") == 1,
              done.stderr)
        return value
    except ValueError as error:
        check(f"{what}: one line of JSON", False, (error, done.stderr))
        return None


def test_help():
    done = inlay("--help")
    check("--help names every command and the exit codes",
          done.returncode == 0 and b"Exit codes" in done.stdout
          and all(name.encode() in done.stdout for name in COMMANDS))
    for name in COMMANDS:
        done = inlay(*name.split(), "--help")
        check(f"{name} --help: usage, options, examples, exit codes",
              done.returncode == 0 and done.stderr == b"" and all(
                  word in done.stdout for word in (
                      b"Usage: inlay " + name.encode(), b"--model", b"Options",
                      b"Examples", b"Exit codes")), done.stderr)
        check(f"{name} --help: lines of at most 80 columns",
              max(map(len, done.stdout.decode().splitlines())) <= 80)
    done = inlay("--version")
    check("--version", done.returncode == 0 and b"inlay 0." in done.stdout)


def test_usage():
    fails("no command", 2)
    fails("an unknown command", 2, "runn", names=b"runn")
    fails("an unknown option", 2, "run", "--modell", TINY, names=b"--modell")
    fails("a missing value", 2, "run", "--model", names=b"--model")
    fails("no model", 2, "run", "--prompt", "x", names=b"--model")
    fails("a stray argument", 2, "run", "x", names=b"'x'")
    fails("a value for a switch", 2, "run", "--chat=1", names=b"--chat")
    for value in ("nan", "-1", "101", "x", "", "1x"):
        fails(f"--temperature {value!r}", 2, "run", "--model", TINY,
              "--prompt", "x", "--temperature", value,
              names=b"--temperature")
    fails("--threads 0", 2, "run", "--model", TINY, "--prompt", "x",
          "--threads", 0)
    fails("--isa nope", 2, "run", "--model", TINY, "--prompt", "x", "--isa",
          "nope", names=b"--isa")
    fails("--memory-budget 5X", 2, "run", "--model", TINY, "--prompt", "x",
          "--memory-budget", "5X")
    fails("two prompts", 2, "run", "--model", TINY, "--prompt", "x",
          "--prompt-file", TINY)
    fails("--system without --chat", 2, "run", "--model", TINY, "--prompt",
          "x", "--system", "y")
    fails("no text", 2, "tokenize", "--model", TINY)
    fails("bad token ids", 2, "score", "--model", TINY, "--tokens", "1,x")
    fails("no token ids", 2, "score", "--model", TINY, "--tokens", "")
    fails("--top beyond the vocabulary", 2, "score", "--model", TINY,
          "--tokens", "1", "--top", "100000", names=b"--top")
    fails("--concurrency 0", 2, "bench", "--model", TINY, "--concurrency",
          "1,0")


def test_bad_models(folder):
    fails("a missing file", 3, "run", "--model", folder / "none.gguf",
          "--prompt", "x", names=b"none.gguf")
    (folder / "empty.gguf").write_bytes(b"")
    fails("an empty file", 3, "inspect", "--model", folder / "empty.gguf")
    (folder / "text.gguf").write_text("This is no model." * 100)
    fails("a file that is no model", 3, "tokenize", "--model",
          folder / "text.gguf", "--text", "x")
    whole = pathlib.Path(TINY).read_bytes()
    (folder / "half.gguf").write_bytes(whole[:len(whole) // 2])
    fails("half a model", 3, "run", "--model", folder / "half.gguf",
          "--prompt", "x")
    fails("a folder", 3, "run", "--model", folder, "--prompt", "x")
    fails("a budget that does not suffice", 4, "run", "--model", TINY,
          "--prompt", "x", "--memory-budget", "100K")
    fails("no input to embed", 2, "embed", "--model", TINY)
    fails("a decoder does not embed", 1, "embed", "--model", TINY, "--tokens",
          "1,2")
    fails("no texts to rank", 2, "rank", "--model", TINY, "--query", "x")
    fails("a decoder does not rank", 1, "rank", "--model", TINY, "--query",
          "x", "--text", "y")
    fails("token ids out of range", 1, "score", "--model", TINY, "--tokens",
          "1,99999")
    fails("a prompt longer than the context", 1, "run", "--model", TINY,
          "--prompt", "word " * 500, "--ctx", 64)


def test_unknown_architecture(folder):
    """Vocabulary and description work on what cannot run."""
    whole = pathlib.Path(TINY).read_bytes()
    key = b"general.architecture" + struct.pack("<IQ", 8, 5)
    check("the tiny model's architecture stands where expected",
          key + b"llama" in whole)
    path = folder / "unknown.gguf"
    path.write_bytes(whole.replace(key + b"llama", key + b"nosuc"))
    info = parsed("inspect of an unknown architecture",
                  inlay("inspect", "--model", path, "--json"))
    if info:
        check("it says that the architecture cannot run",
              info["architecture"] == "nosuc" and not info["runnable"]
              and info["not_runnable_reason"], info)
    tokens = [parsed("tokenize", inlay(
        "tokenize", "--model", model, "--text", "hello", "--json"))
        for model in (TINY, path)]
    check("tokenize works on an unknown architecture",
          tokens[0] == tokens[1] and tokens[0]["tokens"])
    fails("run of an unknown architecture", 3, "run", "--model", path,
          "--prompt", "x", names=b"nosuc")


def test_inspect(folder):
    info = parsed("inspect", inlay("inspect", "--model", TINY, "--json",
                                   "--metadata"))
    if info:
        check("inspect: architecture, tensors, sizes, tokenizer, estimate",
              info["architecture"] == "llama" and info["runnable"]
              and len(info["tensors"]) > 10 and info["weight_bytes"] > 0
              and info["tokenizer"]["available"]
              and info["memory_estimate"]["total"] > 0
              and info["metadata"]["general.architecture"] == "llama", info)
    odd = folder / "odd.gguf"
    name = b"tiny llama"
    check("the tiny model's name stands where expected",
          name in pathlib.Path(TINY).read_bytes())
    odd.write_bytes(pathlib.Path(TINY).read_bytes().replace(
        name, b"a\xff\"\\\x01\n\xe2\x82cd"))
    info = parsed("inspect of a name with any bytes",
                  inlay("inspect", "--model", odd, "--json"))
    check("invalid bytes become U+FFFD, the rest is escaped",
          info and info["name"] == 'a\ufffd"\\\x01\n\ufffd\ufffdcd', info)
    text = inlay("inspect", "--model", TINY, "--tensors").stdout.decode()
    check("inspect in text lists every tensor",
          all(word in text for word in ("llama", "token_embd.weight",
                                        "memory needed", "tokenizer")), text)


def test_tokenize(folder):
    done = parsed("tokenize", inlay("tokenize", "--model", TINY, "--text",
                                    "a b", "--json"))
    check("tokenize gives {\"tokens\": [...]}", list(done) == ["tokens"])
    text = "Grüße 世界\n\ttwo"
    (folder / "text.txt").write_text(text, encoding="utf-8")
    from_file = parsed("tokenize --file", inlay(
        "tokenize", "--model", TINY, "--file", folder / "text.txt", "--json"))
    from_text = parsed("tokenize --text", inlay(
        "tokenize", "--model", TINY, "--text", text, "--json"))
    from_pipe = parsed("tokenize --file -", inlay(
        "tokenize", "--model", TINY, "--file", "-", "--json",
        stdin=text.encode()))
    check("the same from a file, the command line and a pipe",
          from_file == from_text == from_pipe, (from_file, from_text))
    lines = inlay("tokenize", "--model", TINY, "--text", text).stdout
    check("without --json: id, tab, text as JSON",
          [int(line.split(b"\t")[0]) for line in lines.splitlines()]
          == from_text["tokens"] and all(
              isinstance(json.loads(line.split(b"\t")[1]), str)
              for line in lines.splitlines()), lines)
    special = [parsed("tokenize", inlay(
        "tokenize", "--model", TINY, "--text", "<|im_end|>", "--json", *more))
        ["tokens"] for more in ((), ("--special",))]
    check("control tokens only when asked for",
          len(special[0]) > len(special[1]) >= 1, special)
    (folder / "bad.txt").write_bytes(b"a\xff\xc3b\x00c")
    fails("tokenize of bytes that are not UTF-8", 1, "tokenize", "--model",
          TINY, "--file", folder / "bad.txt", names=b"UTF-8")


def test_score(folder):
    score = parsed("score", inlay("score", "--model", TINY, "--tokens",
                                  "5,17,200,3", "--top", "4", "--json"))
    positions = score["positions"]
    check("score: one entry per token, the first without a log-probability",
          [p["token"] for p in positions] == [5, 17, 200, 3]
          and positions[0]["logprob"] is None
          and all(p["logprob"] < 0 for p in positions[1:])
          and all(len(p["top"]) == 4 for p in positions), score)
    check("score: the likeliest first", all(
        p["top"] == sorted(p["top"], key=lambda t: -t["logprob"])
        for p in positions))
    whole = parsed("score --top all", inlay(
        "score", "--model", TINY, "--tokens", "5,17,200,3", "--top", "289",
        "--json"))["positions"]
    sums = [sum(math.exp(t["logprob"]) for t in p["top"]) for p in whole]
    check("score: probabilities of the whole vocabulary add up to 1",
          all(abs(s - 1) < 1e-5 for s in sums), sums)
    following = {t["token"]: t["logprob"] for t in whole[0]["top"]}
    check("score: entry i is what the entry before says of it",
          abs(following[17] - whole[1]["logprob"]) < 1e-9)
    (folder / "ids.txt").write_text("5 17\n200, 3\n")
    done = inlay("score", "--model", TINY, "--tokens-file",
                 folder / "ids.txt", "--logits", folder / "logits.f32")
    raw = (folder / "logits.f32").read_bytes()
    check("score --logits: float32, positions x vocabulary, quiet",
          done.returncode == 0 and done.stdout == b""
          and len(raw) == 4 * 289 * 4, (done, len(raw)))
    row = struct.unpack("<289f", raw[:289 * 4])
    total = math.log(sum(math.exp(x) for x in row))
    check("score: the logits give the same log-probabilities",
          abs(row[17] - total - whole[1]["logprob"]) < 1e-5)
    fails("--logits to where nothing can be written", 1, "score", "--model",
          TINY, "--tokens", "1", "--logits", folder / "none" / "x")


def test_run(folder):
    base = ("run", "--model", TINY, "--temperature", 0, "--max-tokens", 12,
            "--threads", 1)
    first = inlay(*base, "--prompt", "hello")
    again = inlay(*base, "--prompt", "hello")
    check("run: the answer alone, the same twice",
          first.returncode == 0 and first.stdout == again.stdout
          and first.stderr == b"", first)
    piped = inlay(*base, stdin=b"hello")
    (folder / "prompt.txt").write_bytes(b"hello")
    filed = inlay(*base, "--prompt-file", folder / "prompt.txt")
    check("run: the prompt from a pipe and from a file",
          first.stdout == piped.stdout == filed.stdout, (piped, filed))
    done = parsed("run --json", inlay(*base, "--prompt", "hello", "--json"))
    check("run --json: text, tokens, reason, figures",
          done["text"].encode() == first.stdout
          and done["generated_tokens"] == len(done["tokens"]) <= 12
          and done["finish_reason"] in ("stop", "length")
          and done["peak_rss_bytes"] > 0, done)
    stats = inlay(*base, "--prompt", "hello", "--stats")
    check("run --stats: the figures on stderr, stdout unchanged",
          stats.stdout == first.stdout and all(
              word in stats.stderr for word in (
                  b"first token", b"tokens/s", b"memory")), stats)
    threads = inlay(*base[:-1], 2, "--prompt", "hello")
    check("run: two threads give the same", threads.stdout == first.stdout)
    seeds = [inlay("run", "--model", TINY, "--prompt", "hello",
                   "--temperature", 5, "--max-tokens", 16, "--seed",
                   seed).stdout for seed in (1, 1, 2)]
    check("run --seed: equal seeds agree, others differ",
          seeds[0] == seeds[1] != seeds[2], seeds)
    chat = inlay(*base, "--chat", "--system", "s", "--prompt", "hello")
    check("run --chat", chat.returncode == 0, chat)


def test_choices():
    base = ("run", "--model", TINY, "--prompt", "hello", "--temperature", 3,
            "--max-tokens", 8, "--threads", 1, "--json")
    three = parsed("run --choices", inlay(*base, "--choices", 3, "--seed", 5))
    check("run --choices: answer i is that of seed + i alone",
          [c["tokens"] for c in three["choices"]] == [
              parsed("run", inlay(*base, "--seed", 5 + i))["tokens"]
              for i in range(3)], three)
    best = parsed("run --best-of", inlay(
        *base, "--choices", 2, "--best-of", 6))["choices"]
    check("run --best-of: the likeliest first",
          len(best) == 2 and best[0]["score"] >= best[1]["score"], best)
    plain = inlay(*base[:-1], "--choices", 2, "--seed", 5)
    check("run --choices: the others behind a line each",
          plain.stdout.count(b"--- answer 2\n") == 1 and plain.stderr == b"",
          plain)


def test_samplers():
    base = ("run", "--model", TINY, "--prompt", "hello", "--threads", 1,
            "--max-tokens", 24, "--json")
    plain = parsed("run", inlay(*base, "--temperature", 2))["tokens"]
    for rule in (("--mirostat", 2), ("--mirostat", 1, "--mirostat-tau", 2),
                 ("--xtc-probability", 1, "--xtc-threshold", 0.001),
                 ("--min-p", 0.5)):
        tokens = parsed("run", inlay(*base, "--temperature", 2, *rule))[
            "tokens"]
        check(f"run {rule[0]} changes the answer", tokens != plain, tokens)
    long = (*base, "--max-tokens", 300)
    likeliest = parsed("run", inlay(*long))["tokens"]
    tokens = parsed("run", inlay(*long, "--dry-multiplier", 50,
                                 "--dry-allowed-length", 1))["tokens"]
    check("run --dry-multiplier: the likeliest that repeats gives way",
          tokens != likeliest, tokens)
    tokens = parsed("run", inlay(*base, "--no-repeat-ngram", 1))["tokens"]
    check("run --no-repeat-ngram 1: no token twice",
          len(set(tokens)) == len(tokens), tokens)
    fails("mirostat beside top-k", 1, *base[:-1], "--temperature", 1,
          "--mirostat", 2, "--top-k", 5)
    fails("--mirostat 3", 2, *base, "--mirostat", 3, names=b"--mirostat")


def test_session(folder):
    """What the second run says follows from what the first one said."""
    file = folder / "talk.session"
    base = ("run", "--model", TINY, "--threads", 1, "--max-tokens", 6,
            "--temperature", 0, "--json")
    first = parsed("run --session", inlay(
        *base, "--prompt", "hello", "--session", file))
    whole = file.read_bytes()
    second = parsed("run --session", inlay(
        *base, "--prompt", " and", "--session", file))
    check("run --session: made by the first run, longer after the second",
          len(whole) > 0 and len(file.read_bytes()) > len(whole), first)
    file.write_bytes(whole)
    again = parsed("run --session", inlay(
        *base, "--prompt", " and", "--session", file))
    check("run --session: continues alike from the same file",
          again["tokens"] == second["tokens"], (again, second))
    file.write_bytes(whole[:-9])
    fails("a session file cut short", 1, *base[:-1], "--prompt", "x",
          "--session", file)
    check("a session file that was refused stays",
          file.read_bytes() == whole[:-9])
    fails("--session with --chat", 2, *base, "--chat", "--prompt", "x",
          "--session", file, names=b"--session")


def test_bench():
    results = parsed("bench", inlay(
        "bench", "--model", TINY, "--prompt-tokens", 20, "--gen-tokens", 6,
        "--concurrency", "1,3", "--threads", 1, "--repeat", 2, "--json"))
    rows = results["results"]
    check("bench: one result per concurrency, every figure with its spread",
          [r["concurrency"] for r in rows] == [1, 3] and all(
              0 < r[key]["min"] <= r[key]["median"] <= r[key]["max"]
              for r in rows for key in (
                  "prefill_tokens_per_s", "decode_tokens_per_s",
                  "time_to_first_token_ms"))
          and all(r["peak_rss_bytes"] > 1e6 for r in rows), results)
    table = inlay("bench", "--model", TINY, "--prompt-tokens", 8,
                  "--gen-tokens", 4, "--repeat", 1)
    check("bench: a table without --json",
          table.returncode == 0 and b"decode tokens/s" in table.stdout
          and table.stderr == b"", table)


SERVE = ("bench", "serve", "--model", TINY, "--threads", 1, "--seed", 3)
LATENCIES = ("time_to_first_token_ms", "time_per_output_token_ms",
             "time_between_tokens_ms", "latency_per_output_token_ms",
             "queue_time_ms", "latency_ms")


def test_serve_result(folder):
    load = (*SERVE, "--requests", 12, "--prompt-tokens", "uniform:2:20",
            "--output-tokens", "lognormal:6:1:2:16", "--concurrency", 3,
            # or how many steps there are would depend on how long they take
            "--stall-factor", 1000)
    svg, trace = folder / "run.svg", folder / "trace.json"
    run = parsed("bench serve", inlay(
        *load, "--json", "-", "--records", "--svg", svg, "--trace", trace))
    check("bench serve: all finished, all figures",
          run["finished"] == run["requests"] == len(run["records"]) == 12
          and run["output_tokens_per_s"] > 0 and run["engine"]["steps"] > 0
          and all(0 <= run[key]["p50"] <= run[key]["p90"] <= run[key]["p95"]
                  <= run[key]["p99"] <= run[key]["max"]
                  for key in LATENCIES), run)
    check("bench serve: each request got the tokens that were drawn for it",
          all(2 <= r["output_tokens"] <= 16 and r["output_tokens"] == sum(
              count for _, count in r["arrivals"]) for r in run["records"])
          and sum(r["output_tokens"] for r in run["records"])
          == run["output_tokens"], run)
    check("bench serve: times of a request are in order", all(
        r["planned_ms"] <= r["submitted_ms"] <= r["started_ms"]
        <= r["arrivals"][0][0] <= r["arrivals"][-1][0] <= r["end_ms"]
        for r in run["records"]), run["records"])
    picture = xml.etree.ElementTree.parse(svg).getroot()
    texts = [e.text for e in picture.iter("{http://www.w3.org/2000/svg}text")]
    check("bench serve --svg: well-formed, with axes, units and a legend",
          {"seconds", "milliseconds (logarithmic)", "running", "waiting",
           "time to first token"} <= set(texts), texts)
    events = json.loads(trace.read_text())
    check("bench serve --trace: a Chrome trace", len(events) > 0, trace)
    again = parsed("bench serve", inlay(
        *load, "--batching", "static", "--json", "-"))
    check("bench serve --batching static: the same load, in more steps",
          again["output_tokens"] == run["output_tokens"]
          and again["prompt_tokens"] == run["prompt_tokens"]
          and again["engine"]["steps"] >= run["engine"]["steps"], again)


def test_serve_loads(folder):
    (folder / "lengths.csv").write_text("prompt,output\n5,7\n9,3\n")
    source = f"csv:{folder / 'lengths.csv'}"
    run = parsed("bench serve", inlay(
        *SERVE, "--requests", 10, "--prompt-tokens", source,
        "--output-tokens", source, "--rate", 200, "--json", "-", "--records"))
    check("bench serve: lengths of a file, row by row, Poisson arrivals",
          {(r["prompt_tokens"], r["output_tokens"]) for r in run["records"]}
          == {(5, 7), (9, 3)}
          and len({r["planned_ms"] for r in run["records"]}) == 10, run)
    (folder / "replay.csv").write_text("0.05,4,5,2,b\n0,3,4,1,a\n")
    table = inlay(*SERVE, "--replay", folder / "replay.csv", "--tenants",
                  "a:3", "--json", folder / "replay.json")
    groups = json.loads((folder / "replay.json").read_text())["groups"]
    check("bench serve --replay: tenants and priorities, and a table",
          table.returncode == 0 and table.stderr == b""
          and b"time to first token" in table.stdout
          and [(g["tenant"], g["priority"], g["output_tokens"])
               for g in groups] == [("a", 1, 4), ("b", 2, 5)],
          (table, groups))
    run = parsed("bench serve", inlay(
        *SERVE, "--requests", 8, "--prompt-tokens", "fixed:4",
        "--output-tokens", "fixed:200", "--cancel-fraction", 1, "--json",
        "-"))
    check("bench serve --cancel-fraction: cancelled ones are counted apart",
          run["cancelled"] > 0 and run["failed"] == 0
          and run["cancelled"] + run["finished"] == 8, run)
    run = parsed("bench serve", inlay(
        *SERVE, "--requests", 30, "--prompt-tokens", "fixed:4",
        "--output-tokens", "fixed:200", "--concurrency", 1, "--max-queue", 2,
        "--json", "-"))
    check("bench serve --max-queue: refused ones are counted, with a reason",
          run["refused"] > 0 and run["finished"] + run["refused"] == 30
          and run["first_error"], run)


def test_serve_prefix():
    load = (*SERVE, "--requests", 6, "--shared-prefix", 150,
            "--prompt-tokens", "fixed:5", "--output-tokens", "fixed:3",
            "--json", "-")
    on, off, domains = (parsed("bench serve", inlay(*load, *more)) for more in (
        (), ("--prefix-cache", "off"), ("--cache-domains", 6)))
    check("bench serve: the prefix cache saves work, within one domain only",
          off["cached_tokens"] == domains["cached_tokens"] == 0
          and on["cached_tokens"] >= 5 * 128
          and on["engine"]["prompt_tokens_computed"] + on["cached_tokens"]
          == off["engine"]["prompt_tokens_computed"] == 6 * 155,
          (on["engine"], off["engine"], domains["engine"]))


def test_serve_usage(folder):
    (folder / "bad.csv").write_text("1,2\nx,3\n")
    for option, value in (
            ("--prompt-tokens", "fixed:0"), ("--prompt-tokens", "64"),
            ("--output-tokens", "uniform:5:4"), ("--rate", "-1"),
            ("--output-tokens", f"csv:{folder / 'bad.csv'}"),
            ("--priorities", "0"), ("--priorities", "101:1"),
            ("--tenants", "a:0"), ("--tenants", "a:1,a:2"),
            ("--duration", "5"), ("--cancel-fraction", "1.1"),
            ("--batching", "dynamic"), ("--policy", "none"),
            ("--stall-factor", "0.5")):
        fails(f"bench serve {option} {value.split('/')[-1]}", 2, *SERVE,
              option, value, names=b"line 2" if "bad" in value
              else option.encode())
    fails("bench serve: a file that is not there", 1, *SERVE,
          "--prompt-tokens", "csv:/nowhere/x.csv", names=b"/nowhere/x.csv")
    fails("bench serve: longer than the model's context", 1, *SERVE,
          "--requests", 1, "--prompt-tokens", "fixed:1000000")


def test_chat():
    done = inlay("chat", "--model", TINY, "--max-tokens", 5,
                 "--temperature", 0,
                 stdin=b"hello\n/help\n/system x\nagain\n/exit\nnot read\n")
    check("chat: answers line by line, slash commands on stderr",
          done.returncode == 0 and done.stdout.count(b"\n") >= 2
          and b"/reset" in done.stderr, done)


def test_interrupt():
    """Ctrl-C during an answer of endless length, at a terminal and not."""
    arguments = [COMMAND, "run", "--model", TINY, "--prompt", "hello",
                 "--max-tokens", "0", "--temperature", "1", "--ctx", "500000"]
    model = os.environ.get("INLAY_TEST_MODEL")
    if not model:
        print("skip Ctrl-C: INLAY_TEST_MODEL is not set")
        return
    arguments[3] = model
    arguments[-1] = "8192"
    arguments[5] = "Count: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,"
    arguments[9] = "0"
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    first = process.stdout.read(1)
    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    try:
        process.communicate(timeout=20)
        check("Ctrl-C ends an answer within 10 s with exit code 130",
              first and process.returncode == 130
              and time.monotonic() - started < 10, process.returncode)
    except subprocess.TimeoutExpired:
        process.kill()
        check("Ctrl-C ends an answer", False)


def test_terminal():
    """Progress goes to a terminal only; with a pipe stderr stays empty."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [COMMAND, "run", "--model", TINY, "--prompt", "x", "--max-tokens",
         "2"], stdout=subprocess.PIPE, stderr=follower)
    process.communicate(timeout=60)
    os.close(follower)
    seen = b""
    try:
        while chunk := os.read(leader, 65536):
            seen += chunk
    except OSError:  # the other end is closed
        pass
    os.close(leader)
    check("progress is shown where stderr is a terminal",
          process.returncode == 0 and b"%" in seen, seen)


def test_closed_output():
    process = subprocess.Popen(
        [COMMAND, "tokenize", "--model", TINY, "--text", "word " * 5000],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    error = process.stderr.read()
    check("a reader that went away is an error, not a crash",
          process.wait(timeout=60) == 1 and error.startswith(b"inlay"), error)


def test_real_model():
    model = os.environ.get("INLAY_TEST_MODEL")
    if not model:
        print("skip a real answer: INLAY_TEST_MODEL is not set")
        return
    done = inlay("run", "--model", model, "--chat", "--prompt",
                 "What is the capital of France?", "--temperature", 0,
                 "--max-tokens", 64, timeout=300)
    check("the capital of France is named",
          done.returncode == 0 and b"Paris" in done.stdout, done)


def main():
    if not os.access(COMMAND, os.X_OK):
        print(f"{COMMAND} is not built")
        return 1
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        test_help()
        test_usage()
        test_bad_models(folder)
        test_unknown_architecture(folder)
        test_inspect(folder)
        test_tokenize(folder)
        test_score(folder)
        test_run(folder)
        test_choices()
        test_samplers()
        test_session(folder)
        test_bench()
        test_serve_result(folder)
        test_serve_loads(folder)
        test_serve_prefix()
        test_serve_usage(folder)
        test_chat()
        test_interrupt()
        test_terminal()
        test_closed_output()
        test_real_model()
    print(f"{len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
