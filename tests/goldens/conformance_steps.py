"""The steps of the conformance scenario, with what the oracle expects."""
import torch
from conformance_architectures import architecture_steps

MODEL = "tiny-llama.gguf"
TEXTS = ["Hello, world", "The cat in the hat and the thing on the mat.",
         "1234 tests", "naïve café", "日本語 🙂 ünï", "a\tb\nc", "",
         "<|im_start|>user"]
PROMPTS = ["The cat and the", "In the morning", "Once upon a time", "Where",
           "A list of things:", "one two three", "The answer is", "In and on",
           "What is the matter", "thing", "No more of that", "Winter in the"]


def expected(oracle, ids, answer, finish="length", **more):
    return {"prompt_tokens": len(ids), "answers": [
        {"tokens": answer, "text": oracle.text(answer), "finish": finish}],
        **more}


def library_steps():
    yield {"step": "library", "op": "library",
           "features": ["cpu", "gguf", "chat", "poll", "push", "host_driven",
                        "score", "session", "choices", "beam", "prefix_cache",
                        "logits_hook", "no such feature"],
           "expect": {"abi": 1,
                      "features": [1] * 12 + [0]}}
    yield {"step": "context", "op": "context", "id": "context", "threads": 1,
           "expect": {"status": "INLAY_OK", "threads": 1}}
    yield {"step": "bad-context", "op": "context", "id": "none",
           "threads": 100000, "expect": {"status": "INLAY_ERR_OUT_OF_RANGE"}}
    yield {"step": "options", "op": "options", "id": "reference",
           "set": [["isa", "reference"], ["kv_type", "f32"]],
           "expect": {"status": "INLAY_OK"}}
    yield {"step": "unknown-option", "op": "options", "id": "none",
           "set": [["no_such_key", "1"]],
           "expect": {"status": "INLAY_ERR_NOT_FOUND"}}
    yield {"step": "bad-option-value", "op": "options", "id": "none",
           "set": [["kv_type", "f12"]],
           "expect": {"status": "INLAY_ERR_INVALID_ARGUMENT"}}
    yield {"step": "option-out-of-range", "op": "options", "id": "none",
           "set": [["max_queue", "1000001"]],
           "expect": {"status": "INLAY_ERR_OUT_OF_RANGE"}}


def open_step(name, source, status="INLAY_OK", **more):
    return {"step": name, "op": "open", "id": more.pop("id", "none"),
            "context": "context", "source": source,
            "path": more.pop("path", MODEL), "options": "reference", **more,
            "expect": {"status": status}}


def model_steps(oracle):
    yield open_step("missing-file", "path", "INLAY_ERR_NOT_FOUND",
                    path="missing.gguf")
    yield open_step("not-a-model", "path", "INLAY_ERR_INVALID_ARGUMENT",
                    path="not-a-model.gguf")
    yield open_step("cancel-open", "path", "INLAY_ERR_CANCELLED",
                    cancel=True)
    for source in ("memory", "fd", "reader", "async"):
        yield open_step(f"open-{source}", source)
    yield open_step("missing-file-async", "async", "INLAY_ERR_NOT_FOUND",
                    path="missing.gguf")
    yield open_step("open-vocabulary", "path", id="vocabulary",
                    vocabulary_only=True)
    yield {"step": "vocabulary-engine", "op": "engine", "id": "none",
           "model": "vocabulary",
           "expect": {"status": "INLAY_ERR_FAILED_PRECONDITION"}}
    yield open_step("open", "path", id="model")
    yield {"step": "model-info", "op": "model_info", "model": "model",
           "expect": {
               "runnable": 1, "vocabulary_size": len(oracle.vocabulary),
               "context_length": 512, "layer_count": 3,
               "embedding_length": 64, "head_count": 4, "kv_head_count": 2,
               "head_dim": 16, "has_tokenizer": 1, "has_chat_template": 1,
               "bos_token": 0, "eos_token": 2, "architecture": "llama",
               "name": "tiny llama"}}
    yield {"step": "metadata", "op": "metadata", "model": "model",
           "key": "general.architecture",
           "expect": {"status": "INLAY_OK", "value": "llama"}}
    yield {"step": "no-metadata", "op": "metadata", "model": "model",
           "key": "no.such.key", "expect": {"status": "INLAY_ERR_NOT_FOUND"}}


