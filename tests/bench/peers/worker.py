"""What the workers of all peers share: their arguments and their answer."""
import argparse
import json


def parse_arguments(description):
    """Every worker takes these; one process measures one model once."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--model", required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--measures", required=True,
                        help="prefill, decode_N, or start alone")
    parser.add_argument("--prompt", type=int, default=512,
                        help="tokens of the prompt that prefill times")
    parser.add_argument("--generate", type=int, default=128,
                        help="tokens that decode_1 generates after it")
    parser.add_argument("--short", type=int, default=16,
                        help="tokens of a prompt where several run together")
    parser.add_argument("--steps", type=int, default=32,
                        help="tokens that each of several generates")
    options = parser.parse_args()
    options.measures = options.measures.split(",")
    return options


def together(measures):
    """N of each decode_N but decode_1."""
    numbers = [int(m.removeprefix("decode_")) for m in measures
               if m.startswith("decode_")]
    return [n for n in numbers if n > 1]


def alone(measures):
    return "prefill" in measures or "decode_1" in measures


def answer(version, figures):
    print(json.dumps({"version": version, "figures": figures}), flush=True)
