"""
Makes what the fuzzing of pickled checkpoints starts from: a few kB each, as torch itself writes them.

    test/fixtures/fuzz/plain.bin       a state dict of the usual dtypes; a scalar, an empty tensor
    test/fixtures/fuzz/views.bin       tensors that share a storage: transposed, offset, strided, one element of many
    test/fixtures/fuzz/parameters.bin  a module's state dict with its `_metadata`, and parameters
    test/fixtures/fuzz/dtypes.bin      a plain dict of the dtypes that are left

Needs torch:  python tools/make_fuzz_seeds.py
"""

import pathlib
from collections import OrderedDict

import torch

folder = pathlib.Path(__file__).parent.parent / "test" / "fixtures" / "fuzz"
folder.mkdir(parents=True, exist_ok=True)
torch.manual_seed(1)

plain = OrderedDict()
plain["embeddings.weight"] = torch.randn(3, 2)
plain["encoder.layer.0.weight"] = torch.randn(2, 2, dtype=torch.bfloat16)
plain["encoder.layer.0.bias"] = torch.randn(3, dtype=torch.float16)
plain["position_ids"] = torch.arange(3)
plain["num_batches_tracked"] = torch.tensor(7)
plain["empty"] = torch.zeros(0, 3)
torch.save(plain, folder / "plain.bin")

base = torch.randn(4, 6)
torch.save(
    {"base": base, "t": base.T, "rows": base[1:3], "columns": base[:, ::2], "one": base[2, 3], "whole": base},
    folder / "views.bin",
)

module = torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.BatchNorm1d(1))
state = module.state_dict()
state["kept"] = torch.nn.Parameter(torch.randn(2))
state["tied"] = state["kept"]
torch.save(state, folder / "parameters.bin")

others = ["float64", "int32", "int16", "int8", "uint8", "bool", "uint16", "uint32", "uint64"]
torch.save({name: torch.ones(2, dtype=getattr(torch, name)) for name in others}, folder / "dtypes.bin")
