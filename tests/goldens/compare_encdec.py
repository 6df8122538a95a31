#!/usr/bin/env python3
"""Runs tiny T5 models as GGUF files: through Inlay, and through llama.cpp.

    compare_encdec.py INLAY

INLAY is the command. Both are compared with transformers. llama.cpp knows one
distance for the last bucket of relative positions, so these models have it, and
it scales no logits, which is allowed for here. Prints one line per model; ends
with an error if Inlay differs by more than 2e-4 of the range of the logits, or
llama.cpp by more than 2e-2 (it keeps halves in the cache and in the table that
is its GELU).
"""
import pathlib
import sys
import tempfile

import gguf
import hf_weights
import make_encdec
import make_hf_models as hf
import numpy as np
import torch

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "oracle"))
from logits import inlay_logits  # noqa: E402

SEED = 3
MODELS = {
    "t5": make_encdec.t5(True),
    "flan-t5": make_encdec.t5(False, feed_forward_proj="gated-gelu"),
}


def write(path, model):
    config = model.config
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.T5, 3)
    writer = gguf.GGUFWriter(path, "t5")
    writer.add_context_length(512)
    writer.add_embedding_length(config.d_model)
    writer.add_feed_forward_length(config.d_ff)
    writer.add_block_count(config.num_layers)
    writer.add_decoder_block_count(config.num_decoder_layers)
    writer.add_head_count(config.num_heads)
    writer.add_key_length(config.d_kv)
    writer.add_value_length(config.d_kv)
    writer.add_layer_norm_eps(config.layer_norm_epsilon)
    writer.add_layer_norm_rms_eps(config.layer_norm_epsilon)
    writer.add_relative_attn_buckets_count(
        config.relative_attention_num_buckets)
    writer.add_decoder_start_token_id(config.decoder_start_token_id)
    writer.add_vocab_size(config.vocab_size)
    writer.add_tokenizer_model("no_vocab")
    for tensor in hf.stored_names(model):
        values = hf_weights.tensor(SEED, tensor,
                                   tuple(model.state_dict()[tensor].shape))
        writer.add_tensor(
            names.get_name(tensor, try_suffixes=(".weight",)), values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def peer_logits(path, source, ids):
    import llama_cpp
    model = llama_cpp.Llama(str(path), n_ctx=512, n_batch=512, n_ubatch=512,
                            logits_all=True, verbose=False)

    def batch(tokens):
        model._batch.set_batch(tokens, 0, True)
        return model._batch.batch

    assert llama_cpp.llama_encode(model._ctx.ctx, batch(source)) == 0
    assert llama_cpp.llama_decode(model._ctx.ctx, batch(ids)) == 0
    rows = llama_cpp.llama_get_logits(model._ctx.ctx)
    return np.ctypeslib.as_array(
        rows, shape=(len(ids), make_encdec.VOCAB)).copy()


def main():
    inlay, = sys.argv[1:]
    torch.set_num_threads(1)
    failed = False
    for name, build in MODELS.items():
        torch.manual_seed(0)
        model = build().to(torch.float32).eval()
        hf.fill(model, hf.stored_names(model), SEED)
        own = theirs = 0.0
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / f"{name}.gguf"
            write(path, model)
            for encoder, length in make_encdec.PROMPTS:
                source = hf.prompt(SEED, encoder, make_encdec.VOCAB)
                ids = hf.prompt(SEED, 1000, make_encdec.VOCAB)[:length]
                with torch.no_grad():
                    want = model(
                        input_ids=torch.tensor([source]),
                        decoder_input_ids=torch.tensor([ids])).logits[0].numpy()
                spread = np.ptp(want, axis=1, keepdims=True)
                got = inlay_logits(
                    inlay, path, ids, make_encdec.VOCAB,
                    ("--encoder-tokens", ",".join(map(str, source))))
                own = max(own, float((np.abs(got - want) / spread).max()))
                scale = model.config.d_model ** -0.5 \
                    if model.config.scale_decoder_outputs else 1.0
                peer = peer_logits(path, source, ids) * scale
                theirs = max(theirs,
                             float((np.abs(peer - want) / spread).max()))
        print(f"{name}: Inlay {own:.1e}, llama.cpp {theirs:.1e}", flush=True)
        failed = failed or not (own <= 2e-4 and theirs <= 2e-2)
    sys.exit(failed)


if __name__ == "__main__":
    main()
