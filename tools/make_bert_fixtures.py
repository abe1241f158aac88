"""
Makes test/fixtures/bert-variants: one tiny BERT, and what torch, transformers and sentence-transformers compute with it.

    model.safetensors, config.json, sentence_bert_config.json  the model; its tokenizer is the one of fixtures/golden/bert
    expected.json  embeddings of some texts by activation and pooling, and with another layer norm epsilon
    tokens.json    token ids under settings of tokenizer_config.json that overrule tokenizer.json

Needs torch, transformers 4.57, sentence-transformers and safetensors:  python tools/make_bert_fixtures.py
Everything is computed from constants and from test/fixtures/golden: running it again changes nothing.
"""

import json
import pathlib
import shutil
import tempfile

import torch
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer
from transformers import AutoTokenizer, BertConfig, BertModel

fixtures = pathlib.Path(__file__).parent.parent / "test" / "fixtures"
tokenizer_folder = fixtures / "golden" / "bert" / "a"
out = fixtures / "bert-variants"

activations = ["gelu", "gelu_new", "gelu_pytorch_tanh", "relu", "silu", "swish", "tanh"]
modes = {"mean": "mean_tokens", "cls": "cls_token", "max": "max_tokens", "lasttoken": "lasttoken"}
max_tokens = 40
# of very different lengths, so that a batch is padded; the last is longer than the model takes
texts = [
    "how do I cook bread",
    "Mars",
    "soup needs flour, salt, water and a little patience.",
    "To cook noodles, warm the pan, add oil and stir until golden. " * 3,
]


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1) + "\n")


def compact(rows):
    """Nine digits give every float32 back."""
    return [[float(f"{value:.9g}") for value in row] for row in rows]


def make_model():
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=363,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=max_tokens,
        hidden_act="gelu",
    )
    model = BertModel(config, add_pooling_layer=False)
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            if "embeddings" in name and "LayerNorm" not in name:
                # a small variance under the first layer norm, so that its epsilon counts
                tensor.normal_(0, 0.02)
            elif name.endswith("LayerNorm.weight"):
                tensor.uniform_(0.7, 1.3)
            elif name.endswith("bias"):
                tensor.normal_(0, 0.3)
            else:
                # activations of about 2, where the forms of gelu differ most
                tensor.normal_(0, 0.5)
    fields = json.loads(config.to_json_string(use_diff=False))
    keep = [
        "hidden_act", "hidden_size", "intermediate_size", "layer_norm_eps", "max_position_embeddings", "model_type",
        "num_attention_heads", "num_hidden_layers", "pad_token_id", "position_embedding_type", "type_vocab_size", "vocab_size",
    ]  # fmt: skip
    write_json(out / "config.json", {"architectures": ["BertModel"], **{field: fields[field] for field in keep}})
    write_json(out / "sentence_bert_config.json", {"max_seq_length": max_tokens, "do_lower_case": False})
    save_file(model.state_dict(), out / "model.safetensors", metadata={"format": "pt"})


def embed(changes, mode):
    """Embeddings by sentence-transformers, opened from a folder as it would be published."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for file in ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"]:
            shutil.copy(tokenizer_folder / file, folder / file)
        for file in ["model.safetensors", "sentence_bert_config.json"]:
            shutil.copy(out / file, folder / file)
        write_json(folder / "config.json", json.loads((out / "config.json").read_text()) | changes)
        kinds = {"": "Transformer", "1_Pooling": "Pooling"}
        write_json(
            folder / "modules.json",
            [
                {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
                for i, (path, kind) in enumerate(kinds.items())
            ],
        )
        pooling = {f"pooling_mode_{key}": key == modes[mode] for key in modes.values()}
        write_json(folder / "1_Pooling" / "config.json", {"word_embedding_dimension": 16, **pooling})
        model = SentenceTransformer(str(folder), device="cpu")
        return model.encode(texts, batch_size=len(texts))


def embeddings():
    variants = [{"hidden_act": name} for name in activations] + [{"layer_norm_eps": 1e-5}]
    rows = [
        {"config": changes, "pooling": mode, "embeddings": compact(embed(changes, mode))}
        for changes in variants
        for mode in modes
    ]
    # every variant is one that a wrong formula would miss by far more than the tests' tolerance
    plain = {row["pooling"]: torch.tensor(row["embeddings"]) for row in rows if row["config"] == {"hidden_act": "gelu"}}
    for row in rows:
        if row["config"] != {"hidden_act": "gelu"}:
            assert (torch.tensor(row["embeddings"]) - plain[row["pooling"]]).abs().max() > 1e-4, row["config"]
    write_json(out / "expected.json", {"texts": texts, "variants": rows})


def tokens():
    bert = {"tokenizer_class": "BertTokenizerFast"}
    cases = [
        ({}, 128, "Ünïcödé CAFÉ 北京"),
        (bert, 128, "Ünïcödé CAFÉ 北京"),
        (bert | {"do_lower_case": False}, 128, "Ünïcödé CAFÉ café 北京"),
        (bert | {"do_lower_case": False, "strip_accents": True}, 128, "naïve café Mars"),
        (bert | {"strip_accents": False}, 128, "naïve CAFÉ"),
        (bert | {"tokenize_chinese_chars": False}, 128, "bread北京soup"),
        ({"tokenizer_class": "BertTokenizer", "do_lower_case": False}, 128, "Mars mars"),
        ({}, 8, "Mars is so far away that its light takes a long time"),
        ({"truncation_side": "left"}, 8, "Mars is so far away that its light takes a long time"),
        ({}, 3, "how do I cook bread"),
        ({}, 2, "how do I cook bread"),
        ({"truncation_side": "left"}, 3, "how do I cook bread"),
        ({}, 128, ""),
        ({}, 128, "[MASK] is a [SEP] token"),
    ]
    rows = []
    for settings, limit, text in cases:
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            shutil.copy(tokenizer_folder / "tokenizer.json", folder / "tokenizer.json")
            shutil.copy(tokenizer_folder / "special_tokens_map.json", folder / "special_tokens_map.json")
            written = json.loads((tokenizer_folder / "tokenizer_config.json").read_text())
            write_json(folder / "tokenizer_config.json", written | settings)
            tokenizer = AutoTokenizer.from_pretrained(folder)
            ids = tokenizer(text, truncation=True, max_length=limit)["input_ids"]
        rows.append({"settings": settings, "maxTokens": limit, "text": text, "ids": ids})
    write_json(out / "tokens.json", rows)


make_model()
embeddings()
tokens()
