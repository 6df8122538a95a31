"""The tiny models of make_hf_models.py whose families are older: GPT-NeoX to
GPT-Neo. Head counts that are no power of two cross the second half of ALiBi's
slopes; Falcon-RW's are one, because transformers rounds these to BF16.
"""
import transformers
from hf_configs import VOCAB, causal

NEOX = dict(
    vocab_size=VOCAB, hidden_size=48, intermediate_size=100,
    num_hidden_layers=3, num_attention_heads=3, max_position_embeddings=256,
    bos_token_id=0, eos_token_id=2)
FALCON = dict(
    vocab_size=VOCAB, hidden_size=48, num_hidden_layers=3,
    num_attention_heads=6, max_position_embeddings=256, ffn_hidden_size=100,
    bos_token_id=0, eos_token_id=2)
BIGCODE = dict(
    vocab_size=VOCAB, n_embd=48, n_layer=2, n_head=4, n_inner=100,
    n_positions=256, bos_token_id=0, eos_token_id=2)



def falcon_rw():
    """Not eager: that form adds ALiBi's biases twice."""
    config = transformers.FalconConfig(
        **dict(FALCON, num_attention_heads=4, alibi=True, bias=True,
               multi_query=False, parallel_attn=False))
    return transformers.AutoModelForCausalLM.from_config(
        config, attn_implementation="sdpa")


MODELS = {
    "gpt-neox": causal(
        transformers.GPTNeoXConfig, **dict(NEOX, rope_parameters=dict(
            rope_type="default", rope_theta=5000.0,
            partial_rotary_factor=0.25))),
    "gpt-neox-sequential": causal(
        transformers.GPTNeoXConfig, **dict(
            NEOX, use_parallel_residual=False, hidden_act="gelu_fast",
            attention_bias=False, rope_parameters=dict(
                rope_type="default", rope_theta=10000.0,
                partial_rotary_factor=0.5))),
    "gptj": causal(
        transformers.GPTJConfig, vocab_size=VOCAB, n_embd=48, n_layer=3,
        n_head=3, n_positions=256, rotary_dim=8, bos_token_id=0,
        eos_token_id=2),
    "phi": causal(
        transformers.PhiConfig, **dict(
            NEOX, hidden_size=60, num_attention_heads=6,
            num_key_value_heads=2, rope_parameters=dict(
                rope_type="default", rope_theta=10000.0,
                partial_rotary_factor=0.4))),
    "falcon": causal(transformers.FalconConfig, **FALCON),
    "falcon-groups": causal(
        transformers.FalconConfig,
        **dict(FALCON, new_decoder_architecture=True, num_kv_heads=2)),
    "falcon-one-norm": causal(
        transformers.FalconConfig,
        **dict(FALCON, new_decoder_architecture=True, num_kv_heads=3,
               num_ln_in_parallel_attn=1, tie_word_embeddings=False)),
    "falcon-rw": falcon_rw,
    "gpt-bigcode": causal(transformers.GPTBigCodeConfig, **BIGCODE),
    "gpt-bigcode-heads": causal(
        transformers.GPTBigCodeConfig, **dict(BIGCODE, multi_query=False)),
    "bloom": causal(
        transformers.BloomConfig, vocab_size=VOCAB, hidden_size=48, n_layer=3,
        n_head=6, seq_length=256, bos_token_id=0, eos_token_id=2),
    "mpt": causal(
        transformers.MptConfig, vocab_size=VOCAB, d_model=48, n_layers=3,
        n_heads=6, max_seq_len=256, attn_config=dict(clip_qkv=0.5),
        bos_token_id=0, eos_token_id=2),
    "opt": causal(
        transformers.OPTConfig, vocab_size=VOCAB, hidden_size=48,
        word_embed_proj_dim=48, ffn_dim=100, num_hidden_layers=3,
        num_attention_heads=4, max_position_embeddings=256, pad_token_id=1,
        bos_token_id=2, eos_token_id=2),
    "gpt-neo": causal(
        transformers.GPTNeoConfig, vocab_size=VOCAB, hidden_size=48,
        num_layers=4, attention_types=[[["global", "local"], 2]],
        num_heads=4, intermediate_size=100, window_size=24,
        max_position_embeddings=256, bos_token_id=0, eos_token_id=2),
}


def old_neox(config):
    """As the folders of this family were written."""
    rope = config.pop("rope_parameters")
    config["rotary_pct"] = rope["partial_rotary_factor"]
    config["rotary_emb_base"] = rope["rope_theta"]


def old_falcon(config):
    for new, old in (("num_hidden_layers", "n_layer"),
                     ("num_attention_heads", "n_head")):
        config[old] = config.pop(new)
    config["architectures"] = ["RWForCausalLM"]
    for key in ("rope_parameters", "num_kv_heads"):
        config.pop(key, None)


# What becomes of a config.json that transformers wrote.
REWRITTEN = {"gpt-neox-sequential": old_neox, "falcon-rw": old_falcon}