def text_steps(oracle):
    for index, text in enumerate(TEXTS):
        ids = oracle.encode(text)
        yield {"step": f"tokenize-{index}", "op": "tokenize",
               "model": "model", "text": text, "flags": [],
               "expect": {"tokens": ids}}
        yield {"step": f"detokenize-{index}", "op": "detokenize",
               "model": "model", "tokens": ids, "flags": [],
               "expect": {"text": text}}
    special = TEXTS[-1]
    yield {"step": "tokenize-special", "op": "tokenize", "model": "vocabulary",
           "text": special, "flags": ["parse_special"],
           "expect": {"tokens": oracle.encode(special, special=True)}}
    yield {"step": "detokenize-special", "op": "detokenize", "model": "model",
           "tokens": oracle.encode(special, special=True),
           "flags": ["special"], "expect": {"text": special}}
    emoji = oracle.encode("é🙂漢")
    for cut in range(1, len(emoji)):  # every split point of UTF-8
        yield {"step": f"split-{cut}", "op": "detokenize", "model": "model",
               "tokens": emoji[:cut], "flags": [],
               "expect": {"text": oracle.text(emoji[:cut])}}
    yield {"step": "bad-token", "op": "detokenize", "model": "model",
           "tokens": [5, 100000], "flags": [],
           "expect": {"status": "INLAY_ERR_OUT_OF_RANGE"}}
    yield {"step": "find-token", "op": "find_token", "model": "model",
           "text": "<|im_end|>", "expect": {"token": 2}}
    yield {"step": "find-no-token", "op": "find_token", "model": "model",
           "text": "no such token", "expect": {
               "status": "INLAY_ERR_NOT_FOUND"}}
    messages = [{"role": "system", "content": "Be brief."},
                {"role": "user", "content": "Hi \"there\"\n🙂"}]
    for name, generation in (("chat", True), ("chat-bare", False)):
        yield {"step": name, "op": "chat", "model": "model",
               "messages": messages,
               "flags": [] if generation else ["no_generation_prompt"],
               "expect": {"text": oracle.render(messages, generation)}}
    yield {"step": "bad-chat", "op": "chat", "model": "model",
           "messages": {"role": "user"}, "flags": [],
           "expect": {"status": "INLAY_ERR_INVALID_ARGUMENT"}}


def engine_steps():
    yield {"step": "engine", "op": "engine", "id": "engine", "model": "model",
           "context_length": 256, "max_concurrency": 16,
           "kv_cache_bytes": 8 << 20, "options": "reference",
           "expect": {"status": "INLAY_OK", "context_length": 256,
                      "max_concurrency": 16, "max_queue": 1024}}
    yield {"step": "bad-engine", "op": "engine", "id": "none",
           "model": "model", "context_length": -1,
           "expect": {"status": "INLAY_ERR_INVALID_ARGUMENT"}}


def request_step(name, request, expect, op="stream", **more):
    return {"step": name, "op": op, "engine": more.pop("engine", "engine"),
            **more, "request": request, "expect": expect}


