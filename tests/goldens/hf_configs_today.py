"""Tiny decoders of today whose block is not Llama's: norms elsewhere, layers of
two kinds, other rotations."""
import transformers
from hf_configs import LLAMA, causal

TYPES = ["sliding_attention"] * 3 + ["full_attention"]
FIVE = dict(LLAMA, num_hidden_layers=4, sliding_window=24, layer_types=TYPES)
COMMAND_R = dict(LLAMA, logit_scale=0.25, tie_word_embeddings=True)

MODELS = {
    "olmo2": causal(transformers.Olmo2Config, **LLAMA),
    "olmo3": causal(
        transformers.Olmo3Config,
        **dict(FIVE, rope_parameters=dict(
            sliding_attention=dict(rope_type="default", rope_theta=5e4),
            full_attention=dict(
                rope_type="yarn", rope_theta=5e4, factor=4.0,
                attention_factor=1.1386, beta_fast=32.0, beta_slow=1.0,
                original_max_position_embeddings=64)))),
    "olmo": causal(transformers.OlmoConfig, **dict(LLAMA, clip_qkv=0.9)),
    "cohere": causal(transformers.CohereConfig, **COMMAND_R),
    "cohere-qk-norm": causal(
        transformers.CohereConfig, **dict(COMMAND_R, use_qk_norm=True)),
    "cohere2": causal(
        transformers.Cohere2Config,
        **dict(FIVE, logit_scale=0.5, tie_word_embeddings=True)),
    "gemma2": causal(
        transformers.Gemma2Config,
        **dict(FIVE, head_dim=12, query_pre_attn_scalar=20,
               layer_types=TYPES[2:] * 2, attn_logit_softcapping=2.0,
               final_logit_softcapping=3.0)),
    "gemma3": causal(
        transformers.Gemma3TextConfig,
        **dict(FIVE, head_dim=12, query_pre_attn_scalar=20,
               rope_parameters=dict(
                   sliding_attention=dict(rope_type="default",
                                          rope_theta=1e4),
                   full_attention=dict(rope_type="linear", rope_theta=1e6,
                                       factor=8.0)))),
    "exaone4": causal(
        transformers.Exaone4Config,
        **dict(FIVE, rope_parameters=dict(
            rope_type="llama3", rope_theta=1e4, factor=4.0,
            low_freq_factor=1.0, high_freq_factor=4.0,
            original_max_position_embeddings=64))),
    "glm4": causal(
        transformers.Glm4Config,
        **dict(LLAMA, head_dim=16, attention_bias=True)),
    "hunyuan": causal(
        transformers.HunYuanDenseV1Config,
        **dict(LLAMA, head_dim=16, rope_parameters=dict(
            rope_type="dynamic", rope_theta=1e4, alpha=1000.0,
            factor=1.0))),
    "persimmon": causal(
        transformers.PersimmonConfig,
        **dict({k: v for k, v in LLAMA.items() if k != "num_key_value_heads"},
               hidden_size=96)),
    "apertus": causal(
        transformers.ApertusConfig,
        **dict(LLAMA, rope_parameters=dict(
            rope_type="llama3", rope_theta=1e4, factor=4.0,
            low_freq_factor=1.0, high_freq_factor=4.0,
            original_max_position_embeddings=64))),
}
