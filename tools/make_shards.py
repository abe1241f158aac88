"""
Makes the fixture that says how huggingface_hub splits a checkpoint into files, and what it writes into each:

    test/fixtures/safetensors/shards.json  for each table of tensors and limit: the index, and SHA-256 of every file

The index is printed as transformers prints it: keys sorted, two spaces, a line end. All values are zero, so that the
table of tensors alone tells every byte.

Needs torch, safetensors and huggingface_hub:  python tools/make_shards.py
Everything is computed from constants: running it again changes nothing.
"""

import hashlib
import json
import pathlib
import tempfile

import torch
from huggingface_hub import save_torch_state_dict

target = pathlib.Path(__file__).parent.parent / "test" / "fixtures" / "safetensors" / "shards.json"
dtypes = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "I64": torch.int64, "U8": torch.uint8}

layers = [
    (f"layer.{n}.{name}", dtype, shape)
    for n in range(12)
    for name, dtype, shape in [
        ("attention.weight", "F16", [256, 512]),
        ("attention.bias", "F32", [256]),
        ("output.weight", "BF16", [512, 1024]),
        ("mask", "U8", [1000, 100]),
    ]
]

cases = {
    "fits in one file": ([("a", "F32", [1000]), ("b", "I64", [7])], 1_000_000),
    "is filled to the byte": ([("a", "F32", [125_000]), ("b", "F32", [125_000]), ("c", "U8", [1])], 1_000_000),
    "has larger tensors, first, between and last": (
        [
            ("zero", "F32", [600_000]),
            ("10", "F32", [100]),
            ("2", "BF16", [200, 3]),
            ("large", "F16", [1000, 700]),
            ("tail", "F32", [200_000]),
            ("more", "F32", [100_000]),
            ("end", "U8", [1_000_001]),
        ],
        1_000_000,
    ),
    "only has larger tensors": ([("b", "F16", [600_000]), ("a", "F16", [600_000])], 1_000_000),
    "has layers of several dtypes": ([("embeddings", "F32", [3000, 256]), *layers, ("head", "F32", [256])], 2_500_000),
    "has names of other scripts": ([("层.权重", "F32", [200_000]), ('q"\\', "F32", [200_000])], 1_000_000),
}


def run(tensors, limit):
    state = {name: torch.zeros(shape, dtype=dtypes[dtype]) for name, dtype, shape in tensors}
    with tempfile.TemporaryDirectory() as folder:
        save_torch_state_dict(state, folder, max_shard_size=limit)
        files = {path.name: path.read_bytes() for path in sorted(pathlib.Path(folder).iterdir())}
    index = files.pop("model.safetensors.index.json", None)
    return {
        "tensors": tensors,
        "limit": limit,
        "index": index and json.dumps(json.loads(index), indent=2, sort_keys=True, ensure_ascii=False) + "\n",
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
    }


target.write_text(json.dumps({name: run(*case) for name, case in cases.items()}, ensure_ascii=False) + "\n")
