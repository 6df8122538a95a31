"""The sample server, driven by the PyPI package openai and by raw sockets.

    SERVER=server INLAY_TEST_MODEL=chat.gguf python3 tests/server/server_test.py
"""

import sys

import calls
import embeddings
import harness
import limits
import refusals


def main():
    with harness.Server() as server:
        calls.run(server)
        embeddings.run(server)
        refusals.malformed(server)
        refusals.huge(server)
        metrics = server.get("/metrics")[2]
        harness.check(
            "the metrics count calls by path and status",
            'calls_total{path="/v1/chat/completions",status="200"}' in metrics
            and "inlay_generated_tokens" in metrics, metrics)
    with harness.Server("--receive-seconds", "1") as server:
        refusals.slow(server)
    limits.run()
    for failure in harness.failures:
        print(f"FAILED: {failure}")
    return 1 if harness.failures else 0


if __name__ == "__main__":
    sys.exit(main())
