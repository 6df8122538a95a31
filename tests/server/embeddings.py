"""The openai package's embeddings, against what PyTorch gives.

The expectations are those of the scenario that all languages run.
"""

import json
import math
import pathlib

import openai

from harness import ENCODER_NAME, NAME, check

SCENARIO = (pathlib.Path(__file__).parents[1] / "conformance" /
            "scenario.json")
WIDTH = 48


def step(name):
    steps = json.loads(SCENARIO.read_text("utf-8"))["steps"]
    return next(one for one in steps if one["step"] == name)


def same(answer, wanted):
    got = [x for entry in answer.data for x in entry.embedding]
    return len(got) == len(wanted) and all(
        abs(x - y) < 2e-4 for x, y in zip(got, wanted))


def parallel(answer, wanted):
    """The same but for the lengths of the vectors."""
    for i, entry in enumerate(answer.data):
        other = wanted[i * WIDTH:(i + 1) * WIDTH]
        dot = sum(x * y for x, y in zip(entry.embedding, other))
        size = math.hypot(*entry.embedding) * math.hypot(*other)
        if dot / size < 0.9999:
            return False
    return len(answer.data) * WIDTH == len(wanted)


def refused(what, kind, call):
    try:
        answer = call()
    except kind as error:
        body = error.body or {}
        check(what, "message" in body or "error" in body, error)
    except openai.OpenAIError as error:
        check(what, False, repr(error))
    else:
        check(what, False, answer)


def run(server):
    with server.client() as client:
        create = client.embeddings.create
        texts = step("embed-texts")
        wanted = texts["expect"]["near_vectors"]
        answer = create(model=ENCODER_NAME, input=texts["texts"])
        check("embeddings of texts are PyTorch's", parallel(answer, wanted),
              answer)
        floats = create(model=ENCODER_NAME, input=texts["texts"],
                        encoding_format="float")
        check("as numbers and in base64 they are the same",
              [e.embedding for e in floats.data]
              == [e.embedding for e in answer.data], floats)
        check("embeddings have indices and usage",
              [e.index for e in answer.data] == [0, 1, 2]
              and answer.usage.prompt_tokens == answer.usage.total_tokens > 6,
              answer.usage)
        ids = step("embed-mean")
        answer = create(model=ENCODER_NAME, input=ids["inputs"])
        check("embeddings of token ids are PyTorch's",
              parallel(answer, ids["expect"]["near_vectors"]), answer)
        one = create(model=ENCODER_NAME, input=ids["inputs"][1],
                     dimensions=WIDTH)
        check("one list of ids is one input",
              one.data[0].embedding == answer.data[1].embedding, one)
        refusals(create)


def refusals(create):
    bad = openai.BadRequestError
    refused("a model that only generates has no embeddings",
            openai.NotFoundError, lambda: create(model=NAME, input="Hi"))
    refused("other dimensions are refused", bad, lambda: create(
        model=ENCODER_NAME, input="Hi", dimensions=WIDTH + 1))
    refused("an input of another type is refused", bad, lambda: create(
        model=ENCODER_NAME, input={"text": "Hi"}))
    refused("no input is refused", bad, lambda: create(
        model=ENCODER_NAME, input=[]))
    refused("an id that is none is refused", bad, lambda: create(
        model=ENCODER_NAME, input=[[5, -1]]))
    refused("an unknown id is refused", bad, lambda: create(
        model=ENCODER_NAME, input=[5, 100000]))
    refused("a long input is refused", bad, lambda: create(
        model=ENCODER_NAME, input=[5] * 301))
    refused("an unknown format is refused", bad, lambda: create(
        model=ENCODER_NAME, input="Hi", encoding_format="hex"))
