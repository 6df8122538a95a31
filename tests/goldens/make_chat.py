"""Renders chat templates with the Python package jinja2, the oracle.

    python3 make_chat.py        (needs jinja2)

Writes chat/rendered.json (templates x conversations) and chat/cases.json
(small templates). The environment is set up as transformers'
apply_chat_template sets it up: immutable sandbox, trim_blocks, lstrip_blocks,
loop controls, tojson that escapes no HTML, raise_exception, strftime_now. The
templates in chat/templates restate the published formats of the model
families; smollm2.jinja is the one in the metadata of SmolLM2-135M-Instruct
(Apache-2.0).
"""

import datetime
import json
import pathlib

import jinja2
import jinja2.ext
import jinja2.sandbox
from chat_cases import CASES, CONTEXT
from chat_conversations import CONVERSATIONS, NOW

HERE = pathlib.Path(__file__).parent / "chat"


class Generation(jinja2.ext.Extension):
    """{% generation %}: marks answers for training; renders its body."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"],
                                       drop_needle=True)
        call = self.call_method("_body")
        return jinja2.nodes.CallBlock(call, [], [], body).set_lineno(line)

    def _body(self, caller):
        return caller()


def environment():
    env = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True,
        extensions=[Generation, jinja2.ext.loopcontrols])

    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    def tojson(x, ensure_ascii=False, indent=None, separators=None,
               sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent,
                          separators=separators, sort_keys=sort_keys)

    def strftime_now(format):
        now = datetime.datetime.fromtimestamp(NOW, datetime.timezone.utc)
        return now.replace(tzinfo=None).strftime(format)

    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = strftime_now
    return env


def render(env, source, variables):
    """["ok", text] or ["error"]."""
    try:
        return ["ok", env.from_string(source).render(**variables)]
    except Exception:  # of any kind: the template fails
        return ["error"]


def context(conversation, add_generation_prompt):
    return {
        "messages": conversation["messages"],
        "tools": conversation.get("tools"),
        "documents": None,
        "bos_token": "<s>",
        "eos_token": "</s>",
        "add_generation_prompt": add_generation_prompt,
        **conversation.get("extra", {}),
    }


def main():
    env = environment()
    rendered = []
    for path in sorted((HERE / "templates").glob("*.jinja")):
        source = path.read_text(encoding="utf-8")
        for name, conversation in CONVERSATIONS.items():
            for add in (True, False):
                if not add and name not in ("turns", "call_answered"):
                    continue
                result = render(env, source, context(conversation, add))
                rendered.append([path.name, name, add, *result])
    write("rendered.json", {"now": NOW, "conversations": CONVERSATIONS,
                            "rendered": rendered})
    cases = [[source, *render(env, source, {
        **context({"messages": []}, True), **CONTEXT})] for source in CASES]
    write("cases.json", {"now": NOW, "context": CONTEXT, "cases": cases})
    for cases_of, at in ((rendered, 3), (cases, 1)):
        errors = sum(1 for case in cases_of if case[at] == "error")
        print(f"{len(cases_of)} cases, {errors} of them errors")


def write(name, data):
    text = json.dumps(data, ensure_ascii=False, indent=0,
                      separators=(",", ":"))
    (HERE / name).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
