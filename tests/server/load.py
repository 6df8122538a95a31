"""The sample server under 32 clients: every answer right, nothing leaks.

    SERVER=server INLAY_TEST_MODEL=chat.gguf python3 tests/server/load.py 300

Some clients stream, some leave in the middle, some send nonsense. Resident
memory, threads and descriptors are compared with those after a warm-up.
"""

import os
import sys
import threading
import time

import openai

import harness
from harness import ENCODER_NAME, NAME, ask, check, eventually

CLIENTS = 32
GROWTH = 24 << 20  # bytes that the allocator and the cache may still take


def usage(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        fields = dict(line.split(":", 1) for line in status)
    return {"resident": int(fields["VmRSS"].split()[0]) * 1024,
            "threads": int(fields["Threads"]),
            "descriptors": len(os.listdir(f"/proc/{pid}/fd"))}


class Load:
    """What the clients of one run do, and what they saw."""

    def __init__(self, server):
        self.server = server
        self.lock = threading.Lock()
        self.counts = {}
        self.faults = []

    def count(self, what):
        with self.lock:
            self.counts[what] = self.counts.get(what, 0) + 1

    def whole(self, client, number):
        answer = client.chat.completions.create(
            model=NAME, messages=ask(f"Tell me about {number}."),
            max_tokens=16, seed=number)
        assert answer.usage.completion_tokens > 0, answer

    def stream(self, client, number):
        parts = list(client.chat.completions.create(
            model=NAME, messages=ask(f"Tell me about {number}."),
            max_tokens=16, seed=number, stream=True))
        assert parts[-1].choices[0].finish_reason, parts[-1]

    def leave(self, client, number):
        stream = client.chat.completions.create(
            model=NAME, messages=ask(f"Count from {number}."),
            max_tokens=400, stream=True)
        next(iter(stream))
        stream.close()

    def refused(self, client, number):
        try:
            client.chat.completions.create(model=NAME, messages=ask("Hi"),
                                           temperature=number + 3)
        except openai.BadRequestError:
            return
        raise AssertionError("it was not refused")

    def listed(self, client, _):
        assert [model.id for model in client.models.list()] == [
            NAME, ENCODER_NAME]

    def embedded(self, client, number):
        answer = client.embeddings.create(model=ENCODER_NAME, input=[
            "the cat", f"a thing on mat {number}"])
        assert len(answer.data) == 2 and len(answer.data[1].embedding) == 48

    def work(self, index, end):
        kinds = [self.whole, self.stream, self.whole, self.stream, self.leave,
                 self.refused, self.listed, self.embedded]
        with self.server.client() as client:
            number = index
            while time.monotonic() < end:
                kind = kinds[number % len(kinds)]
                try:
                    kind(client, number)
                    self.count(kind.__name__)
                except Exception as error:  # pylint: disable=broad-except
                    with self.lock:
                        self.faults.append(f"{kind.__name__}: {error!r}")
                number += CLIENTS + 1

    def run(self, seconds):
        end = time.monotonic() + seconds
        clients = [threading.Thread(target=self.work, args=(i, end))
                   for i in range(CLIENTS)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()


def settled(server):
    """Its use of resources once the last call and connection are over."""
    eventually(lambda: server.metric("inlay_server_in_flight") == 0, 30)
    last = usage(server.pid)
    for _ in range(30):
        time.sleep(0.5)
        now = usage(server.pid)
        if now["descriptors"] == last["descriptors"]:
            break
        last = now
    return now


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 300.0
    with harness.Server("--keep-alive-seconds", "2") as server:
        Load(server).run(max(3.0, seconds / 10))
        before = settled(server)
        load = Load(server)
        load.run(seconds)
        after = settled(server)
        print(f"{sum(load.counts.values())} calls: {load.counts}")
        print(f"before {before}, after {after}")
        check("every call went as it should", not load.faults, load.faults[:3])
        check("all kinds of calls were made", len(load.counts) == 5,
              load.counts)
        check("no thread leaks", after["threads"] == before["threads"])
        check("no descriptor leaks",
              after["descriptors"] <= before["descriptors"])
        check("no memory leaks",
              after["resident"] <= before["resident"] + GROWTH)
    return 1 if harness.failures else 0


if __name__ == "__main__":
    sys.exit(main())