def greedy_steps(oracle):
    for index, prompt in enumerate(PROMPTS[:4]):
        ids = oracle.encode(prompt)
        answer = decided(oracle, ids, 12)
        for op in ("stream", "generate"):
            yield request_step(
                f"{op}-{index}",
                {"prompt": prompt, "max_tokens": len(answer)},
                expected(oracle, ids, answer), op=op)
    user = "Tell me, cat"
    text = oracle.render([{"role": "user", "content": user}])
    ids = oracle.encode(text, special=True)
    answer = decided(oracle, ids, 10)
    yield request_step("stream-chat", {
        "prompt": user, "flags": ["chat"], "max_tokens": len(answer)},
        expected(oracle, ids, answer))
    yield request_step("stream-rendered", {
        "prompt": text, "flags": ["parse_special", "no_special"],
        "max_tokens": len(answer)}, expected(oracle, ids, answer))
    parts = [{"text": "<|im_start|>", "parse_special": True},
             {"text": "<|im_start|>"}, {"tokens": [70, 71, 72]}]
    ids = (oracle.encode("<|im_start|>", True) + oracle.encode("<|im_start|>")
           + [70, 71, 72])
    answer = decided(oracle, ids, 8)
    yield request_step("stream-parts", {
        "parts": parts, "max_tokens": len(answer)},
        expected(oracle, ids, answer))


def decided(oracle, ids, most):
    """As many greedy tokens as are beyond doubt, at most `most`."""
    for count in range(most, 2, -1):
        answer = oracle.greedy(ids, count)
        if answer is not None:
            return answer
    raise SystemExit(f"no continuation of {ids} is beyond doubt")


def stop_steps(oracle):
    prompt = "The cat and the"
    ids = oracle.encode(prompt)
    answer = decided(oracle, ids, 12)
    text = oracle.text(answer)
    stop = " the"
    assert stop in text and not text.startswith(stop)
    yield request_step("stop-string", {
        "prompt": prompt, "max_tokens": len(answer),
        "stop_strings": ["zebra", stop]},
        {"answers": [{"text": text[:text.index(stop)], "finish": "stop"}]})
    at = next(i for i in range(3, len(answer))
              if answer[i] not in answer[:i])
    yield request_step("stop-token", {
        "prompt": prompt, "max_tokens": len(answer),
        "stop_tokens": [answer[at]]},
        {"answers": [{"text": oracle.text(answer[:at]), "finish": "stop"}]})
    yield request_step("end-token", {
        "prompt": prompt, "max_tokens": 8, "bias": [[2, 100]]},
        {"answers": [{"text": "", "finish": "stop"}]})
    yield request_step("ignore-end", {
        "prompt": prompt, "max_tokens": 3, "bias": [[2, 100]],
        "flags": ["ignore_end", "report_special"]},
        {"answers": [{"text": "<|im_end|>" * 3, "tokens": [2, 2, 2],
                      "finish": "length"}]})
    smile = oracle.encode("né 🙂漢字!")
    yield request_step("split-stream", {
        "prompt": prompt, "max_tokens": len(smile), "force": smile},
        expected(oracle, ids, smile))
    broken = smile[:-2] + smile[-1:]  # a code point without its last byte
    yield request_step("broken-stream", {
        "prompt": prompt, "max_tokens": len(broken), "force": broken},
        expected(oracle, ids, broken))
    yield request_step("hook-fails", {
        "prompt": prompt, "max_tokens": 8, "force": smile[:2]},
        {"status": "INLAY_ERR_CANCELLED", "finish": "error"})


