"""Makes the folders of a variant's models: values by seed, files laid out as published ones are."""

import json
import pathlib
import shutil
from typing import Any

import torch
import transformers
from safetensors.torch import load_file, save_file

from families.checkpoint import Tensors, read_json
from families.variant import Variant, absent, shapes

# how far b and c are from a, in standard deviations of each tensor: their losses differ
noises = {"a": 0.0, "b": 0.35, "c": 0.7}


def write_json(path: pathlib.Path, value: Any, indent: int | None = 1) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(value, indent=indent, ensure_ascii=indent is not None, separators=None if indent else (",", ":"))
    path.write_text(text + "\n", encoding="utf-8")


def config_of(variant: Variant, golden: pathlib.Path, size: str) -> Any:
    taken = read_json(golden / variant.golden / "a" / "config.json")
    kind = getattr(transformers, variant.saved).config_class
    keep = [
        "vocab_size",
        "max_position_embeddings",
        "pad_token_id",
        "bos_token_id",
        "eos_token_id",
        "cls_token_id",
        "sep_token_id",
    ]
    fields = {key: taken[key] for key in keep + ["n_positions", "decoder_start_token_id"] if key in taken}
    small, odd = shapes[kind.model_type]
    fields |= (small if size == "small" else odd) | variant.config | (variant.odd if size == "odd" else {})
    if variant.kind == "reranker":
        fields.setdefault("num_labels", 1)
    if size == "odd":
        fields["vocab_size"] += 13
    return kind(**fields)


def fill(net: Any, generator: torch.Generator) -> None:
    """Values wide enough that every part of the model shows in its outputs."""
    zero_centred = net.config.model_type == "gemma3_text"
    for name, tensor in net.named_parameters():
        if name.endswith("position_embeddings.weight") and getattr(net.config, "sinusoidal_pos_embds", False):
            continue
        norm = tensor.ndim == 1 and name.endswith("weight")
        if norm:
            tensor.uniform_(0.6, 1.4, generator=generator)
            tensor.sub_(1.0 if zero_centred else 0.0)
        elif tensor.ndim == 1:
            tensor.normal_(0, 0.2, generator=generator)
        else:
            tensor.normal_(0, deviation(net.config, name, tensor), generator=generator)


def deviation(config: Any, name: str, tensor: torch.Tensor) -> float:
    """What makes products of normalised inputs about 1: attention is neither flat nor all on one token."""
    if config.model_type == "t5":
        if name == "shared.weight":
            return 1.0  # tied heads are scaled down again
        if name.endswith(".q.weight"):
            return 0.7 / tensor.shape[1] ** 0.5  # its scores are not divided by the root of d_kv
    if "emb" in name or "wte" in name or "wpe" in name or name == "lm_head.weight":
        return 0.35
    if "relative_attention_bias" in name:
        return 0.7
    if any(part in name for part in ["intermediate", "output.dense", "lin1", "lin2", "mlp", "fc", "Dense", "dense_"]):
        return 2.0 / (tensor.shape[0] if config.model_type == "gpt2" else tensor.shape[1]) ** 0.5
    fan_in = tensor.shape[0] if config.model_type == "gpt2" else tensor.shape[1]
    return 1.2 / fan_in**0.5


