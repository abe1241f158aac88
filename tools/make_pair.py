"""Makes models of real shapes and made-up values, for benches and for trying large files.

    python tools/make_pair.py FOLDER [CASE ...]        numpy is all it needs; a case that is there already is left alone

    minilm      a to j: ten models with all-MiniLM-L6-v2's names and shapes, float32, 91 MB each
    qwen3-0.6b  a and b: Qwen3-0.6B's names and shapes, bfloat16, 1.19 GB each
    qwen3-5gb   a and b: Qwen3-4B's names and shapes with 21 of its 36 layers, bfloat16, 5.0 GB each in shards of 2 GB

Each folder holds what Shaker, LM_Cocktail and mergekit need to open it: config.json, a small tokenizer, safetensors. Values are
normal with a standard deviation of 0.02; `b` and later ones are `a` with noise of 0.002, as a fine-tune is. They come from one
block of 4 Mi seeded normals, read from places that tensor and model decide: equal names give equal bytes on every machine.

Source: shapes from https://huggingface.co/Qwen/Qwen3-0.6B, Qwen3-4B and sentence-transformers/all-MiniLM-L6-v2, config.json.
"""
import json
import shutil
import sys
import zlib
from math import prod
from pathlib import Path

import numpy as np

BLOCK = np.random.default_rng(5).standard_normal(1 << 22, dtype=np.float32)
SHARD_BYTES = 2 * 10**9
DTYPES = {"BF16": ("bfloat16", 2), "F32": ("float32", 4)}
BERT_FILES = Path(__file__).parent.parent / "test/fixtures/golden/bert/a"


def bert_shapes(config):
    d, wide = config["hidden_size"], config["intermediate_size"]
    shapes = {
        "embeddings.word_embeddings.weight": (config["vocab_size"], d),
        "embeddings.position_embeddings.weight": (config["max_position_embeddings"], d),
        "embeddings.token_type_embeddings.weight": (config["type_vocab_size"], d),
        "pooler.dense.weight": (d, d),
        "pooler.dense.bias": (d,),
    }
    norms = ["embeddings.LayerNorm"]
    for layer in range(config["num_hidden_layers"]):
        prefix = f"encoder.layer.{layer}"
        linear = {f"attention.self.{part}": (d, d) for part in ("query", "key", "value")}
        linear |= {"attention.output.dense": (d, d), "intermediate.dense": (wide, d), "output.dense": (d, wide)}
        for name, shape in linear.items():
            shapes[f"{prefix}.{name}.weight"] = shape
            shapes[f"{prefix}.{name}.bias"] = shape[:1]
        norms += [f"{prefix}.attention.output.LayerNorm", f"{prefix}.output.LayerNorm"]
    return shapes | {f"{norm}.{part}": (d,) for norm in norms for part in ("weight", "bias")}


def qwen3_shapes(config):
    d, wide, head = config["hidden_size"], config["intermediate_size"], config["head_dim"]
    queries, keys = config["num_attention_heads"] * head, config["num_key_value_heads"] * head
    shapes = {"model.embed_tokens.weight": (config["vocab_size"], d), "model.norm.weight": (d,)}
    for layer in range(config["num_hidden_layers"]):
        parts = {
            "input_layernorm": (d,),
            "mlp.down_proj": (d, wide),
            "mlp.gate_proj": (wide, d),
            "mlp.up_proj": (wide, d),
            "post_attention_layernorm": (d,),
            "self_attn.k_norm": (head,),
            "self_attn.k_proj": (keys, d),
            "self_attn.o_proj": (d, queries),
            "self_attn.q_norm": (head,),
            "self_attn.q_proj": (queries, d),
            "self_attn.v_proj": (keys, d),
        }
        shapes |= {f"model.layers.{layer}.{part}.weight": shape for part, shape in parts.items()}
    return shapes


def qwen3_config(**sizes):
    return {
        "architectures": ["Qwen3ForCausalLM"],
        "attention_bias": False,
        "attention_dropout": 0.0,
        "bos_token_id": 256,
        "eos_token_id": 256,
        "head_dim": 128,
        "hidden_act": "silu",
        "initializer_range": 0.02,
        "max_position_embeddings": 40960,
        "max_window_layers": sizes["num_hidden_layers"],
        "model_type": "qwen3",
        "num_key_value_heads": 8,
        "rms_norm_eps": 1e-06,
        "rope_scaling": None,
        "rope_theta": 1000000,
        "sliding_window": None,
        "tie_word_embeddings": True,
        "torch_dtype": "bfloat16",
        "use_cache": True,
        "use_sliding_window": False,
        "vocab_size": 151936,
    } | sizes


