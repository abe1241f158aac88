"""Variants of the decoders and encoder-decoders."""

from typing import Any

import torch

from families.checkpoint import Json, Tensors
from families.reference import Run
from families.variant import Variant, absent


def decoder(golden: str, saved: str, **rest: Any) -> Variant:
    return Variant(golden, saved, "decoder", **rest)


def t5(**rest: Any) -> Variant:
    return Variant("t5", "T5ForConditionalGeneration", "encoder-decoder", **rest)


def llama(**rest: Any) -> Variant:
    return decoder(
        "llama",
        "LlamaForCausalLM",
        **{"dtype": "bfloat16", **rest, "config": {"tie_word_embeddings": True} | rest.get("config", {})},
    )


def with_tied_head(tensors: Tensors, fields: Json) -> Tensors:
    return tensors | {"lm_head.weight": tensors["model.embed_tokens.weight"].clone()}


def with_inverse_frequencies(tensors: Tensors, fields: Json) -> Tensors:
    """As transformers before 4.32 saved."""
    dim = fields["head_dim"]
    frequencies = 1.0 / (fields["rope_theta"] ** (torch.arange(0, dim, 2).float() / dim))
    layers = range(fields["num_hidden_layers"])
    return tensors | {f"model.layers.{layer}.self_attn.rotary_emb.inv_freq": frequencies.clone() for layer in layers}


def like_gpt2_of_the_hub(tensors: Tensors, fields: Json) -> Tensors:
    """No prefix, no head, and the causal mask as a tensor in every layer."""
    size = fields["n_positions"]
    mask = torch.ones(size, size, dtype=torch.uint8).tril().view(1, 1, size, size)
    named = {name.removeprefix("transformer."): tensor for name, tensor in tensors.items() if name != "lm_head.weight"}
    for layer in range(fields["n_layer"]):
        named |= {f"h.{layer}.attn.bias": mask.clone(), f"h.{layer}.attn.masked_bias": torch.tensor(-1e4)}
    return named


def like_t5_of_the_hub(tensors: Tensors, fields: Json) -> Tensors:
    """Every tied name, and a bias that the first decoder layer no longer has."""
    shared = tensors["shared.weight"]
    tied = {
        name: shared.clone()
        for name in ["encoder.embed_tokens.weight", "decoder.embed_tokens.weight", "lm_head.weight"]
    }
    bias = torch.zeros(fields["relative_attention_num_buckets"], fields["num_heads"])
    return tensors | tied | {"decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight": bias}


no_layer_types = {"layer_types": absent}
yarn = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64}
wide = {"head_dim": 16}
windows = {"use_sliding_window": True, "sliding_window": 5, "max_window_layers": 1}

