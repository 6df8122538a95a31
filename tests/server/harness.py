"""Starts the sample server named by SERVER on INLAY_TEST_MODEL."""

import json
import os
import re
import signal
import socket
import subprocess
import time

import openai

SERVER = os.environ["SERVER"]
MODEL = os.environ["INLAY_TEST_MODEL"]
NAME = "small"
# A folder with an encoder, if the server is to have one.
ENCODER = os.environ.get("INLAY_TEST_ENCODER")
ENCODER_NAME = "tiny-bert"

failures = []


def check(what, holds, detail=""):
    if not holds:
        failures.append(what)
    shown = f"  ({str(detail)[:400]!r})" if not holds else ""
    print(f"{'ok  ' if holds else 'FAIL'} {what}{shown}", flush=True)


def eventually(holds, seconds=10.0):
    """Whether it becomes true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.02)
    return False


class Server:
    """A running server; ends with the block."""

    def __init__(self, *options, key=None):
        command = [SERVER, MODEL, "--name", NAME, "--port", "0", *options]
        if ENCODER:
            command += ["--embedding-model", ENCODER]
        if key is not None:
            command += ["--api-key", key]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE,
                                        text=True)
        line = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
        if not found:
            self.process.kill()
            raise RuntimeError(f"the server did not start: {line!r}")
        self.port = int(found[1])
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                failures.append("the server did not end")
        self.process.stdout.close()

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def client(self, key="none", retries=0):
        return openai.OpenAI(base_url=f"http://127.0.0.1:{self.port}/v1",
                             api_key=key, max_retries=retries, timeout=60)

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), 30)

    def raw(self, request):
        """Sends bytes; returns the status, the head and the body."""
        with self.connect() as connection:
            try:
                connection.sendall(request)
            except OSError:
                pass  # refused while it was sent; the answer is there
            return receive(connection)

    def post(self, path, body, *headers):
        head = [f"POST {path} HTTP/1.1", "Host: localhost",
                f"Content-Length: {len(body)}", "Connection: close", *headers]
        return self.raw("\r\n".join(head).encode() + b"\r\n\r\n" + body)

    def get(self, path):
        return self.raw(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n"
                        "Connection: close\r\n\r\n".encode())

    def metric(self, name):
        """The value of a metric without labels."""
        _, _, body = self.get("/metrics")
        found = re.search(rf"^{name} (\S+)$", body, re.MULTILINE)
        return float(found[1]) if found else None


def receive(connection):
    answer = b""
    while True:
        try:
            piece = connection.recv(65536)
        except OSError:
            break
        if not piece:
            break
        answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    found = re.match(rb"HTTP/1\.1 (\d+)", head)
    return (int(found[1]) if found else 0, head.decode(errors="replace"),
            body.decode(errors="replace"))


def is_error(body):
    """Whether it is an error as OpenAI's servers write them."""
    try:
        error = json.loads(body)["error"]
        return (isinstance(error["message"], str) and error["message"] != ""
                and isinstance(error["type"], str)
                and "param" in error and "code" in error)
    except (ValueError, KeyError, TypeError):
        return False


def ask(text):
    return [{"role": "user", "content": text}]
