#!/usr/bin/env python3
"""Makes the tiny seeded models and their oracle values.

For each architecture: a GGUF file with F32 weights and a small byte-level BPE
vocabulary, and a .golden file with what PyTorch (transformers, FP32) computes:

    int32 n, vocab, m | n token ids | m greedy ids | n * vocab float32 logits

Everything follows from the seeds below; run by tests/goldens/make.sh.
"""
import pathlib
import struct

import gguf
import numpy as np
import torch
import transformers

OUT = pathlib.Path(__file__).parent / "models"
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
MERGES = [
    "t h", "i n", "e r", "a n", "Ġ t", "Ġ a", "o n", "r e", "Ġt h", "a t",
    "Ġth e", "Ġ w", "e n", "o u", "Ġ s", "Ġ c", "i t", "e s", "o r", "Ġ i",
    "Ġ o", "Ġ b", "an d", "Ġ m", "Ġ f", "in g", "Ġo f", "Ġ p", "l l", "a l",
]
VOCAB = 256 + len(MERGES) + len(SPECIAL)
CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' "
    "+ message['content'] + '<|im_end|>' + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
TOKENS, GREEDY = 100, 24  # crosses three pages of 32


def byte_alphabet():
    """The printable stand-ins of GPT-2's byte-level vocabulary."""
    keep = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table, extra = {}, 0
    for byte in range(256):
        if byte in keep:
            table[byte] = chr(byte)
        else:
            table[byte] = chr(256 + extra)
            extra += 1
    return [table[b] for b in range(256)]


def vocabulary():
    return SPECIAL + byte_alphabet() + [m.replace(" ", "") for m in MERGES]


def configs():
    """One config each; sizes cross groups, pages and blocks of 32."""
    common = dict(vocab_size=VOCAB, tie_word_embeddings=False)
    yield "tiny-llama", "llama", "smollm", transformers.LlamaConfig(
        hidden_size=64, intermediate_size=96, num_hidden_layers=3,
        num_attention_heads=4, num_key_value_heads=2, head_dim=16,
        max_position_embeddings=512, rms_norm_eps=1e-5, rope_theta=10000.0,
        **common)
    yield "tiny-qwen2", "qwen2", "qwen2", transformers.Qwen2Config(
        hidden_size=64, intermediate_size=128, num_hidden_layers=2,
        num_attention_heads=8, num_key_value_heads=2, head_dim=8,
        max_position_embeddings=512, rms_norm_eps=1e-6, rope_theta=1e6,
        **dict(common, tie_word_embeddings=True))
    yield "tiny-gpt2", "gpt2", "gpt-2", transformers.GPT2Config(
        vocab_size=VOCAB, n_embd=48, n_layer=2, n_head=3, n_inner=100,
        n_positions=256, layer_norm_epsilon=1e-5)


def seeded_model(config, seed):
    torch.manual_seed(seed)
    model = transformers.AutoModelForCausalLM.from_config(
        config, attn_implementation="eager").to(torch.float32).eval()
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        norm = "norm" in name or ".ln_" in name or "ln_f" in name
        if norm and name.endswith("weight"):
            parameter.data = 1.0 + 0.2 * noise
        elif parameter.dim() == 1:
            parameter.data = 0.1 * noise
        else:
            parameter.data = noise * (1.6 / parameter.shape[-1] ** 0.5)
    return model