variants: dict[str, Variant] = {
    # the golden families again, for other seeds and sizes
    "llama": llama(),
    "llama-untied": llama(
        dtype="float32",
        form="sharded",
        config={
            "tie_word_embeddings": False,
            "rope_theta": 500000.0,
            "rope_scaling": {
                "rope_type": "llama3",
                "factor": 8.0,
                "low_freq_factor": 1.0,
                "high_freq_factor": 4.0,
                "original_max_position_embeddings": 64,
            },
        },
        unlike=[{"rope_scaling": None}],
    ),
    "qwen2": decoder("qwen2", "Qwen2ForCausalLM", config={"tie_word_embeddings": True}),
    "qwen3": decoder("qwen3", "Qwen3ForCausalLM", config={"tie_word_embeddings": True}),
    "gpt2": decoder("gpt2", "GPT2LMHeadModel", form="bin"),
    "gemma3": decoder(
        "gemma3",
        "Gemma3ForCausalLM",
        config={"sliding_window": 16, "sliding_window_pattern": 2},
        unlike=[{"sliding_window": 18}],
    ),
    "t5": t5(config={"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False}),
    # llama's relatives
    "llama-bias": llama(config={"attention_bias": True, "mlp_bias": True}),
    "llama-base": decoder("llama", "LlamaModel", dtype="float16", config={"tie_word_embeddings": True}),
    "llama-headed": llama(rename=with_tied_head),
    "llama-mixed": llama(dtype="bfloat16,float32,float16"),
    "llama-buffers": llama(rename=with_inverse_frequencies),
    "smollm": llama(
        config={"rope_theta": 100000.0, "rope_scaling": None},
        written={
            "head_dim": absent,
            "rope_interleaved": False,
            "is_llama_config": True,
            "dtype": absent,
            "torch_dtype": "bfloat16",
            "pretraining_tp": 1,
            "mlp_bias": absent,
        },
        odd={"head_dim": 3 * 2, "hidden_size": 36},
    ),
    "mistral": decoder(
        "llama",
        "MistralForCausalLM",
        config={"sliding_window": 6},
        dtype="bfloat16",
        unlike=[{"sliding_window": 7}, {"sliding_window": 5}],
    ),
    "mistral-full": decoder(
        "llama",
        "MistralForCausalLM",
        config={"sliding_window": None, "head_dim": 12},
        dtype="float16",
        unlike=[{"sliding_window": 16}],
    ),
    # ropes
    "llama-linear": llama(
        config=wide | {"rope_scaling": {"type": "linear", "factor": 4.0}},
        written={"rope_scaling": {"type": "linear", "factor": 4.0}},
        unlike=[{"rope_scaling": None}],
    ),
    # every text longer than the original length, but for the last run, which is cut to less
    "llama-dynamic": llama(
        config=wide | {"max_position_embeddings": 18, "rope_scaling": {"rope_type": "dynamic", "factor": 2.0}},
        unlike=[{"rope_scaling": None}],
        runs=(Run(2, 5.0), Run(1, 1.0, 64), Run(5, 0.2, 17)),
    ),
    # texts shorter than the original length, but for the padding
    "llama-dynamic-padded": llama(
        config=wide | {"max_position_embeddings": 64, "rope_scaling": {"type": "dynamic", "factor": 4.0}},
        written={"rope_scaling": {"type": "dynamic", "factor": 4.0}},
        runs=(Run(2, 5.0), Run(1, 1.0, 64), Run(5, 0.2, 65)),
    ),
    "llama-yarn": llama(
        config=wide | {"rope_scaling": yarn}, unlike=[{"rope_scaling": yarn | {"attention_factor": 1.0}}]
    ),
    "llama-yarn-set": llama(
        config=wide | {"rope_scaling": yarn | {"attention_factor": 0.8, "beta_fast": 8.0, "beta_slow": 2.0}},
        unlike=[{"rope_scaling": yarn | {"attention_factor": 0.8}}],
    ),
    "llama-yarn-mscale": llama(
        config=wide
        | {"rope_scaling": yarn | {"factor": 40.0, "mscale": 1.0, "mscale_all_dim": 0.5, "truncate": False}},
        unlike=[{"rope_scaling": yarn | {"factor": 40.0, "mscale": 1.0, "truncate": False}}],
    ),
    # without the original length: yarn then takes the present one
    "qwen2-yarn": decoder(
        "qwen2",
        "Qwen2ForCausalLM",
        config={"tie_word_embeddings": True, "rope_scaling": {"type": "yarn", "factor": 4.0}},
        written={"rope_scaling": {"type": "yarn", "factor": 4.0}},
        unlike=[{"rope_scaling": None}],
    ),
    "llama-five": llama(
        config=wide | {"rope_theta": 1000.0, "rope_scaling": yarn},
        written={
            "rope_theta": absent,
            "rope_scaling": absent,
            "rope_parameters": {**yarn, "rope_theta": 1000.0},
            "transformers_version": "5.0.0",
        },
    ),
    # windows
    "qwen2-sliding": decoder(
        "qwen2",
        "Qwen2ForCausalLM",
        config=windows | {"tie_word_embeddings": True},
        dtype="float16",
        written=no_layer_types,
        unlike=[{"sliding_window": 6}, {"sliding_window": 4}, {"max_window_layers": 0}],
    ),
    "qwen2-untied": decoder("qwen2", "Qwen2ForCausalLM", config={"tie_word_embeddings": False}, dtype="bfloat16"),
    "qwen3-sliding": decoder(
        "qwen3",
        "Qwen3ForCausalLM",
        config=windows | {"tie_word_embeddings": False, "attention_bias": True},
        dtype="bfloat16",
        unlike=[{"max_window_layers": 2}, {"sliding_window": 6}],
        written=no_layer_types,
    ),
    "gemma3-deep": decoder(
        "gemma3",
        "Gemma3ForCausalLM",
        config={
            "num_hidden_layers": 7,
            "sliding_window": 6,
            "sliding_window_pattern": 3,
            "query_pre_attn_scalar": 5,
            "rope_theta": 5000.0,
        },
        odd={"num_hidden_layers": 8},
        dtype="bfloat16",
        written={"layer_types": absent, "_sliding_window_pattern": absent, "sliding_window_pattern": 3},
        unlike=[
            {"query_pre_attn_scalar": 8},
            {"sliding_window": 7},
            {"sliding_window_pattern": 6},
            {"rope_local_base_freq": 5000.0},
        ],
    ),
    "gemma3-linear": decoder(
        "gemma3",
        "Gemma3ForCausalLM",
        config=wide
        | {"sliding_window": 16, "sliding_window_pattern": 2, "rope_theta": 5000.0}
        | {"rope_scaling": {"rope_type": "linear", "factor": 8.0}},
        unlike=[{"rope_scaling": None}],
        dtype="bfloat16",
    ),
    "gemma3-softcap": decoder(
        "gemma3",
        "Gemma3ForCausalLM",
        config={
            "sliding_window": 16,
            "sliding_window_pattern": 2,
            "attn_logit_softcapping": 0.5,
            "final_logit_softcapping": 2.0,
        },
        unlike=[{"final_logit_softcapping": None}],
        dtype="bfloat16",
    ),
    "gemma3-five": decoder(
        "gemma3",
        "Gemma3ForCausalLM",
        config=wide | {"sliding_window": 16, "sliding_window_pattern": 2},
        dtype="bfloat16",
        written={
            "rope_theta": absent,
            "rope_local_base_freq": absent,
            "rope_scaling": absent,
            "rope_parameters": {
                "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 5000.0},
                "sliding_attention": {"rope_type": "default", "rope_theta": 500.0},
            },
        },
    ),
    # the way in which transformers 4 computes attention by default passes both fields over (README.md)
    "gpt2-scaled": decoder(
        "gpt2",
        "GPT2LMHeadModel",
        config={"scale_attn_by_inverse_layer_idx": True, "n_inner": 20, "activation_function": "relu"},
        dtype="bfloat16",
        attention="eager",
        unlike=[{"scale_attn_by_inverse_layer_idx": False}],
    ),
    "gpt2-noscale": decoder(
        "gpt2",
        "GPT2LMHeadModel",
        config={"scale_attn_weights": False},
        attention="eager",
        unlike=[{"scale_attn_weights": True}],
    ),
    "gpt2-hub": decoder(
        "gpt2", "GPT2LMHeadModel", config={"n_positions": 128}, form="bin", rename=like_gpt2_of_the_hub
    ),
    # t5
    "t5-plain": t5(config={"feed_forward_proj": "relu", "tie_word_embeddings": True}),
    "t5-gated-tied": t5(config={"feed_forward_proj": "gated-gelu", "tie_word_embeddings": True}, dtype="bfloat16"),
    "t5-uneven": t5(
        dtype="bfloat16",
        config={
            "feed_forward_proj": "gated-silu",
            "tie_word_embeddings": False,
            "num_layers": 1,
            "num_decoder_layers": 3,
            "relative_attention_num_buckets": 12,
            "relative_attention_max_distance": 20,
        },
        odd={"num_layers": 4, "num_decoder_layers": 1},
    ),
    "t5-hub": t5(
        config={"feed_forward_proj": "relu", "tie_word_embeddings": True}, form="bin", rename=like_t5_of_the_hub
    ),
    "opt": decoder("llama", "OPTForCausalLM", dtype="float16"),
    "opt-post": decoder(
        "llama",
        "OPTForCausalLM",
        config={"do_layer_norm_before": False, "word_embed_proj_dim": 10},
        odd={"word_embed_proj_dim": 9},
    ),
    "gpt-neox": decoder("gpt2", "GPTNeoXForCausalLM", dtype="float16"),
    "gpt-neox-serial": decoder(
        "gpt2",
        "GPTNeoXForCausalLM",
        config={
            "use_parallel_residual": False,
            "tie_word_embeddings": True,
            "attention_bias": False,
            "rotary_emb_base": 500,
            "hidden_act": "gelu_new",
        },
    ),
}