def sampling_steps():
    common = {"prompt": "Once upon a time", "max_tokens": 12,
              "temperature": 0.875, "flags": ["ignore_end"]}
    for seed in (7, 8, 9, 9007199254740991):
        yield request_step(f"seed-{seed}", {**common, "seed": seed},
                           {"answers": [{"finish": "length"}]})
    yield request_step("seed-again", {**common, "seed": 7},
                       {"same": ["seed-7"]})
    rules = {
        "top-k": {"top_k": 5}, "top-p": {"top_p": 0.75},
        "min-p": {"min_p": 0.125}, "typical": {"typical_p": 0.5},
        "mirostat": {"mirostat": 2, "mirostat_tau": 3,
                     "mirostat_eta": 0.25},
        "xtc": {"xtc_probability": 0.5, "xtc_threshold": 0.0625},
        "penalties": {"repetition_penalty": 1.25, "presence_penalty": 0.5,
                      "frequency_penalty": 0.5, "penalty_last_n": 16},
        "dry": {"dry_multiplier": 1, "dry_base": 1.75,
                "dry_allowed_length": 1, "dry_last_n": 32},
        "ngram": {"no_repeat_ngram": 1},
        "min-tokens": {"min_tokens": 6, "flags": []},
    }
    for name, rule in rules.items():
        yield request_step(name, {**common, "seed": 1, **rule},
                           {"status": "INLAY_OK"})
    yield request_step("top-k-1", {**common, "seed": 3, "top_k": 1},
                       {"same_tokens": [[0, "greedy-for-top-k-1", 0]]})


def choice_steps(oracle):
    prompt = "Once upon a time"
    ids = oracle.encode(prompt)
    answer = decided(oracle, ids, 12)
    common = {"prompt": prompt, "max_tokens": 12, "temperature": 0.875,
              "flags": ["ignore_end"]}
    yield request_step("greedy-for-top-k-1", {
        "prompt": prompt, "max_tokens": 12, "flags": ["ignore_end"]},
        {"answers": [{"finish": "length"}]})
    for op in ("stream", "generate"):
        yield request_step(f"choices-{op}", {
            **common, "seed": 7, "choices": 3},
            {"same_tokens": [[0, "seed-7", 0], [1, "seed-8", 0],
                             [2, "seed-9", 0]], "generated_tokens": 36},
            op=op)
    greedy = {"tokens": answer, "text": oracle.text(answer),
              "finish": "length"}
    yield request_step("choices-greedy", {
        "prompt": prompt, "max_tokens": len(answer), "choices": 2},
        {"answers": [greedy, greedy]})
    yield request_step("best-of", {**common, "seed": 7, "choices": 2,
                                   "best_of": 4}, {"status": "INLAY_OK"})
    yield request_step("beams", {"prompt": prompt, "max_tokens": 6,
                                 "beam_width": 3, "choices": 2,
                                 "length_penalty": 0.5}, {
        "status": "INLAY_OK"})


def logprob_steps(oracle):
    prompt = "Where"
    ids = oracle.encode(prompt)
    answer = decided(oracle, ids, 6)
    table = oracle.logprobs(ids + answer)[len(ids) - 1:-1]
    top = torch.topk(table, 4, dim=-1)
    assert (top.values[:, :-1] - top.values[:, 1:]).min() > 1e-4
    for op in ("stream", "generate"):
        yield request_step(f"logprobs-{op}", {
            "prompt": prompt, "max_tokens": len(answer),
            "flags": ["logprobs"], "top_logprobs": 3},
            {"answers": [{
                "tokens": answer,
                "near_logprobs": [round(float(row[t]), 5)
                                  for row, t in zip(table, answer)],
                "top_tokens": top.indices[:, :3].tolist()}]}, op=op)
    text = "The cat in the hat"
    ids = oracle.encode(text)
    rows = oracle.logprobs(ids)
    yield request_step("prompt-logprobs", {
        "prompt": text, "max_tokens": 1, "flags": ["prompt_logprobs"]},
        {"prompt": {"tokens": ids[1:], "near_logprobs": [
            round(float(rows[i][t]), 5) for i, t in enumerate(ids[1:])]}},
        op="stream")
    logits = oracle.logits(ids)
    yield {"step": "score", "op": "score", "engine": "engine", "tokens": ids,
           "expect": {"rows": len(ids),
                      "best": logits.argmax(dim=-1).tolist(),
                      "near_next": [round(float(logits[i][t]), 5)
                                    for i, t in enumerate(ids[1:])]}}
    yield {"step": "score-nothing", "op": "score", "engine": "engine",
           "tokens": [], "expect": {"status": "INLAY_ERR_INVALID_ARGUMENT"}}
    yield {"step": "score-bad-token", "op": "score", "engine": "engine",
           "tokens": [1, -1], "expect": {"status": "INLAY_ERR_OUT_OF_RANGE"}}


