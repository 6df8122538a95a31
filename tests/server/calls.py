"""The openai package as a client: chats, completions, models, errors."""

import concurrent.futures
import math

import openai

from harness import ENCODER_NAME, NAME, ask, check

CHAT = dict(model=NAME, messages=ask("Name three colours."), max_tokens=24)


def chats(client):
    first = client.chat.completions.create(temperature=0, **CHAT)
    text = first.choices[0].message.content
    check("a chat has an answer and its usage",
          len(text) > 0 and first.choices[0].finish_reason in ("stop", "length")
          and first.usage.total_tokens == first.usage.prompt_tokens
          + first.usage.completion_tokens, first)
    parts = list(client.chat.completions.create(
        temperature=0, stream=True, stream_options={"include_usage": True},
        **CHAT))
    streamed = "".join(part.choices[0].delta.content or "" for part in parts
                       if part.choices)
    check("a stream has the same answer, in parts",
          streamed == text and len(parts) > 5, (streamed, text))
    check("a stream ends with its usage",
          parts[-1].usage.completion_tokens == first.usage.completion_tokens,
          parts[-1])
    stop = text[len(text) // 2:][:4]
    stopped = client.chat.completions.create(temperature=0, stop=[stop],
                                             **CHAT).choices[0]
    check("an answer ends before the stop text",
          stopped.message.content == text[:text.index(stop)]
          and stopped.finish_reason == "stop", (stopped, stop))
    parts = client.chat.completions.create(
        model=NAME, temperature=0, max_tokens=24, messages=[
            {"role": "user", "content": [{"type": "text",
                                          "text": "Name three colours."}]}])
    check("content in parts is the same message",
          parts.choices[0].message.content == text, parts)


def seeds(client):
    def texts(seed, **more):
        answer = client.chat.completions.create(seed=seed, temperature=1.5,
                                                **CHAT, **more)
        return [choice.message.content for choice in answer.choices]

    check("equal seeds give equal answers", texts(7) == texts(7))
    check("other seeds give other answers", texts(7) != texts(8))
    three = texts(7, n=3)
    check("n gives so many different answers", len(set(three)) == 3, three)
    check("the first of n is the answer alone", three[:1] == texts(7), three)
    streamed = {}
    for part in client.chat.completions.create(seed=7, temperature=1.5, n=3,
                                               stream=True, **CHAT):
        for choice in part.choices:
            streamed.setdefault(choice.index, "")
            streamed[choice.index] += choice.delta.content or ""
    check("n answers stream side by side",
          [streamed.get(i) for i in range(3)] == three, streamed)


def logprobs(client):
    answer = client.chat.completions.create(
        temperature=0, logprobs=True, top_logprobs=3, **CHAT).choices[0]
    entries = answer.logprobs.content
    check("each token has its log-probability",
          len(entries) > 3 and all(entry.logprob <= 0 for entry in entries)
          and bytes(sum((entry.bytes for entry in entries), [])).decode()
          .startswith(answer.message.content), answer)
    check("greedy takes the likeliest of the three",
          all(len(entry.top_logprobs) == 3 and math.isclose(
              entry.top_logprobs[0].logprob, entry.logprob)
              for entry in entries), entries)


def completions(client):
    prompt = "The capital of France is"
    whole = client.completions.create(model=NAME, prompt=prompt, temperature=0,
                                      logprobs=2)
    choice = whole.choices[0]
    check("a completion has 16 tokens unless told otherwise",
          whole.usage.completion_tokens == 16
          and choice.finish_reason == "length", whole)
    check("its log-probabilities are lists",
          len(choice.logprobs.tokens) == 16
          and "".join(choice.logprobs.tokens) == choice.text
          and choice.logprobs.text_offset[1] == len(choice.logprobs.tokens[0]),
          choice)
    streamed = "".join(part.choices[0].text for part in
                       client.completions.create(model=NAME, prompt=prompt,
                                                 temperature=0, stream=True))
    check("a completion streams", streamed == choice.text, streamed)
    both = client.completions.create(model=NAME, prompt=["One, two,", prompt],
                                     temperature=0)
    check("several prompts have an answer each, in order",
          len(both.choices) == 2 and both.choices[1].text == choice.text, both)
    ids = client.completions.create(model=NAME, prompt=[1, 2, 3], max_tokens=2)
    check("a prompt may be token ids", ids.usage.prompt_tokens == 3, ids)
    banned = client.completions.create(
        model=NAME, prompt=prompt, temperature=0, max_tokens=1,
        logit_bias={"28": -100}, best_of=2)
    check("best_of and logit_bias are taken", len(banned.choices) == 1, banned)


def raises(what, kind, call, param=None):
    try:
        call()
        check(what, False, "nothing was raised")
    except openai.APIError as error:
        check(what, type(error) is kind
              and (param is None or error.param == param), repr(error))


def errors(client):
    chat = client.chat.completions.create
    raises("another model is not found", openai.NotFoundError,
           lambda: chat(model="x", messages=ask("Hi")), "model")
    raises("unsupported fields are refused", openai.BadRequestError,
           lambda: chat(tools=[], **CHAT), "tools")
    raises("unsupported values are refused", openai.BadRequestError,
           lambda: chat(response_format={"type": "json_object"}, **CHAT),
           "response_format")
    raises("values out of range are refused", openai.BadRequestError,
           lambda: chat(temperature=3, **CHAT), "temperature")
    raises("a prompt that is too long is refused", openai.BadRequestError,
           lambda: chat(model=NAME, messages=ask("word " * 20000)))
    raises("a stream is refused before it starts", openai.BadRequestError,
           lambda: chat(stream=True, top_p=2, **CHAT), "top_p")


def together(client):
    def one(i):
        answer = client.chat.completions.create(
            model=NAME, messages=ask(f"What is {i} plus {i}?"), temperature=0,
            max_tokens=12)
        return answer.choices[0].message.content

    alone = [one(i) for i in range(2)]
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(one, [0, 1] * 8))
    check("16 clients at once get the answers of one", answers == alone * 8,
          answers)


def run(server):
    client = server.client()
    check("the models are listed",
          [model.id for model in client.models.list()] == [NAME, ENCODER_NAME]
          and client.models.retrieve(NAME).id == NAME)
    for test in (chats, seeds, logprobs, completions, errors, together):
        test(client)
