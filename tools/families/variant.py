"""
What a variant is, and the shapes that all variants of a family share in each size.

`small` is for fixtures; `odd` has counts and widths that divide nothing and a vocabulary beyond the tokenizer's, to
catch graphs that took one shape for another.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from families.checkpoint import Json, Tensors
from families.reference import Run

Rename = Callable[[Tensors, Json], Tensors]

# in `written`: the field is taken out of config.json, as where another writer does not know it
absent = object()

three_runs = (Run(2, 5.0), Run(1, 1.0), Run(5, 0.2))


@dataclass(frozen=True)
class Variant:
    """One family: how its models are made, and what of them is asked."""

    golden: str  # the golden family whose tokenizer, token ids and vocabulary size it takes
    saved: str  # transformers' class that saves the files; the reference opens them by its own classes
    kind: str
    config: Json = field(default_factory=dict)
    odd: Json = field(default_factory=dict)  # over `config`, in that size
    dtype: str = "float32"  # of all models, or of each in turn: "float32,float16"
    form: Literal["safetensors", "sharded", "bin"] = "safetensors"
    pooling: str | None = None
    dense: Json | None = None
    written: Json = field(default_factory=dict)  # fields of config.json as another writer spells them; read so, too
    rename: Rename | None = None  # makes the file's tensors from the saved ones and the fields of config.json
    unlike: list[Json] = field(default_factory=list)  # with each, outputs or losses must differ visibly
    runs: tuple[Run, ...] = three_runs
    own: bool = True
    attention: str | None = None


bert = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2}
bert_odd = {"hidden_size": 21, "intermediate_size": 37, "num_hidden_layers": 3, "num_attention_heads": 3}
llama = bert | {"num_key_value_heads": 1, "head_dim": 8}
llama_odd = {
    "hidden_size": 18,
    "intermediate_size": 37,
    "num_hidden_layers": 3,
    "num_attention_heads": 6,
    "num_key_value_heads": 3,
}
llama_odd |= {"head_dim": 10}

# (small, odd) by transformers' model_type
shapes: dict[str, tuple[Json, Json]] = {
    "bert": (bert, bert_odd),
    "roberta": (bert | {"max_position_embeddings": 130}, bert_odd | {"max_position_embeddings": 131}),
    "xlm-roberta": (bert | {"max_position_embeddings": 130}, bert_odd | {"max_position_embeddings": 131}),
    "mpnet": (bert | {"max_position_embeddings": 130}, bert_odd | {"max_position_embeddings": 133}),
    "electra": (bert | {"embedding_size": 12}, bert_odd | {"embedding_size": 11}),
    "distilbert": (
        {"dim": 16, "hidden_dim": 24, "n_layers": 2, "n_heads": 2},
        {"dim": 21, "hidden_dim": 37, "n_layers": 3, "n_heads": 3},
    ),
    "modernbert": (
        bert,
        {"hidden_size": 30, "intermediate_size": 37, "num_hidden_layers": 5, "num_attention_heads": 3},
    ),
    "llama": (llama, llama_odd),
    "mistral": (llama, llama_odd),
    # qwen2 has no head_dim of its own
    "qwen2": (
        bert | {"num_key_value_heads": 1},
        {
            "hidden_size": 30,
            "intermediate_size": 37,
            "num_hidden_layers": 3,
            "num_attention_heads": 5,
            "num_key_value_heads": 1,
        },
    ),
    "qwen3": (llama, llama_odd),
    "gemma3_text": (llama | {"query_pre_attn_scalar": 8}, llama_odd | {"query_pre_attn_scalar": 10}),
    "gpt2": ({"n_embd": 16, "n_layer": 2, "n_head": 2}, {"n_embd": 21, "n_layer": 3, "n_head": 3}),
    "t5": (
        {"d_model": 16, "d_kv": 6, "d_ff": 24, "num_layers": 2, "num_heads": 2},
        {"d_model": 18, "d_kv": 7, "d_ff": 37, "num_layers": 3, "num_decoder_layers": 2, "num_heads": 5},
    ),
    "opt": (
        {"hidden_size": 16, "ffn_dim": 24, "num_hidden_layers": 2, "num_attention_heads": 2, "word_embed_proj_dim": 16},
        {"hidden_size": 21, "ffn_dim": 37, "num_hidden_layers": 3, "num_attention_heads": 3, "word_embed_proj_dim": 21},
    ),
    "gpt_neox": (bert | {"rotary_pct": 0.5}, {**bert_odd, "hidden_size": 30, "rotary_pct": 0.6}),
}