def refused_steps():
    bad = {
        "negative-temperature": ({"temperature": -1},
                                 "INLAY_ERR_INVALID_ARGUMENT"),
        "bad-top-p": ({"top_p": 1.5}, "INLAY_ERR_INVALID_ARGUMENT"),
        "bad-priority": ({"priority": 101}, "INLAY_ERR_OUT_OF_RANGE"),
        "too-many-choices": ({"choices": 65}, "INLAY_ERR_OUT_OF_RANGE"),
        "beams-with-best-of": ({"beam_width": 2, "best_of": 2},
                               "INLAY_ERR_INVALID_ARGUMENT"),
        "bad-stop-token": ({"stop_tokens": [100000]},
                           "INLAY_ERR_OUT_OF_RANGE"),
        "empty-stop-string": ({"stop_strings": [""]},
                              "INLAY_ERR_INVALID_ARGUMENT"),
    }
    for name, (fields, status) in bad.items():
        yield request_step(name, {"prompt": "thing", "max_tokens": 2,
                                  **fields}, {"status": status}, op="submit")
    yield request_step("bad-part", {"parts": [{"tokens": [4, 100000]}],
                                    "max_tokens": 2},
                       {"status": "INLAY_ERR_OUT_OF_RANGE"}, op="submit")
    yield request_step("too-long", {"parts": [{"tokens": [70] * 300}],
                                    "max_tokens": 2},
                       {"status": "INLAY_ERR_OUT_OF_RANGE"}, op="submit")
    yield {"step": "cancel-unknown", "op": "cancel_id",
           "id": 9007199254740991,
           "expect": {"status": "INLAY_ERR_NOT_FOUND"}}


def cancel_steps(oracle):
    yield {"step": "slow-set", "op": "options", "id": "slow-options",
           "set": [["isa", "reference"], ["kv_type", "f32"],
                   ["max_pending_events", "2"], ["max_queue", "2"]],
           "expect": {"status": "INLAY_OK"}}
    # Its requests pause when nobody polls, so none can end before its cancel.
    yield {"step": "lazy-engine", "op": "engine", "id": "lazy",
           "model": "model", "context_length": 512, "max_concurrency": 1,
           "kv_cache_bytes": 1 << 20, "options": "slow-options",
           "expect": {"status": "INLAY_OK", "max_queue": 2}}
    yield {"step": "slow-engine", "op": "engine", "id": "slow",
           "model": "model", "context_length": 512, "max_concurrency": 1,
           "kv_cache_bytes": 1 << 20, "options": "slow-options",
           "host_driven": True,
           "expect": {"status": "INLAY_OK", "max_queue": 2}}
    long = {"prompt": "Where", "max_tokens": 400, "flags": ["ignore_end"]}
    for engine in ("lazy", "slow"):
        for mode in ("stop", "drop"):
            yield request_step(
                f"cancel-{mode}-{engine}", long,
                {"status": "INLAY_OK", "finish": "cancelled",
                 "late": "INLAY_ERR_NOT_FOUND"},
                op="cancel", engine=engine, mode=mode, after_tokens=3)
    yield request_step("deadline", {**long, "deadline_ns": 1},
                       {"finish": "deadline", "generated_tokens": 0,
                        "answers": [{"text": "", "tokens": []}]})
    yield request_step("host-driven", {"prompt": "Where", "max_tokens": 5},
                       {"status": "INLAY_OK"}, engine="slow")
    ids = oracle.encode("Where")
    answer = decided(oracle, ids, 4)
    short = {"prompt": "Where", "max_tokens": len(answer)}
    for name in ("a", "b"):
        yield request_step(f"fill-queue-{name}", short,
                           {"status": "INLAY_OK"}, op="submit", engine="slow")
    yield request_step("queue-full", long,
                       {"status": "INLAY_ERR_RESOURCE_EXHAUSTED",
                        "retry": 1}, op="submit", engine="slow")
    yield {"step": "drain-slow", "op": "drain", "engine": "slow",
           "expect": {"requests": [expected(oracle, ids, answer)] * 2}}
    yield {"step": "close-slow", "op": "close", "engine": "slow",
           "mode": "cancel", "expect": {"status": "INLAY_OK",
                                        "state": "closed"}}
    yield request_step("submit-closed", long,
                       {"status": "INLAY_ERR_FAILED_PRECONDITION"},
                       op="submit", engine="slow")