def write_module_files(folder: pathlib.Path, variant: Variant, width: int, dense: Tensors) -> None:
    kinds = [("", "Transformer"), ("1_Pooling", "Pooling")]
    if variant.dense is not None:
        kinds.append(("2_Dense", "Dense"))
        (folder / "2_Dense").mkdir()
        write_json(folder / "2_Dense" / "config.json", {"in_features": width, **variant.dense})
        save_file(dense, folder / "2_Dense" / "model.safetensors", metadata={"format": "pt"})
    kinds.append((f"{len(kinds)}_Normalize", "Normalize"))
    rows = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (path, kind) in enumerate(kinds)
    ]
    write_json(folder / "modules.json", rows)
    spelled = {"mean": "mean_tokens", "cls": "cls_token", "max": "max_tokens", "mean_sqrt_len": "mean_sqrt_len_tokens"}
    spelled |= {"weightedmean": "weightedmean_tokens", "lasttoken": "lasttoken"}
    modes = {f"pooling_mode_{spelling}": mode == variant.pooling for mode, spelling in spelled.items()}
    write_json(
        folder / "1_Pooling" / "config.json", {"word_embedding_dimension": width, **modes, "include_prompt": True}
    )
    write_json(folder / "sentence_bert_config.json", {"max_seq_length": 128, "do_lower_case": False})
    settings = {"prompts": {"query": "query: "}, "default_prompt_name": None, "similarity_fn_name": "cosine"}
    write_json(
        folder / "config_sentence_transformers.json", {"__version__": {"sentence_transformers": "3.0.0"}, **settings}
    )


def rewrite(folder: pathlib.Path, variant: Variant) -> None:
    """The file's tensors and config.json as another writer left them."""
    path = folder / "config.json"
    fields = read_json(path)
    if variant.rename is not None:
        if variant.form == "bin":
            file = folder / "pytorch_model.bin"
            torch.save(variant.rename(torch.load(file), fields), file)
        else:
            file = folder / "model.safetensors"
            save_file(variant.rename(load_file(file), fields), file, metadata={"format": "pt"})
    fields |= variant.written
    write_json(path, {key: value for key, value in fields.items() if value is not absent})


@torch.no_grad()
def make_models(out: pathlib.Path, variant: Variant, models: str, golden: pathlib.Path, seed: int, size: str) -> None:
    generator = torch.Generator().manual_seed(seed)
    net = getattr(transformers, variant.saved)(config_of(variant, golden, size)).eval()
    fill(net, generator)
    base = {name: tensor.clone() for name, tensor in net.named_parameters()}
    width = base[next(iter(base))].shape[1] if variant.pooling is None else net.config.hidden_size
    dense: Tensors = {}
    if variant.dense is not None:
        outputs = variant.dense["out_features"]
        dense["linear.weight"] = torch.randn(outputs, width, generator=generator) / width**0.5
        if variant.dense["bias"]:
            dense["linear.bias"] = torch.randn(outputs, generator=generator) * 0.2
    dtypes = variant.dtype.split(",")
    for m, model in enumerate(models):
        for name, tensor in net.named_parameters():
            fixed = name.endswith("position_embeddings.weight") and getattr(net.config, "sinusoidal_pos_embds", False)
            tensor.copy_(base[name] if fixed else vary(base[name], noises[model], generator))
        folder = out / model
        folder.mkdir(parents=True)
        copy = getattr(transformers, variant.saved)(net.config)
        copy.load_state_dict(net.state_dict())
        shards = "20KB" if variant.form == "sharded" else "5GB"
        copy.to(getattr(torch, dtypes[m % len(dtypes)])).save_pretrained(
            folder, safe_serialization=variant.form != "bin", max_shard_size=shards
        )
        rewrite(folder, variant)
        if variant.pooling is not None:
            write_module_files(
                folder, variant, width, {name: vary(t, noises[model], generator) for name, t in dense.items()}
            )
        copy_tokenizer(golden / variant.golden / "a", folder)


def vary(tensor: torch.Tensor, noise: float, generator: torch.Generator) -> torch.Tensor:
    spread = tensor.std() if tensor.numel() > 1 else 0.2
    return tensor + noise * spread * torch.randn(tensor.shape, generator=generator)


def copy_tokenizer(source: pathlib.Path, folder: pathlib.Path) -> None:
    # printed for reading it would be half of the folder
    write_json(folder / "tokenizer.json", read_json(source / "tokenizer.json"), indent=None)
    for name in ["tokenizer_config.json", "special_tokens_map.json"]:
        shutil.copy(source / name, folder / name)
