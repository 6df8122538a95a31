"""The tiny models of make_hf_models.py: one builder each.

Sizes are chosen so that groups, pages of 32 positions, windows and the scaling
of positions are crossed by the longest prompt and its continuation.
"""
import transformers

VOCAB = 289
LLAMA = dict(
    vocab_size=VOCAB, hidden_size=48, intermediate_size=80,
    num_hidden_layers=3, num_attention_heads=6, num_key_value_heads=2,
    max_position_embeddings=512, bos_token_id=0, eos_token_id=2,
    pad_token_id=None, attn_implementation="eager")


def causal(config_class, **sizes):
    def build():
        config = config_class(**sizes)
        return transformers.AutoModelForCausalLM.from_config(
            config, attn_implementation="eager")
    return build


MODELS = {
    "llama": causal(
        transformers.LlamaConfig,
        **dict(LLAMA, head_dim=16, tie_word_embeddings=False,
               rope_parameters=dict(
                   rope_type="llama3", rope_theta=10000.0, factor=4.0,
                   low_freq_factor=1.0, high_freq_factor=4.0,
                   original_max_position_embeddings=64))),
    "llama-biases": causal(
        transformers.LlamaConfig,
        **dict(LLAMA, attention_bias=True, mlp_bias=True,
               tie_word_embeddings=True,
               rope_parameters=dict(rope_type="linear", rope_theta=5000.0,
                                    factor=2.0))),
    "mistral": causal(
        transformers.MistralConfig,
        **dict(LLAMA, head_dim=12, sliding_window=24,
               tie_word_embeddings=False)),
    "qwen2": causal(
        transformers.Qwen2Config,
        **dict(LLAMA, tie_word_embeddings=True,
               rope_parameters=dict(
                   rope_type="yarn", rope_theta=1e6, factor=4.0,
                   original_max_position_embeddings=64))),
    "qwen3": causal(
        transformers.Qwen3Config,
        **dict(LLAMA, head_dim=12, tie_word_embeddings=False)),
    "seed-oss": causal(
        transformers.SeedOssConfig,
        **dict(LLAMA, head_dim=12, attention_out_bias=True)),
    "arcee": causal(transformers.ArceeConfig, **LLAMA),
    "granite": causal(
        transformers.GraniteConfig,
        **dict(LLAMA, embedding_multiplier=6.0, residual_multiplier=0.3,
               attention_multiplier=0.2, logits_scaling=5.0)),
    "gemma": causal(transformers.GemmaConfig, **dict(LLAMA, head_dim=12)),
    "smollm3": causal(
        transformers.SmolLM3Config,
        **dict(LLAMA, num_hidden_layers=5, tie_word_embeddings=True)),
    "stablelm": causal(
        transformers.StableLmConfig, **dict(LLAMA, use_qkv_bias=True)),
    "nemotron": causal(transformers.NemotronConfig, **LLAMA),
    "starcoder2": causal(
        transformers.Starcoder2Config,
        **dict(LLAMA, sliding_window=24, tie_word_embeddings=True)),
    "ernie4-5": causal(
        transformers.Ernie4_5Config,
        **dict(LLAMA, head_dim=12, use_bias=True)),
    "phi3": causal(
        transformers.Phi3Config,
        **dict(LLAMA, sliding_window=24, rope_parameters=dict(
            rope_type="default", rope_theta=10000.0,
            partial_rotary_factor=0.75))),
    "mixtral": causal(
        transformers.MixtralConfig,
        **dict(LLAMA, num_local_experts=4, sliding_window=24)),
    "qwen3-moe": causal(
        transformers.Qwen3MoeConfig,
        **dict(LLAMA, head_dim=12, num_experts=8, num_experts_per_tok=3,
               moe_intermediate_size=24, mlp_only_layers=[1],
               norm_topk_prob=True)),
    "qwen2-moe": causal(
        transformers.Qwen2MoeConfig,
        **dict(LLAMA, num_experts=6, num_experts_per_tok=2,
               moe_intermediate_size=24, shared_expert_intermediate_size=40,
               decoder_sparse_step=2)),
    "olmoe": causal(
        transformers.OlmoeConfig,
        **dict(LLAMA, intermediate_size=24, num_experts=8,
               num_experts_per_tok=3)),
    "granite-moe": causal(
        transformers.GraniteMoeConfig,
        **dict(LLAMA, num_local_experts=6, intermediate_size=40,
               embedding_multiplier=6.0, residual_multiplier=0.3,
               attention_multiplier=0.2, logits_scaling=5.0)),
    "granite-moe-shared": causal(
        transformers.GraniteMoeSharedConfig,
        **dict(LLAMA, num_local_experts=6, intermediate_size=24,
               shared_intermediate_size=40, embedding_multiplier=6.0,
               residual_multiplier=0.3, attention_multiplier=0.2,
               logits_scaling=5.0)),
    "gpt-oss": causal(
        transformers.GptOssConfig,
        **dict(LLAMA, head_dim=16, num_local_experts=6, num_experts_per_tok=2,
               intermediate_size=32, sliding_window=24,
               rope_parameters=dict(
                   rope_type="yarn", rope_theta=150000.0, factor=4.0,
                   beta_fast=32.0, beta_slow=1.0, truncate=False,
                   original_max_position_embeddings=64))),
    "phimoe": causal(
        transformers.PhimoeConfig,
        **dict(LLAMA, intermediate_size=24, num_local_experts=6,
               attention_bias=True, lm_head_bias=True,
               router_jitter_noise=0.4)),
    "ernie4-5-moe": causal(
        transformers.Ernie4_5_MoeConfig,
        **dict(LLAMA, moe_num_experts=6, moe_k=2, moe_intermediate_size=24,
               moe_num_shared_experts=2, moe_layer_start_index=1,
               tie_word_embeddings=True)),
    "glm4-moe": causal(
        transformers.Glm4MoeConfig,
        **dict(LLAMA, head_dim=12, n_routed_experts=8, num_experts_per_tok=3,
               moe_intermediate_size=24, n_group=4, topk_group=2,
               first_k_dense_replace=1, use_qk_norm=True, attention_bias=True,
               routed_scaling_factor=1.7,
               rope_parameters=dict(rope_type="default", rope_theta=10000.0,
                                    partial_rotary_factor=0.5))),
    "dbrx": causal(
        transformers.DbrxConfig, vocab_size=VOCAB, d_model=48, n_heads=6,
        n_layers=3, max_seq_len=512,
        ffn_config=dict(ffn_hidden_size=24, moe_num_experts=6, moe_top_k=2),
        attn_config=dict(kv_n_heads=2, clip_qkv=1.5, rope_theta=10000.0)),
    "gpt2": causal(
        transformers.GPT2Config, vocab_size=VOCAB, n_embd=48, n_layer=2,
        n_head=3, n_inner=100, n_positions=256, bos_token_id=0,
        eos_token_id=2),
}