def session_steps(oracle):
    first, second = "The cat and the", " thing in"
    ids = oracle.encode(first)
    answer = decided(oracle, ids, 6)
    turn = ids + answer + oracle.encode(second)
    reply = decided(oracle, turn, 6)
    known = turn + reply
    yield {"step": "session", "op": "session", "id": "talk",
           "engine": "engine", "expect": {"status": "INLAY_OK"}}
    yield request_step("session-turn-1", {
        "prompt": first, "max_tokens": len(answer), "session": "talk"},
        expected(oracle, ids, answer))
    yield {"step": "session-fork", "op": "fork", "session": "talk",
           "id": "fork", "expect": {"status": "INLAY_OK"}}
    yield request_step("session-turn-2", {
        "prompt": second, "max_tokens": len(reply), "session": "talk"},
        expected(oracle, turn, reply))
    yield info_step("session-info", "talk", known)
    yield info_step("session-fork-info", "fork", ids + answer)
    yield request_step("session-fork-turn-2", {
        "prompt": second, "max_tokens": len(reply), "session": "fork"},
        expected(oracle, turn, reply))
    yield {"step": "session-truncate", "op": "truncate", "session": "fork",
           "count": len(ids), "expect": {"status": "INLAY_OK"}}
    yield {"step": "session-truncate-too-far", "op": "truncate",
           "session": "fork", "count": len(known),
           "expect": {"status": "INLAY_ERR_OUT_OF_RANGE"}}
    yield info_step("session-truncated", "fork", ids)
    for via in ("file", "stream"):
        yield {"step": f"session-save-{via}", "op": "save",
               "session": "talk", "via": via, "path": f"talk-{via}.session",
               "expect": {"status": "INLAY_OK"}}
        yield {"step": f"session-load-{via}", "op": "load", "via": via,
               "id": f"loaded-{via}", "engine": "engine",
               "path": f"talk-{via}.session",
               "expect": {"status": "INLAY_OK"}}
        yield info_step(f"session-loaded-{via}", f"loaded-{via}", known)
    again = known + oracle.encode(first)
    more = decided(oracle, again, 5)
    yield request_step("session-loaded-turn", {
        "prompt": first, "max_tokens": len(more), "session": "loaded-file"},
        expected(oracle, again, more))
    yield {"step": "session-load-missing", "op": "load", "via": "file",
           "id": "none", "engine": "engine", "path": "missing.session",
           "expect": {"status": "INLAY_ERR_NOT_FOUND"}}
    yield {"step": "session-load-damaged", "op": "load", "via": "stream",
           "id": "none", "engine": "engine", "path": "not-a-model.gguf",
           "expect": {"status": "INLAY_ERR_DATA_LOSS"}}
    yield {"step": "release-fork", "op": "release", "id": "fork",
           "expect": {"status": "INLAY_OK"}}


def info_step(name, session, tokens):
    return {"step": name, "op": "session_info", "session": session,
            "expect": {"token_count": len(tokens), "busy": 0,
                       "tokens": tokens}}


