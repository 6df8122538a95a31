"""Malformed requests, each with the right status; slow and huge ones too."""

import gzip
import json
import socket
import time

from harness import NAME, check, is_error, receive

CHAT = "/v1/chat/completions"


def body(**fields):
    whole = {"model": NAME, "messages": [{"role": "user", "content": "Hi"}],
             "max_tokens": 2, **fields}
    return json.dumps(whole).encode()


BAD = {
    "no JSON": b"{bad",
    "an empty body": b"",
    "JSON that is no object": b"[1]",
    "bytes that are no UTF-8": b'{"model": "\xff"}',
    "deep nesting": b'{"a":' + b"[" * 100000,
    "no messages": body(messages=[]),
    "messages of another type": body(messages="Hi"),
    "a message that is no object": body(messages=["Hi"]),
    "a role that there is not": body(messages=[{"role": "x", "content": ""}]),
    "content of another type": body(messages=[{"role": "user", "content": 1}]),
    "an image": body(messages=[{"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": "x"}}]}]),
    "a number as a text": body(max_tokens="2"),
    "a fraction of a token": body(max_tokens=1.5),
    "no tokens": body(max_tokens=0),
    "more tokens than numbers": body(max_tokens=2 ** 70),
    "a text as a switch": body(stream="yes"),
    "too many answers": body(n=1000),
    "an empty stop text": body(stop=""),
    "a bias for no token": body(logit_bias={"x": 1}),
    "a bias far outside": body(logit_bias={"99999999": 1}),
    "an unknown field": body(surprise=1),
    "log-probabilities by half": body(top_logprobs=2),
}


def malformed(server):
    for what, content in BAD.items():
        status, _, answer = server.post(CHAT, content)
        check(f"{what}: 400 and why", status == 400 and is_error(answer),
              (status, answer))
    status, _, answer = server.raw(b"NONSENSE\r\n\r\n")
    check("no HTTP: 400", status == 400 and is_error(answer), (status, answer))
    status, _, answer = server.post("/v1/nothing", b"{}")
    check("no such path: 404", status == 404 and is_error(answer), status)
    status, head, _ = server.get(CHAT)
    check("the wrong method: 405", status == 405 and "Allow: POST" in head,
          head)
    status, _, _ = server.raw(
        b"POST " + CHAT.encode() + b" HTTP/1.1\r\nHost: x\r\n"
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
    check("two lengths: 400", status == 400, status)
    status, _, _ = server.raw(
        b"POST " + CHAT.encode() + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    check("no length: 411", status == 411, status)
    status, _, _ = server.post(CHAT, b"--x\r\n\r\n1\r\n--x--\r\n",
                               "Content-Type: multipart/form-data; boundary=x")
    check("a form: 415", status == 415, status)
    status, _, _ = server.post(CHAT, body(), "Range: bytes=0-3")
    check("a range changes nothing: 200", status == 200, status)


def huge(server):
    zeros = bytes(100_000_000)
    status, _, answer = server.post(CHAT, zeros)
    check("a body of 100 MB: 413", status == 413 and is_error(answer),
          (status, answer))
    head = (f"POST {CHAT} HTTP/1.1\r\nHost: x\r\n"
            "Transfer-Encoding: chunked\r\n\r\n").encode()
    status, _, _ = server.raw(head + b"%x\r\n" % len(zeros) + zeros + b"\r\n")
    check("the same in a chunk: 413", status == 413, status)
    status, _, _ = server.post(CHAT, gzip.compress(zeros),
                               "Content-Encoding: gzip")
    check("the same compressed: 413", status == 413, status)
    status, _, _ = server.post(CHAT, gzip.compress(body()),
                               "Content-Encoding: gzip")
    check("a small one compressed: 200", status == 200, status)


def drip(connection, data, seconds):
    """A byte now and then, until the server answers."""
    end = time.monotonic() + seconds
    connection.settimeout(0.2)
    for byte in data:
        try:
            connection.sendall(bytes([byte]))
            if connection.recv(1, socket.MSG_PEEK):
                break
        except TimeoutError:
            pass
        except OSError:
            break
        if time.monotonic() > end:
            return 0
    connection.settimeout(10)
    return receive(connection)[0]


def slow(server):
    """For a server that waits a second."""
    with server.connect() as connection:
        status = drip(connection, b"GET /health HTTP/1.1\r\n" * 9, 8)
        check("a head that drips in: 408", status == 408, status)
    with server.connect() as connection:
        connection.sendall(f"POST {CHAT} HTTP/1.1\r\nHost: x\r\n"
                           "Content-Length: 1000\r\n\r\n".encode())
        status = drip(connection, b" " * 1000, 8)
        check("a body that drips in: 408", status == 408, status)
    check("others are served meanwhile", server.get("/health")[0] == 200)
