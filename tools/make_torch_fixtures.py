"""
Makes the fixtures that say how torch itself reads the files it saves:

    test/fixtures/torch/views.bin      a state dict: every dtype, views, shared storages, a parameter, nothing, a scalar
    test/fixtures/torch/views.json     every tensor's dtype, shape and bytes (hex, row-major), as torch.load gives them
    test/fixtures/torch/verdicts.json  a sound pickle and changes of one byte, with what torch.load(weights_only=True)
                                       makes of each in an otherwise sound file: tensors, or null where it refuses

Needs torch:  python tools/make_torch_fixtures.py
Everything is computed from constants: running it again with the same torch changes nothing.
"""

import base64
import collections
import io
import json
import pathlib
import pickle
import struct
import warnings
import zipfile

import torch

folder = pathlib.Path(__file__).parent.parent / "test" / "fixtures" / "torch"

names = {
    torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.float64: "F64",
    torch.int64: "I64", torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL",
    torch.uint16: "U16", torch.uint32: "U32", torch.uint64: "U64",
}  # fmt: skip


def bytes_of(tensor):
    flat = tensor.detach().contiguous().reshape(-1)
    return bytes(flat.view(torch.uint8).tolist()) if flat.numel() > 0 else b""


def views():
    state = collections.OrderedDict()
    for dtype, name in names.items():
        state[f"plain.{name}"] = torch.arange(6).to(dtype).reshape(2, 3)
    grid = torch.arange(120, dtype=torch.float32) / 7
    state["slice.offset"] = grid[17:29]
    state["slice.every-other"] = grid.reshape(12, 10)[::2, 1:4]
    state["transposed"] = grid.reshape(12, 10).t()
    state["permuted"] = grid.reshape(2, 3, 4, 5).permute(3, 1, 0, 2)
    state["permuted.BF16"] = grid.to(torch.bfloat16).reshape(4, 5, 6).permute(2, 0, 1)
    state["transposed.F64"] = torch.tensor([[1.5, float("nan"), -0.0], [float("inf"), 2.5, 3.5]], dtype=torch.float64).t()
    state["transposed.U8"] = torch.arange(12, dtype=torch.uint8).reshape(3, 4).t()
    state["overlapping"] = torch.as_strided(grid, (4, 5), (2, 3), 1)
    state["ones-in-between"] = torch.as_strided(grid, (1, 3, 1, 4), (99, 4, 77, 1), 8)
    state["empty"] = torch.empty(0, 3)
    state["scalar"] = torch.tensor(2.5, dtype=torch.float16)
    state["tied.one"] = torch.linspace(0, 1, 4)
    state["tied.two"] = state["tied.one"]
    state["parameter"] = torch.nn.Parameter(torch.tensor([1.0, -2.0]))
    state["名"] = torch.tensor([3], dtype=torch.int64)
    state._metadata = collections.OrderedDict({"": {"version": 1}, "inner": {"version": 2}})
    torch.save(state, folder / "views.bin")
    loaded = torch.load(folder / "views.bin", weights_only=True)
    write_json(
        folder / "views.json",
        {k: {"dtype": names[t.dtype], "shape": list(t.shape), "hex": bytes_of(t).hex()} for k, t in loaded.items()},
    )


def accepts(data):
    """Whether torch takes a file whose pickle is `data`, beside one storage of 24 bytes, for a dict of tensors."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a/data.pkl", data)
        archive.writestr("a/byteorder", "little")
        archive.writestr("a/data/0", struct.pack("<6f", 1, 2, 3, 4, 5, 6))
        archive.writestr("a/version", "3\n")
    file.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loaded = torch.load(file, weights_only=True, map_location="cpu")
        if not isinstance(loaded, dict):
            return None
        return {
            k: [names[t.dtype], list(t.shape), bytes_of(t).hex()] for k, t in loaded.items() if isinstance(t, torch.Tensor)
        } if all(isinstance(t, torch.Tensor) and isinstance(k, str) for k, t in loaded.items()) else None
    except Exception:
        return None


def sound_pickle():
    file = io.BytesIO()
    torch.save({"w": torch.arange(6, dtype=torch.float32).reshape(2, 3), "b": torch.arange(2.0)}, file)
    with zipfile.ZipFile(file) as archive:
        data = archive.read(next(n for n in archive.namelist() if n.endswith("data.pkl")))
    # both on the one storage that `accepts` provides
    return data.replace(b"X\x01\x00\x00\x001", b"X\x01\x00\x00\x000").replace(b"K\x02t", b"K\x06t")


def verdicts():
    """The sound pickle, and for each of its bytes a few others in its place; pickles of other protocols."""
    sound = sound_pickle()
    assert accepts(sound) is not None
    interesting = b"()}]NRQbstuaeJKMXqrhjc.\x80\x81\x85\x86\x87\x88\x89\x8a\x8c\x8f\x94\x95\x00\x01\x02\x06\x07\xff"
    changes = []
    for at in range(len(sound)):
        for turn in range(2):
            # others at each byte, so that every pair of opcodes comes up somewhere
            byte = interesting[(29 * at + 13 * turn) % len(interesting)]
            if sound[at] != byte:
                changes.append([at, byte, accepts(sound[:at] + bytes([byte]) + sound[at + 1 :])])
    others = [[base64.b64encode(p).decode(), accepts(p)] for p in (pickle.dumps({}, protocol=n) for n in (0, 1, 3, 4, 5))]
    rows = ",\n".join(json.dumps(row) for row in changes)
    text = f'{{\n"sound": "{base64.b64encode(sound).decode()}",\n"others": {json.dumps(others)},\n"changes": [\n{rows}\n]\n}}\n'
    (folder / "verdicts.json").write_text(text)


def write_json(path, value):
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n")


folder.mkdir(parents=True, exist_ok=True)
views()
verdicts()
