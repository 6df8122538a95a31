#!/usr/bin/env python3
"""Compares `tokenizers` with llama-cpp-python on the corpus, name by name.

For each pre-tokenizer it writes a GGUF file with that name and the vocabulary
of the goldens, loads only the vocabulary, and prints how many of the 10,000
strings get other ids, with the shortest of them. docs/tokenizers.md says why.
"""
import pathlib
import tempfile

import gguf
import llama_cpp
import make_text
import text_corpus
import text_pipelines
import text_sentencepiece


def write_vocabulary(path, kind, tokens, **fields):
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tokenizer_model(kind)
    writer.add_context_length(64)
    writer.add_embedding_length(8)
    writer.add_block_count(1)
    writer.add_head_count(1)
    writer.add_feed_forward_length(8)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_token_list(tokens)
    for name, value in fields.items():
        getattr(writer, "add_" + name)(value)
    writer.add_add_bos_token(False)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()


def load(path):
    params = llama_cpp.llama_model_default_params()
    params.vocab_only = True
    model = llama_cpp.llama_model_load_from_file(str(path).encode(), params)
    return model, llama_cpp.llama_model_get_vocab(model)


def encode(vocab, text):
    data = text.encode()
    size = 4 * len(data) + 16
    ids = (llama_cpp.llama_token * size)()
    count = llama_cpp.llama_tokenize(vocab, data, len(data), ids, size, False,
                                     False)
    return list(ids[:count])


def compare(name, path, corpus, want):
    model, vocab = load(path)
    differ = [text for text, ids in zip(corpus, want)
              if encode(vocab, text) != ids]
    print(name, len(differ), sorted(differ, key=len)[:3], flush=True)
    llama_cpp.llama_model_free(model)


def main():
    corpus = text_corpus.build(make_text.HERE / "fragments.txt")
    merges = make_text.read_merges()
    vocab = make_text.vocabulary(merges, make_text.read_lines("whole.txt"))

    def reference(tokenizer):
        return [encoding.ids for encoding in
                tokenizer.encode_batch(corpus, add_special_tokens=False)]

    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "vocabulary.gguf"
        for pipeline in text_pipelines.PIPELINES:
            want = reference(text_pipelines.build(pipeline, vocab, merges))
            for name in pipeline.names:
                write_vocabulary(
                    path, "gpt2", list(vocab), tokenizer_pre=name,
                    token_types=[1] * len(vocab), bos_token_id=0,
                    eos_token_id=0,
                    token_merges=[" ".join(pair) for pair in merges])
                compare(name, path, corpus, want)
        tokens, _ = text_sentencepiece.vocabulary(make_text.HERE)
        write_vocabulary(
            path, "llama", tokens,
            token_types=[2, 3, 3] + [6] * 256 + [1] * (len(tokens) - 259),
            token_scores=[-float(i) * (i > 258) for i in range(len(tokens))],
            bos_token_id=1, eos_token_id=2, unk_token_id=0)
        want = reference(text_sentencepiece.build(make_text.HERE))
        compare("sentencepiece", path, corpus, want)


if __name__ == "__main__":
    callback = llama_cpp.llama_log_callback(lambda *unused: None)
    llama_cpp.llama_log_set(callback, None)
    llama_cpp.llama_backend_init()
    main()
