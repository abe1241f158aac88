"""Shows that a downloaded mixture is the model that the tab computed with.

    python tools/verify_zip.py OUT.zip EMBEDDINGS.json

OUT.zip is Shaker's output. EMBEDDINGS.json holds what the tab computed with the mixture, without a prompt:
{"texts": [...], "embeddings": [[...], ...]}. The zip is unpacked and loaded with sentence-transformers and with
transformers; the texts are encoded; the largest difference of any number is printed. Exits 1 above 1e-4 (two
float32 implementations of one model differ by less) or when anything else is not as it should be.

Needs: pip install sentence-transformers safetensors (torch for the CPU is enough).
"""

import json
import os
import sys
import tempfile
import zipfile
from pathlib import Path

# nothing may be fetched: the folder alone is the model
os.environ["HF_HUB_OFFLINE"] = "1"

import numpy
import torch
from safetensors import safe_open
from sentence_transformers import SentenceTransformer
from transformers import AutoModel, AutoTokenizer, logging

TOLERANCE = 1e-4

# what it warns of (a pooler that the checkpoint lacks) is checked below
logging.set_verbosity_error()


def main(zip_path: str, embeddings_path: str) -> int:
    expected = json.loads(Path(embeddings_path).read_text("utf-8"))
    with tempfile.TemporaryDirectory() as unpacked:
        folder = unpack(zip_path, unpacked)
        print(f"unpacked   {folder.name}: {', '.join(sorted(names(folder)))}")
        problems = check_values(folder) + check_transformers(folder) + check_embeddings(folder, expected)
    for problem in problems:
        print(f"WRONG      {problem}")
    print("not equal" if problems else "equal")
    return 1 if problems else 0


def unpack(zip_path: str, into: str) -> Path:
    with zipfile.ZipFile(zip_path) as archive:
        damaged = archive.testzip()
        if damaged is not None:
            sys.exit(f"{damaged} in the zip does not match its CRC-32")
        archive.extractall(into)
    (folder,) = Path(into).iterdir()  # one folder, as unpacking anywhere should leave
    return folder


def names(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]


def check_values(folder: Path) -> list[str]:
    problems = []
    with safe_open(folder / "model.safetensors", "pt") as checkpoint:
        metadata = checkpoint.metadata()
        if (metadata or {}).get("format") != "pt":
            problems.append(f"metadata of model.safetensors is {metadata}, not format: pt")
        keys = list(checkpoint.keys())
        for key in keys:
            values = checkpoint.get_tensor(key)
            if values.is_floating_point() and values.dtype != torch.float32:
                problems.append(f"{key} is {values.dtype}")
            if values.is_floating_point() and not torch.isfinite(values).all():
                problems.append(f"{key} is not finite")
    print(f"values     {len(keys)} tensors, metadata {metadata}")
    return problems


def check_transformers(folder: Path) -> list[str]:
    problems = []
    config = json.loads((folder / "config.json").read_text("utf-8"))
    stated = {key: config[key] for key in ("dtype", "torch_dtype") if key in config}
    if not stated or set(stated.values()) != {"float32"}:
        problems.append(f"config.json states {stated}")
    model, loading = AutoModel.from_pretrained(folder, output_loading_info=True)
    # AutoModel makes up a pooler that no file has; nothing that is used for embeddings may be made up
    missing = [key for key in loading["missing_keys"] if "pooler" not in key]
    if missing:
        problems.append(f"transformers misses {missing}")
    if model.dtype != torch.float32:
        problems.append(f"transformers loads {model.dtype}")
    tokens = len(AutoTokenizer.from_pretrained(folder)("one text")["input_ids"])
    print(f"loads      {type(model).__name__} {model.dtype}, {tokens} tokens for 'one text'")
    return problems


def check_embeddings(folder: Path, expected: dict) -> list[str]:
    model = SentenceTransformer(str(folder), device="cpu")
    want = numpy.array(expected["embeddings"], dtype=numpy.float64)
    # prompt="": a default prompt of the file is not what was computed in the tab
    got = model.encode(expected["texts"], prompt="", convert_to_numpy=True).astype(numpy.float64)
    modules = [type(module).__name__ for module in model]
    print(f"modules    {' > '.join(modules)}, prompts {model.prompts}")
    if got.shape != want.shape:
        return [f"embeddings are {got.shape}, the tab's are {want.shape}"]
    difference = float(numpy.abs(got - want).max())
    print(f"difference {difference:.3e} at most, over {got.shape[0]} texts of {got.shape[1]} numbers")
    # written so that NaN fails
    return [] if difference <= TOLERANCE else [f"embeddings differ by {difference:.3e}, above {TOLERANCE:.0e}"]


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2]))
