"""Variants of the embedding models and rerankers."""

from typing import Any

import torch

from families.checkpoint import Json, Tensors
from families.variant import Variant, absent


def encoder(golden: str, saved: str, pooling: str = "mean", **rest: Any) -> Variant:
    return Variant(golden, saved, "encoder", pooling=pooling, **rest)


def reranker(golden: str, saved: str, **rest: Any) -> Variant:
    return Variant(golden, saved, "reranker", **{"runs": (), **rest})


def with_position_ids(tensors: Tensors, fields: Json) -> Tensors:
    """As transformers before 4.31 saved."""
    ids = torch.arange(fields["max_position_embeddings"]).unsqueeze(0)
    return {"embeddings.position_ids": ids} | tensors


# as transformers 5 writes it
modernbert_five = {
    "rope_parameters": {
        "full_attention": {"rope_theta": 80000.0, "rope_type": "default"},
        "sliding_attention": {"rope_theta": 500.0, "rope_type": "default"},
    },
    "layer_types": ["full_attention", "sliding_attention", "sliding_attention", "full_attention"],
} | {name: absent for name in ["global_rope_theta", "local_rope_theta", "global_attn_every_n_layers"]}

deep_modernbert = {
    "num_hidden_layers": 4,
    "global_attn_every_n_layers": 3,
    "local_attention": 8,
    "local_rope_theta": 500.0,
}
identity = "torch.nn.modules.linear.Identity"

variants: dict[str, Variant] = {
    # the golden families again, for other seeds and sizes
    "bert": encoder("bert", "BertModel"),
    "bert-cls": encoder("bert-cls", "BertModel", "cls", dtype="float16"),
    "xlmr": encoder("xlmr", "XLMRobertaModel"),
    "roberta": encoder("roberta", "RobertaModel", form="sharded"),
    "distil": encoder("distil", "DistilBertModel"),
    "mpnet": encoder("mpnet", "MPNetModel"),
    "modernbert": encoder(
        "modernbert",
        "ModernBertModel",
        "cls",
        config={"global_attn_every_n_layers": 2, "local_attention": 16, "local_rope_theta": 10000.0},
    ),
    "electra": encoder("electra", "ElectraModel"),
    "qwen3-embed": encoder("qwen3-embed", "Qwen3Model", "lasttoken", runs=()),
    "rerank-bert": reranker("rerank-bert", "BertForSequenceClassification"),
    "rerank-xlmr": reranker("rerank-xlmr", "XLMRobertaForSequenceClassification", dtype="float16"),
    # activations
    "bert-gelu-new": encoder("bert", "BertModel", config={"hidden_act": "gelu_new"}, unlike=[{"hidden_act": "relu"}]),
    "bert-relu": encoder("bert", "BertModel", config={"hidden_act": "relu"}, unlike=[{"hidden_act": "gelu"}]),
    "bert-silu": encoder(
        "bert", "BertModel", config={"hidden_act": "silu"}, unlike=[{"hidden_act": "gelu"}], dtype="bfloat16"
    ),
    "distil-relu": encoder(
        "distil", "DistilBertModel", dtype="float16", config={"activation": "relu"}, unlike=[{"activation": "gelu"}]
    ),
    # pooling and what follows it
    "bert-max": encoder("bert", "BertModel", "max"),
    "bert-lasttoken": encoder("bert", "BertModel", "lasttoken"),
    "bert-weightedmean": encoder("bert", "BertModel", "weightedmean"),
    "bert-meansqrt": encoder("bert", "BertModel", "mean_sqrt_len"),
    "bert-dense": encoder(
        "bert",
        "BertModel",
        dtype="float16",
        dense={"out_features": 10, "bias": True, "activation_function": "torch.nn.modules.activation.Tanh"},
    ),
    "bert-dense-plain": encoder(
        "bert", "BertModel", "cls", dense={"out_features": 20, "bias": False, "activation_function": identity}
    ),
    # how checkpoints name and hold things
    "bert-mixed": encoder("bert", "BertModel", dtype="float32,float16,bfloat16"),
    "bert-mlm": encoder("bert", "BertForMaskedLM", written={"architectures": ["BertForMaskedLM"]}),
    "bert-buffers": encoder("bert", "BertModel", form="bin", rename=with_position_ids),
    # shapes of families
    "roberta-types": encoder("roberta", "RobertaModel", config={"type_vocab_size": 2}),
    "electra-same": encoder(
        "electra", "ElectraModel", dtype="float16", config={"embedding_size": 16}, odd={"embedding_size": 21}
    ),
    "distil-sinusoidal": encoder("distil", "DistilBertModel", config={"sinusoidal_pos_embds": True}),
    # transformers takes 32 buckets whatever the field says, so that fewer than 32 cannot run
    "mpnet-odd": encoder("mpnet", "MPNetModel", dtype="bfloat16", config={"relative_attention_num_buckets": 48}),
    "modernbert-bias": encoder(
        "modernbert",
        "ModernBertModel",
        "cls",
        config={
            "norm_bias": True,
            "attention_bias": True,
            "mlp_bias": True,
            "global_attn_every_n_layers": 2,
            "local_attention": 12,
        },
    ),
    "modernbert-deep": encoder(
        "modernbert",
        "ModernBertModel",
        dtype="bfloat16",
        config=deep_modernbert,
        unlike=[{"local_attention": 10}, {"local_attention": 6}, {"global_attn_every_n_layers": 2}],
    ),
    "modernbert-theta": encoder(
        "modernbert",
        "ModernBertModel",
        config=deep_modernbert | {"local_rope_theta": None, "global_rope_theta": 5000.0},
        unlike=[{"local_rope_theta": 10000.0}],
    ),
    "modernbert-five": encoder(
        "modernbert",
        "ModernBertModel",
        config={"num_hidden_layers": 4, "local_attention": 8},
        odd={"num_hidden_layers": 4},
        written=modernbert_five,
    ),
    # heads
    "rerank-roberta": reranker("roberta", "RobertaForSequenceClassification"),
    "rerank-modernbert": reranker(
        "modernbert", "ModernBertForSequenceClassification", config=deep_modernbert | {"classifier_pooling": "cls"}
    ),
    "rerank-modernbert-mean": reranker(
        "modernbert",
        "ModernBertForSequenceClassification",
        config=deep_modernbert | {"classifier_pooling": "mean", "classifier_bias": True, "norm_bias": True},
        unlike=[{"classifier_pooling": "cls"}],
        dtype="float16",
    ),
    "rerank-electra": reranker("electra", "ElectraForSequenceClassification"),
    "rerank-distil": reranker("distil", "DistilBertForSequenceClassification"),
    "rerank-mpnet": reranker("mpnet", "MPNetForSequenceClassification"),
    "rerank-two": reranker("rerank-bert", "BertForSequenceClassification", config={"num_labels": 2}, own=False),
}