def concurrent_steps(oracle):
    requests, answers = [], []
    for index in range(64):
        prompt = f"{PROMPTS[index % len(PROMPTS)]} {index}"
        while oracle.greedy(oracle.encode(prompt), 3) is None:
            prompt += "!"
        ids = oracle.encode(prompt)
        answer = decided(oracle, ids, 4 + index % 7)
        requests.append({"prompt": prompt, "max_tokens": len(answer),
                         "priority": index % 3, "tenant": f"t{index % 4}"})
        answers.append({"finish": "length", "prompt_tokens": len(ids),
                        "answers": [{"tokens": answer,
                                     "text": oracle.text(answer)}]})
    yield {"step": "concurrent-64", "op": "concurrent", "engine": "engine",
           "requests": requests, "expect": {"requests": answers}}
    requests = [{"prompt": "Once upon a time", "max_tokens": 12,
                 "temperature": 0.875, "flags": ["ignore_end"],
                 "seed": 7 + index % 3} for index in range(24)]
    yield {"step": "concurrent-seeds", "op": "concurrent", "engine": "engine",
           "requests": requests, "expect": {"status": "INLAY_OK"}}
    ids = oracle.encode("Where")
    answer = decided(oracle, ids, 6)
    yield request_step("push", {"prompt": "Where",
                                "max_tokens": len(answer)},
                       expected(oracle, ids, answer), op="push",
                       engine="none", model="model", options="reference",
                       context_length=128, max_concurrency=2,
                       kv_cache_bytes=1 << 20)


def embed_steps(encoder):
    yield open_step("open-encoder", "path", id="encoder", path="tiny-bert")
    yield {"step": "encoder-engine", "op": "engine", "id": "embedder",
           "model": "encoder", "options": "reference",
           "kv_cache_bytes": 1 << 20, "expect": {"context_length": 300}}
    inputs = [encoder.prompt(n) for n in (1, 5, 33)]
    for pooling, normalize in (("cls", 2), ("mean", 1), ("last", 2)):
        yield embed_step(f"embed-{pooling}", {"inputs": inputs}, pooling,
                         normalize, {"near_vectors": encoder.vectors(
                             inputs, pooling, normalize == 1)})
    texts = ["The cat", "a thing on the mat", "naïve"]
    yield {"step": "tokenize-encoder", "op": "tokenize", "model": "encoder",
           "text": texts[1], "flags": [],
           "expect": {"tokens": encoder.encode(texts[1])}}
    yield embed_step("embed-texts", {"texts": texts, "model": "encoder"},
                     "mean", 1, {"near_vectors": encoder.vectors(
                         [encoder.encode(t) for t in texts], "mean", True)})
    bad = {"no-inputs": ([], "INVALID_ARGUMENT"),
           "empty-input": ([[5], []], "INVALID_ARGUMENT"),
           "bad-token": ([[5, 100000]], "OUT_OF_RANGE"),
           "long-input": ([[5] * 301], "OUT_OF_RANGE")}
    for name, (given, status) in bad.items():
        yield embed_step(f"embed-{name}", {"inputs": given}, "mean", 0,
                         {"status": f"INLAY_ERR_{status}"})
    yield embed_step("embed-with-a-decoder", {"inputs": [[5]]}, "mean", 0,
                     {"status": "INLAY_ERR_FAILED_PRECONDITION"},
                     engine="engine")
    yield request_step("generate-with-an-encoder", {"prompt": "the"},
                       {"status": "INLAY_ERR_FAILED_PRECONDITION"},
                       op="generate", engine="embedder")


