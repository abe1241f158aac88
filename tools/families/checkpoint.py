"""
Opens a model's folder as the reference does under transformers 4: one class a kind, every value in float32.

Knows folders and classes; what is computed with them is in reference.py.
"""

import json
import pathlib
from dataclasses import dataclass, field
from typing import Any

import torch
import transformers
from safetensors.torch import load_file
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    AutoModelForSequenceClassification,
)
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

Tensors = dict[str, torch.Tensor]
Json = dict[str, Any]

classes = {
    "encoder": AutoModel,
    "decoder": AutoModelForCausalLM,
    "encoder-decoder": AutoModelForSeq2SeqLM,
    "reranker": AutoModelForSequenceClassification,
}

is_four = transformers.__version__.startswith("4.")


def read_json(path: pathlib.Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def rope_of_four(fields: Json) -> Json:
    """transformers 5 writes `rope_parameters`, which 4 passes over in silence: the same in 4's own fields."""
    fields = dict(fields)
    written = fields.pop("rope_parameters")
    layers = written if "full_attention" in written else {"full_attention": written}
    full, local = dict(layers["full_attention"]), layers.get("sliding_attention", {})
    theta = full.pop("rope_theta")
    if fields["model_type"] == "modernbert":
        full_layers = [i for i, kind in enumerate(fields["layer_types"]) if kind == "full_attention"]
        every = full_layers[1] if len(full_layers) > 1 else len(fields["layer_types"])
        thetas = {"global_rope_theta": theta, "local_rope_theta": local["rope_theta"]}
        return fields | thetas | {"global_attn_every_n_layers": every}
    fields |= {"rope_theta": theta, "rope_scaling": None if full.get("rope_type") == "default" else full}
    return fields | {"rope_local_base_freq": local["rope_theta"]} if local else fields


def read_config(folder: pathlib.Path) -> Any:
    fields = read_json(folder / "config.json")
    if is_four and "rope_parameters" in fields:
        return CONFIG_MAPPING[fields["model_type"]].from_dict(rope_of_four(fields))
    return AutoConfig.from_pretrained(folder)


@dataclass
class Dense:
    """sentence-transformers' module of that name: activation(x W^T + b)."""

    fields: Json
    tensors: Tensors

    def apply(self, rows: torch.Tensor) -> torch.Tensor:
        linear = torch.nn.functional.linear(rows, self.tensors["linear.weight"], self.tensors.get("linear.bias"))
        activation: torch.nn.Module = getattr(torch.nn, self.fields["activation_function"].rsplit(".", 1)[1])()
        return activation(linear)


@dataclass
class Modules:
    """What modules.json and the files beside it say; the defaults where there are none."""

    pooling: str | None = None
    dense: list[Dense] = field(default_factory=list)
    max_tokens: int | None = None
    query_prompt: str = ""
    passage_prompt: str = ""


def read_modules(folder: pathlib.Path) -> Modules:
    modules = Modules()
    if not (folder / "modules.json").exists():
        return modules
    for module in read_json(folder / "modules.json"):
        kind = module["type"].rsplit(".", 1)[1]
        place = folder / module["path"]
        if kind == "Pooling":
            modes = {key: on for key, on in read_json(place / "config.json").items() if key.startswith("pooling_mode_")}
            (mode,) = [key for key, on in modes.items() if on]
            modules.pooling = mode.removeprefix("pooling_mode_").removesuffix("_tokens").removesuffix("_token")
        elif kind == "Dense":
            tensors = {name: tensor.float() for name, tensor in load_file(place / "model.safetensors").items()}
            modules.dense.append(Dense(read_json(place / "config.json"), tensors))
    modules.max_tokens = read_json(folder / "sentence_bert_config.json")["max_seq_length"]
    prompts = read_json(folder / "config_sentence_transformers.json").get("prompts", {})
    modules.query_prompt = prompts.get("query", "")
    modules.passage_prompt = prompts.get("document", prompts.get("passage", ""))
    return modules


@dataclass
class Model:
    net: Any
    modules: Modules
    missing: list[str]  # in no file, and not tied to what is: transformers made it up


def open_model(folder: pathlib.Path, kind: str, attention: str | None = None) -> Model:
    torch.manual_seed(0)  # a pooler that the file lacks is made up: the same one every time
    options: Json = {"attn_implementation": attention} if attention else {}
    net, info = classes[kind].from_pretrained(
        folder, config=read_config(folder), dtype=torch.float32, output_loading_info=True, **options
    )
    return Model(net.eval(), read_modules(folder), sorted(info["missing_keys"]))
