"""
Shows that a mixture in several files is a checkpoint that Python reads.

    python tools/verify_shards.py OUT.zip

OUT.zip is Shaker's output. Every CRC-32 is checked; the index has to name every tensor of every file once and state
the bytes of all values; no file but one of a single tensor may hold more than the recipe's `shardBytes`; transformers
has to load the folder without a missing or unexpected tensor but a pooler's.
Prints what it found; exits 1 when anything is not as it should be.

Needs torch, safetensors and transformers.
"""

import json
import os
import sys
import tempfile
import zipfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

from safetensors import safe_open
from safetensors.torch import load_file
from transformers import AutoModel

INDEX = "model.safetensors.index.json"


def main(zip_path):
    with tempfile.TemporaryDirectory() as unpacked:
        with zipfile.ZipFile(zip_path) as archive:
            print(f"zip        {os.path.getsize(zip_path)} bytes, {len(archive.namelist())} entries")
            problems = [f"{name} is damaged" for name in [archive.testzip()] if name is not None]
            archive.extractall(unpacked)
        [folder] = Path(unpacked).iterdir()
        problems += check_index(folder) + check_split(folder) + check_transformers(folder)
    for problem in problems:
        print(f"WRONG      {problem}")
    return 1 if problems else 0


def check_index(folder):
    index = json.loads((folder / INDEX).read_text("utf-8"))
    found, total = {}, 0
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, "pt") as file:
            for name in file.keys():
                found[name] = path.name
        size = sum(tensor.nbytes for tensor in load_file(path).values())
        total += size
        print(f"file       {path.name}: {size} bytes of values")
    same = found == index["weight_map"] and total == index["metadata"]["total_size"]
    print(f"index      {len(found)} tensors, {total} bytes")
    return [] if same else ["the index is not of these files"]


def check_split(folder):
    limit = json.loads((folder / "recipe.json").read_text("utf-8"))["shardBytes"]
    print(f"recipe     {limit} bytes a file")
    return [f"{path.name} is larger than asked for" for path in folder.glob("*.safetensors") if over(path, limit)]


def over(path, limit):
    sizes = [tensor.nbytes for tensor in load_file(path).values()]
    return sum(sizes) > limit and len(sizes) > 1


def check_transformers(folder):
    model, info = AutoModel.from_pretrained(folder, output_loading_info=True)
    missing = [name for name in info["missing_keys"] if "pooler" not in name]
    unexpected = list(info["unexpected_keys"])
    print(f"loaded     {type(model).__name__}, {sum(p.numel() for p in model.parameters())} parameters")
    return [f"{name} is missing" for name in missing] + [f"{name} is unexpected" for name in unexpected]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