def rank_steps(encoder):
    yield open_step("open-ranker", "path", id="ranker", path="tiny-ranker")
    yield {"step": "ranker-engine", "op": "engine", "id": "ranks",
           "model": "ranker", "options": "reference",
           "kv_cache_bytes": 1 << 20, "expect": {"context_length": 300}}
    query, texts = "a thing", ["The cat", "a thing on the mat", ""]
    pairs = [encoder.encode_pair(query, text) for text in texts]
    for i, (ids, types) in enumerate(pairs):
        yield {"step": f"tokenize-pair-{i}", "op": "tokenize_pair",
               "model": "ranker", "first": query, "second": texts[i],
               "expect": {"tokens": ids, "types": types}}
    yield {"step": "tokenize-pair-without-template", "op": "tokenize_pair",
           "model": "model", "first": query, "second": "The cat",
           "expect": {"status": "INLAY_ERR_UNSUPPORTED"}}
    yield {"step": "rank-texts", "op": "rank", "engine": "ranks",
           "model": "ranker", "query": query, "texts": texts,
           "expect": {"near_scores": encoder.scores(pairs)}}
    long = encoder.prompt(33)
    pairs = [(long, [0] * 11 + [1] * 22), (long[:5], [0] * 5)]
    yield rank_step("rank-ids", pairs, {"near_scores": encoder.scores(pairs)})
    bad = {"no-pairs": ([], "INVALID_ARGUMENT"),
           "empty-pair": ([([], [])], "INVALID_ARGUMENT"),
           "bad-token": ([([5, 100000], [0, 0])], "OUT_OF_RANGE"),
           "bad-segment": ([([5, 6], [0, 2])], "OUT_OF_RANGE"),
           "long-pair": ([([5] * 301, [0] * 301)], "OUT_OF_RANGE")}
    for name, (pairs, status) in bad.items():
        yield rank_step(f"rank-{name}", pairs,
                        {"status": f"INLAY_ERR_{status}"})
    yield rank_step("rank-with-an-encoder", [([5], [0])],
                    {"status": "INLAY_ERR_FAILED_PRECONDITION"},
                    engine="embedder")


def rank_step(name, pairs, expect, engine="ranks"):
    return {"step": name, "op": "rank", "engine": engine,
            "inputs": [ids for ids, _ in pairs],
            "types": [types for _, types in pairs], "expect": expect}


def embed_step(name, given, pooling, normalize, expect, engine="embedder"):
    return {"step": name, "op": "embed", "engine": engine, **given,
            "pooling": pooling, "normalize": normalize, "expect": expect}


def closing_steps():
    yield {"step": "stats", "op": "stats", "engine": "engine",
           "expect": {"running": 0, "queued": 0, "failed": 1,
                      "cancelled": 0, "events_pending": 0, "sessions": 3}}
    yield {"step": "metrics", "op": "metrics", "engine": "engine",
           "contains": ["# TYPE", "inlay_", "no such text"],
           "expect": {"contains": [1, 1, 0]}}
    yield {"step": "close", "op": "close", "engine": "engine",
           "mode": "drain", "expect": {"status": "INLAY_OK",
                                       "state": "closed"}}
    yield {"step": "session-after-close", "op": "session_info",
           "session": "talk", "expect": {"busy": 0}}
    for name in ("context", "model", "engine", "slow", "talk",
                 "loaded-file", "loaded-stream", "vocabulary", "lazy",
                 "slow-options", "reference", "embedder", "encoder", "ranks",
                 "ranker"):
        yield {"step": f"release-{name}", "op": "release", "id": name,
               "expect": {"status": "INLAY_OK"}}


def build(oracle, encoder):
    return [*library_steps(), *architecture_steps(), *model_steps(oracle),
            *text_steps(oracle),
            *engine_steps(), *greedy_steps(oracle), *stop_steps(oracle),
            *choice_steps_first(oracle), *refused_steps(),
            *logprob_steps(oracle), *cancel_steps(oracle), *session_steps(oracle),
            *concurrent_steps(oracle), *embed_steps(encoder),
            *rank_steps(encoder), *closing_steps()]


def choice_steps_first(oracle):
    """Draws need the greedy answer they are compared with before them."""
    choices = list(choice_steps(oracle))
    return [choices[0], *sampling_steps(), *choices[1:]]