MINILM = json.loads((BERT_FILES / "config.json").read_text()) | {
    "hidden_size": 384,
    "initializer_range": 0.02,
    "intermediate_size": 1536,
    "max_position_embeddings": 512,
    "num_attention_heads": 12,
    "num_hidden_layers": 6,
    "vocab_size": 30522,
}
QWEN3_06B = qwen3_config(hidden_size=1024, intermediate_size=3072, num_attention_heads=16, num_hidden_layers=28)
QWEN3_5GB = qwen3_config(hidden_size=2560, intermediate_size=9728, num_attention_heads=32, num_hidden_layers=21)

CASES = {
    "minilm": ("F32", MINILM, bert_shapes, "abcdefghij"),
    "qwen3-0.6b": ("BF16", QWEN3_06B, qwen3_shapes, "ab"),
    "qwen3-5gb": ("BF16", QWEN3_5GB, qwen3_shapes, "ab"),
}


def normals(key, count):
    """`count` values of the block, from a place that `key` decides, in pieces."""
    start = zlib.crc32(key.encode()) % BLOCK.size
    while count > 0:
        piece = BLOCK[start : start + count]
        yield piece
        count, start = count - piece.size, 0


def values(model, name, count):
    """A tensor's values, (count,) float32: those of model a, and noise for any other. A gain is near 1, as in a trained model."""
    base = np.concatenate(list(normals(name, count))) * np.float32(0.02)
    if "norm" in name.lower() and name.endswith("weight"):
        base += np.float32(1)
    if model != "a":
        base += np.concatenate(list(normals(f"{model} {name}", count))) * np.float32(0.002)
    return base


def encode(dtype, numbers):
    if dtype == "F32":
        return numbers.tobytes()
    bits = numbers.view(np.uint32)
    # to nearest, ties to even; all values are finite
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16).tobytes()


def write_shard(path, dtype, model, shapes):
    width, header, end = DTYPES[dtype][1], {"__metadata__": {"format": "pt"}}, 0
    for name, shape in shapes.items():
        start, end = end, end + prod(shape) * width
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name, shape in shapes.items():
            file.write(encode(dtype, values(model, name, prod(shape))))


def write_checkpoint(folder, dtype, model, shapes):
    shapes, width = dict(sorted(shapes.items())), DTYPES[dtype][1]
    shards, room = [{}], SHARD_BYTES
    for name, shape in shapes.items():
        size = prod(shape) * width
        if size > room and shards[-1]:
            shards.append({})
            room = SHARD_BYTES
        shards[-1][name] = shape
        room -= size
    if len(shards) == 1:
        write_shard(folder / "model.safetensors", dtype, model, shapes)
        return
    places = {}
    for s, shard in enumerate(shards, 1):
        path = f"model-{s:05d}-of-{len(shards):05d}.safetensors"
        write_shard(folder / path, dtype, model, shard)
        places |= dict.fromkeys(shard, path)
    total = sum(prod(shape) for shape in shapes.values()) * width
    index = {"metadata": {"total_size": total}, "weight_map": places}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2))


def byte_letters():
    """The printable letter of each byte, as byte-level tokenizers write it. Source: GPT-2's encoder.py, bytes_to_unicode."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = iter(range(256, 512))
    return [chr(byte if byte in printable else next(hidden)) for byte in range(256)]


def write_byte_tokenizer(folder):
    end = "<|endoftext|>"
    special = {"id": 256, "content": end, "special": True}
    special |= dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    vocabulary = {letter: id for id, letter in enumerate(byte_letters())} | {end: 256}
    model = {"type": "BPE", "dropout": None, "unk_token": None, "vocab": vocabulary, "merges": []}
    tokenizer = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [special]}
    tokenizer |= {"normalizer": None, "pre_tokenizer": level, "post_processor": None, "decoder": level, "model": model}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False))
    words = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": end, "pad_token": end, "model_max_length": 40960}
    (folder / "tokenizer_config.json").write_text(json.dumps(words, indent=2))


def write_small_files(folder, config):
    if config["model_type"] != "bert":
        write_byte_tokenizer(folder)
    else:
        shutil.copytree(BERT_FILES, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.safetensors"))
        pooling = folder / "1_Pooling/config.json"
        stated = json.loads(pooling.read_text()) | {"word_embedding_dimension": config["hidden_size"]}
        pooling.write_text(json.dumps(stated, indent=1))
    (folder / "config.json").write_text(json.dumps(config, indent=2))


def make(target, case):
    dtype, config, shapes_of, models = CASES[case]
    for model in models:
        folder = target / case / model
        if folder.exists():
            continue
        unfinished = target / case / f"{model}.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        write_small_files(unfinished, config)
        write_checkpoint(unfinished, dtype, model, shapes_of(config))
        unfinished.rename(folder)
        print(folder, f"{sum(file.stat().st_size for file in folder.rglob('*')) / 1e6:.0f} MB", flush=True)


if len(sys.argv) < 2:
    sys.exit(__doc__)
for wanted in sys.argv[2:] or CASES:
    make(Path(sys.argv[1]), wanted)
