"""A full queue, clients that leave, the key, the end of the server."""

import re
import subprocess
import threading
import time

import openai

from harness import NAME, SERVER, Server, ask, check, eventually

# No token that ends an answer of this model may come: <|endoftext|>,
# <|im_start|> or <|im_end|>.
LONG = dict(model=NAME, messages=ask("Count to one thousand."),
            max_tokens=1500, temperature=1.0,
            logit_bias={"0": -100, "1": -100, "2": -100})


def long_stream(server):
    """A stream that has begun."""
    stream = server.client().chat.completions.create(stream=True, **LONG)
    next(iter(stream))
    return stream


def full_queue():
    with Server("--concurrency", "1", "--queue", "1") as server:
        running = long_stream(server)
        check("one runs", eventually(
            lambda: server.metric("inlay_server_in_flight") == 1))
        waiting = threading.Thread(target=lambda: leave(server))
        waiting.start()
        check("one waits", eventually(
            lambda: server.metric("inlay_server_in_flight") == 2))
        try:
            server.client().chat.completions.create(**LONG)
            check("the third is turned away", False)
        except openai.RateLimitError as error:
            after = error.response.headers.get("retry-after", "")
            check("the third is turned away: 429 with Retry-After",
                  re.fullmatch(r"[1-9]\d*", after) is not None, after)
        running.close()
        waiting.join()
        check("streams and waiting calls of clients that left are cancelled",
              eventually(
                  lambda: server.metric("inlay_server_in_flight") == 0)
              and eventually(lambda: server.metric(
                  "inlay_server_disconnects_total") == 2),
              server.get("/metrics")[2])


def leave(server):
    """Asks for a long answer, and does not wait for it."""
    try:
        server.client().with_options(timeout=1.5).chat.completions.create(
            **LONG)
        check("the client left", False)
    except openai.APITimeoutError:
        pass


def deadline():
    with Server("--request-seconds", "1") as server:
        started = time.monotonic()
        try:
            server.client().chat.completions.create(**LONG)
            check("an answer that takes too long", False, "none was raised")
        except openai.InternalServerError as error:
            check("an answer that takes too long: 504",
                  error.status_code == 504
                  and time.monotonic() - started < 5, error)
        try:
            for _ in server.client().chat.completions.create(stream=True,
                                                             **LONG):
                pass
            check("a stream that takes too long", False, "none was raised")
        except openai.APIError as error:
            check("a stream that takes too long ends with an error",
                  "in time" in error.message, error)


def key():
    with Server(key="secret") as server:
        check("the right key", server.client("secret").models.list().data)
        for wrong in ("secreT", "secret2", "s"):
            try:
                server.client(wrong).models.list()
                check("a wrong key", False)
            except openai.AuthenticationError as error:
                check("a wrong key: 401", error.code == "invalid_api_key",
                      error)
        check("health needs none", server.get("/health")[0] == 200)
        check("metrics need one", server.get("/metrics")[0] == 401)


def drain():
    with Server() as server:
        chat = dict(LONG, max_tokens=60)
        stream = server.client().chat.completions.create(stream=True, **chat)
        parts = iter(stream)
        next(parts)
        server.terminate()
        check("a draining server says so",
              eventually(lambda: server.get("/health")[0] == 503, 2))
        status, _, _ = server.post("/v1/completions", b"{}")
        check("it takes no calls", status == 503, status)
        ends = [part.choices[0].finish_reason for part in parts]
        check("running answers are finished", ends[-1:] == ["length"]
              and len(ends) > 30, ends)
        check("then it ends well", server.process.wait(10) == 0)
    with Server("--drain-seconds", "1") as server:
        stream = long_stream(server)
        server.terminate()
        try:
            for _ in stream:
                pass
            check("what takes too long is ended", False, "it went on")
        except openai.APIError as error:
            check("what takes too long is ended, and says so",
                  "shutting down" in error.message, error)
        check("and the server ends", server.process.wait(10) == 0)


def options():
    for wrong in ([], ["--nothing", "1"], ["m", "--port", "x"],
                  ["m", "--port"]):
        done = subprocess.run([SERVER, *wrong], capture_output=True, timeout=9)
        check(f"options {wrong}: 2 and the usage",
              done.returncode == 2 and b"usage" in done.stderr, done)
    done = subprocess.run([SERVER, "none.gguf"], capture_output=True,
                          timeout=9)
    check("no such model: 1 and why",
          done.returncode == 1 and done.stderr != b"", done)


def run():
    for test in (options, full_queue, deadline, key, drain):
        test()
