"""SmolLM2 in PyTorch FP32 with the weights of the GGUF file, dequantised by
the PyPI package gguf: the oracle for `inlay score` on a real model."""
import gguf
import numpy as np
import torch
import transformers


def load(path):
    """The transformers model and its tokenizer's ids function."""
    reader = gguf.GGUFReader(path)
    tensors = {t.name: gguf.quants.dequantize(t.data, t.tensor_type).reshape(
        tuple(reversed([int(d) for d in t.shape]))) for t in reader.tensors}
    config = transformers.LlamaConfig(
        vocab_size=49152, hidden_size=576, intermediate_size=1536,
        num_hidden_layers=30, num_attention_heads=9, num_key_value_heads=3,
        head_dim=64, max_position_embeddings=8192, rms_norm_eps=1e-5,
        rope_theta=100000.0, tie_word_embeddings=True)
    model = transformers.LlamaForCausalLM(config).to(torch.float32).eval()
    inner = {
        "attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj",
        "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
        "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj",
        "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
        "ffn_norm": "post_attention_layernorm",
    }
    state = {}
    for name, data in tensors.items():
        data = np.asarray(data, dtype=np.float32)
        if name == "token_embd.weight":
            state["model.embed_tokens.weight"] = data
            state["lm_head.weight"] = data
        elif name == "output_norm.weight":
            state["model.norm.weight"] = data
        else:
            _, layer, stem, _ = name.split(".")
            if stem in ("attn_q", "attn_k"):  # adjacent pairs back to halves
                heads = 9 if stem == "attn_q" else 3
                rows, cols = data.shape
                data = (data.reshape(heads, rows // heads // 2, 2, cols)
                        .swapaxes(1, 2).reshape(rows, cols))
            state[f"model.layers.{layer}.{inner[stem]}.weight"] = data
    model.load_state_dict(
        {k: torch.from_numpy(np.ascontiguousarray(v)) for k, v in
         state.items()})
    return model


@torch.no_grad()
def logits(model, ids, window=4096):
    """Logits of every position, in windows of that many tokens."""
    parts = []
    for begin in range(0, len(ids), window):
        chunk = torch.tensor([ids[begin:begin + window]])
        parts.append(model(chunk).logits[0].float().numpy())
    return np.concatenate(parts)