def permute(weight, heads):
    """Rows from half pairs to adjacent pairs, as GGUF stores Llama's q, k."""
    out, cols = weight.shape
    return (weight.reshape(heads, 2, out // heads // 2, cols)
            .swapaxes(1, 2).reshape(out, cols))


def llama_tensors(model, config, permuted):
    names = {
        "model.embed_tokens.weight": "token_embd.weight",
        "model.norm.weight": "output_norm.weight",
        "lm_head.weight": "output.weight",
    }
    inner = {
        "input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q",
        "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
        "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate",
        "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
        "post_attention_layernorm": "ffn_norm",
    }
    for name, tensor in model.state_dict().items():
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        data = tensor.numpy()
        if name.startswith("model.layers."):
            _, _, layer, rest = name.split(".", 3)
            stem, kind = rest.rsplit(".", 1)
            if permuted and stem.endswith(("q_proj", "k_proj")):
                heads = (config.num_attention_heads if "q_proj" in stem
                         else config.num_key_value_heads)
                data = permute(data, heads)
            yield f"blk.{layer}.{inner[stem]}.{kind}", data
        else:
            yield names[name], data


def gpt2_tensors(model):
    names = {"wte": "token_embd", "wpe": "position_embd", "ln_f": "output_norm"}
    inner = {"ln_1": "attn_norm", "attn.c_attn": "attn_qkv",
             "attn.c_proj": "attn_output", "ln_2": "ffn_norm",
             "mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down"}
    for name, tensor in model.transformer.state_dict().items():
        data = tensor.numpy()
        if name.startswith("h."):
            _, layer, rest = name.split(".", 2)
            stem, kind = rest.rsplit(".", 1)
            if data.ndim == 2:  # stored [in, out]
                data = data.T
            yield f"blk.{layer}.{inner[stem]}.{kind}", data
        else:
            stem, kind = name.rsplit(".", 1)
            yield f"{names[stem]}.{kind}", data


def write_metadata(writer, arch, pre, config):
    writer.add_name(f"tiny {arch}")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(vocabulary())
    kinds = [3] * len(SPECIAL) + [1] * (VOCAB - len(SPECIAL))
    writer.add_token_types(kinds)
    writer.add_token_merges(MERGES)
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(False)
    writer.add_chat_template(CHATML)
    if arch == "gpt2":
        writer.add_context_length(config.n_positions)
        writer.add_embedding_length(config.n_embd)
        writer.add_feed_forward_length(config.n_inner)
        writer.add_block_count(config.n_layer)
        writer.add_head_count(config.n_head)
        writer.add_layer_norm_eps(config.layer_norm_epsilon)
        return
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_rope_dimension_count(config.head_dim)
    theta = getattr(config, "rope_theta", None) or config.rope_parameters[
        "rope_theta"]
    writer.add_rope_freq_base(float(theta))
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)


def write_gguf(path, arch, pre, config, tensors):
    writer = gguf.GGUFWriter(path, arch)
    write_metadata(writer, arch, pre, config)
    for name, data in tensors:
        writer.add_tensor(name, np.ascontiguousarray(data, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@torch.no_grad()
def write_golden(path, model, seed):
    generator = torch.Generator().manual_seed(seed + 1)
    ids = torch.randint(3, VOCAB, (1, TOKENS), generator=generator)
    logits = model(ids).logits[0].float().numpy()
    sequence = ids
    for _ in range(GREEDY):
        scores = model(sequence).logits[0, -1]
        best = torch.topk(scores, 2).values
        assert best[0] - best[1] > 1e-3, "greedy choice is too close"
        sequence = torch.cat([sequence, scores.argmax().view(1, 1)], dim=1)
    with open(path, "wb") as file:
        file.write(struct.pack("<3i", TOKENS, VOCAB, GREEDY))
        file.write(ids[0].to(torch.int32).numpy().tobytes())
        file.write(sequence[0, TOKENS:].to(torch.int32).numpy().tobytes())
        file.write(logits.tobytes())


def main():
    OUT.mkdir(exist_ok=True)
    torch.set_num_threads(1)
    for seed, (name, arch, pre, config) in enumerate(configs()):
        model = seeded_model(config, 20261123 + seed)
        if arch == "gpt2":
            tensors = gpt2_tensors(model)
        else:
            tensors = llama_tensors(model, config, arch == "llama")
        write_gguf(OUT / f"{name}.gguf", arch, pre, config, tensors)
        write_golden(OUT / f"{name}.golden", model, 20261123 + seed)
        print(name, (OUT / f"{name}.gguf").stat().st_size, "bytes")


if __name__ == "__main__":
    main()
