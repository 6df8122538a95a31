"""Conversations that make_chat.py renders with every template."""

NOW = 1732233600 + 47045  # 2024-11-22 13:04:05 UTC

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city, it's \"live\".",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "The city's name"},
                "unit": {"type": "string", "enum": ["celsius", "fahrenheit"],
                         "default": "celsius"},
                "days": {"type": "integer", "default": 3},
            },
            "required": ["city"],
        },
    },
}

SEARCH = {
    "type": "function",
    "function": {
        "name": "search",
        "description": "Recherche <b>générale</b> & more 🔎",
        "parameters": {
            "type": "object",
            "properties": {
                "terms": {"type": "array", "items": {"type": "string"}},
                "weights": {"type": "array", "items": {"type": "number"}},
                "ranges": {"type": "array", "items": {
                    "type": "object",
                    "properties": {"from": {"type": "number"},
                                   "to": {"type": "number"}},
                    "required": ["from"]}},
                "exact": {"type": ["boolean", "null"]},
                "limit": {"type": "number", "default": 1.5e-7},
            },
            "required": ["terms", "weights"],
        },
        "return": {"type": "array"},
    },
}

CLOCK = {
    "type": "function",
    "function": {
        "name": "clock", "description": "The time.",
        "parameters": {"type": "object", "properties": {}, "required": []},
    },
}


def user(text):
    return {"role": "user", "content": text}


def assistant(text, **more):
    return {"role": "assistant", "content": text, **more}


def call(name, arguments, id="abcdefghi"):
    return {"id": id, "type": "function",
            "function": {"name": name, "arguments": arguments}}


def tool(text, id="abcdefghi"):
    return {"role": "tool", "content": text, "tool_call_id": id,
            "name": "get_weather"}


SYSTEM = {"role": "system", "content": "  You are terse.\n"}
CALLED = assistant("", tool_calls=[
    call("get_weather", {"city": "Paris", "days": 2, "deep": [1.0, None]})])

CONVERSATIONS = {
    "one": {"messages": [user("What is the capital of France?")]},
    "system": {"messages": [SYSTEM, user("Hi")]},
    "turns": {"messages": [
        SYSTEM, user(" Hi \n"), assistant(" Hello. \n"), user("And now?"),
        assistant("Now\tthis."), user("Thanks")]},
    "no_system_turns": {"messages": [
        user("1+1?"), assistant("2"), user("2+2?")]},
    "answered": {"messages": [user("Q"), assistant("A")]},
    "unicode": {"messages": [
        user("Grüße, 世界! 👋🏽 \u00a0\u2003é\u200b <|im_end|> {{ x }} {% y %}"),
        assistant("Ünïcödé \u3000"), user("\x1b[0m\x7f\u2028 \\ \" ' &<>")]},
    "empty": {"messages": [user(""), assistant(""), user("   ")]},
    "parts": {"messages": [
        {"role": "user", "content": [
            {"type": "text", "text": " What is on "},
            {"type": "image", "url": "http://example.com/a.png"},
            {"type": "audio"},
            {"type": "image_url", "image_url": {"url": "b"}},
            {"type": "text", "text": "these?"}]}]},
    "tools": {"messages": [SYSTEM, user("Weather in Paris?")],
              "tools": [WEATHER, SEARCH]},
    "tools_no_system": {"messages": [user("What time is it?")],
                        "tools": [CLOCK]},
    "call_answered": {"messages": [
        user("Weather in Paris?"), CALLED, tool('{"t": 21.5, "sky": "é"}'),
        assistant("21.5 degrees."), user("Thanks")], "tools": [WEATHER]},
    "call_open": {"messages": [
        user("Weather in Paris?"), CALLED, tool("line 1\nline 2\r\nline 3")],
        "tools": [WEATHER]},
    "two_calls": {"messages": [
        user("Both"),
        {"role": "assistant", "content": None, "tool_calls": [
            call("get_weather", {"city": "Rome"}),
            call("search", {"terms": ["a", "b"], "weights": [0.1, 1e22]},
                 "jklmnopqr")]},
        tool("1"), tool("2", "jklmnopqr")], "tools": [WEATHER, SEARCH]},
    "thinking": {"messages": [
        user("Think."),
        assistant("<think>\nFirst this.\n</think>\n\nThe answer."),
        user("Again."),
        assistant("So.", reasoning_content="\nMore.\n")],
        "extra": {"enable_thinking": False}},
    "builtin": {"messages": [user("Search it."), assistant("", tool_calls=[
        call("brave_search", {"query": "it"})])],
        "extra": {"builtin_tools": ["brave_search", "code_interpreter"],
                  "date_string": "1 Jan 2025"}},
    "string_arguments": {"messages": [
        SYSTEM, user("Weather?"), assistant("I look.", tool_calls=[
            call("get_weather", '{"city": "Zürich", "days": 1}')]),
        tool("[1, 2]"), user("And then?")], "tools": [WEATHER, CLOCK]},
    "documents": {"messages": [SYSTEM, user("What do they say?")],
                  "extra": {"documents": [
                      {"title": "One", "text": "First \"text\"."},
                      {"title": "Zwei", "text": "Zweiter Täxt.\n"}],
                      "controls": {"citations": True}}},
    "documents_tools": {"messages": [user("Both?")], "tools": [CLOCK],
                        "extra": {"documents": [{"text": "a"}],
                                  "thinking": True}},
    "reasoned_call": {"messages": [
        user("Think, then call."),
        assistant("", reasoning_content="It is needed.", tool_calls=[
            call("clock", {}), call("get_weather", {"city": "Oslo"},
                                    "jklmnopqr")]),
        tool("12:00"), tool("cold", "jklmnopqr"),
        assistant("<think>ok</think>Noon, cold."), user("Thanks.")],
        "tools": [CLOCK, WEATHER]},
    "two_users": {"messages": [user("a"), user("b")]},
    "no_content": {"messages": [{"role": "user"}]},
    "none": {"messages": []},
}
