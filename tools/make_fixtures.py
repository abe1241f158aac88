"""
Makes the fixtures that say what torch and safetensors themselves hold of our numbers and files:

    test/fixtures/tensor/narrowing.safetensors  float32 values, and the same in float16 and bfloat16
    test/fixtures/tensor/narrowing-million.json  SHA-256 of a million float32 (test/tensor/million-floats.ts) and of them in half precision
    test/fixtures/tensor/widening.json     SHA-256 of all 65,536 F16 and BF16 values as float32; some F64 as float32
    test/fixtures/safetensors/values.json  SHA-256 of every tensor of golden models as float32
    test/fixtures/merge/half.json          SHA-256 of every tensor of golden merges, cast to float16 and bfloat16
    test/fixtures/merge/half-demo.json     the same of a mixture of the embedded models, which are real
    test/fixtures/safetensors/every-dtype.safetensors  one small tensor of each dtype, by the reference writer
    test/fixtures/safetensors/verdicts.json  headers, sound and damaged, and whether the reference reader takes them

Needs torch, safetensors and numpy:  python tools/make_fixtures.py
Everything is computed from constants and from test/fixtures/golden: running it again changes nothing.
"""

import hashlib
import json
import pathlib
import random
import re
import struct

import numpy as np
import safetensors
import torch
from safetensors.torch import load_file, save_file

fixtures = pathlib.Path(__file__).parent.parent / "test" / "fixtures"


def sha256_of(tensor):
    return hashlib.sha256(tensor.contiguous().numpy().tobytes()).hexdigest()


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1) + "\n")


def widening():
    every = torch.from_numpy(np.arange(65536, dtype=np.uint16).view(np.int16))
    # bits: F64 in, float32 out. Ties to even both ways, overflow, subnormals, zeros, infinities, NaNs quiet and signalling
    doubles = [
        0x3FF0000010000000, 0x3FF0000030000000, 0x3FF0000010000001, 0x47EFFFFFF0000000, 0x47EFFFFFEFFFFFFF,
        0x36A0000000000000, 0x3690000000000000, 0x3690000000000001, 0x380FFFFFF0000000, 0x0000000000000001,
        0x8000000000000000, 0x7FF0000000000000, 0xFFF0000000000000, 0x7FF8000000000000, 0xFFF8000000000000,
        0x7FF0000000000001, 0x7FF4567890ABCDEF, 0xFFF123456789ABCD, 0xC00921FB54442D18,
    ]
    narrowed = torch.from_numpy(np.array(doubles, np.uint64).view(np.float64)).to(torch.float32)
    bits = narrowed.numpy().view(np.uint32)
    write_json(
        fixtures / "tensor" / "widening.json",
        {
            "F16": sha256_of(every.view(torch.float16).to(torch.float32)),
            "BF16": sha256_of(every.view(torch.bfloat16).to(torch.float32)),
            "F64": [[f"{d:016x}", f"{int(f):08x}"] for d, f in zip(doubles, bits)],
        },
    )


def narrowing():
    draw = np.random.default_rng(1)
    ordinary = draw.standard_normal(4000).astype(np.float32)
    # every binade that float16 has, and some beyond both ends
    scaled = (draw.standard_normal(4000) * 2.0 ** draw.uniform(-30, 18, 4000)).astype(np.float32)
    # any bits: every exponent, infinities and NaNs
    anything = draw.integers(0, 2**32, 4000, dtype=np.uint32).view(np.float32)
    # exact ties of float16 and of bfloat16, both ways, and their neighbours
    halves = draw.integers(0, 0x7C00, 1500, dtype=np.uint16)
    tops = draw.integers(0, 0x7F80, 1000, dtype=np.uint16).astype(np.uint32) << 16
    middles = ((halves.view(np.float16).astype(np.float64) + (halves + 1).view(np.float16).astype(np.float64)) / 2).astype(np.float32)
    ties = np.concatenate([middles.view(np.uint32), tops + 0x8000])
    ties = np.concatenate([ties - 1, ties, ties + 1]).astype(np.uint32)
    ties[::2] |= np.uint32(0x80000000)
    edges = np.float32([0.0, -0.0, 65504, 65519.996, 65520, -65519.996, -65520, 65536, 3.4e38, 2.0**-24, 2.0**-25, 2.0**-14])
    values = torch.from_numpy(np.concatenate([ordinary, scaled, anything, ties.view(np.float32), edges]))
    path = fixtures / "tensor" / "narrowing.safetensors"
    save_file({"F32": values, "F16": values.to(torch.float16), "BF16": values.to(torch.bfloat16)}, path)
    path.chmod(0o644)


def million_floats():
    """(1000000,) uint32: the bits that test/tensor/million-floats.ts makes, with the same generator."""
    bits = np.zeros(1_000_000, dtype=np.uint32)
    mask, x = 0xFFFFFFFF, 2463534242
    for i in range(len(bits)):
        x ^= (x << 13) & mask
        x ^= x >> 17
        x ^= (x << 5) & mask
        near = (0, 1, -1, 0)[(i >> 2) & 3]
        value = x
        if i & 3 == 1:
            value = ((x & 0xFFFF0000) | 0x8000) + near
        elif i & 3 >= 2:
            exponent = 97 + ((x >> 23) % 48)
            place = 12 if exponent >= 113 else min(22, 12 + 113 - exponent)
            fraction = ((x & 0x7FFFFF) >> (place + 1)) * 2 ** (place + 1) + 2**place
            value = (x & 0x80000000) + exponent * 2**23 + (fraction + near if i & 3 == 2 else x & 0x7FFFFF)
        value &= mask
        bits[i] = value & 0x807FFFFF if value & 0x7F800000 == 0x7F800000 else value
    return bits


def narrowing_million():
    values = torch.from_numpy(million_floats().view(np.float32))
    write_json(
        fixtures / "tensor" / "narrowing-million.json",
        {
            "inputs": sha256_of(values),
            "F16": sha256_of(values.to(torch.float16).view(torch.int16)),
            "BF16": sha256_of(values.to(torch.bfloat16).view(torch.int16)),
        },
    )


def half_merges():
    merges = {}
    for family in ["bert", "bert-cls"]:
        expected = json.loads((fixtures / "golden" / family / "expected.json").read_text())["merge"]
        models = [load_file(fixtures / "golden" / family / model / "model.safetensors") for model in "abc"]
        merges[family] = {"F16": {}, "BF16": {}}
        for name, want in expected["tensors"].items():
            # as the reference: float32 after every product and every sum, in model order; cast once
            total = None
            for weight, tensors in zip(expected["weights"], models):
                share = tensors[name].to(torch.float32) * weight
                total = share if total is None else total + share
            assert sha256_of(total) == want["sha256"], name
            for dtype, kind in {"F16": torch.float16, "BF16": torch.bfloat16}.items():
                merges[family][dtype][name] = sha256_of(total.to(kind).view(torch.int16))
    write_json(fixtures / "merge" / "half.json", merges)


def half_demo():
    """The embedded models, which are real ones and stored in float16: mixed, and cast once."""
    demo = fixtures.parent.parent / "public" / "demo"
    models = [load_file(demo / model / "model.safetensors") for model in ["base", "bank", "science"]]
    mixed = {"F16": {}, "BF16": {}}
    for name in sorted(models[0]):
        total = None
        for weight, tensors in zip([0.2, 0.5, 0.3], models):
            share = tensors[name].to(torch.float32) * weight
            total = share if total is None else total + share
        for dtype, kind in {"F16": torch.float16, "BF16": torch.bfloat16}.items():
            mixed[dtype][name] = sha256_of(total.to(kind).view(torch.int16))
    write_json(fixtures / "merge" / "half-demo.json", mixed)


def golden_values():
    values = {}
    for model in ["bert-cls/a", "roberta/a"]:
        tensors = {}
        for shard in sorted((fixtures / "golden" / model).glob("*.safetensors")):
            tensors.update(load_file(shard))
        values[model] = {name: sha256_of(tensors[name].to(torch.float32)) for name in sorted(tensors)}
    write_json(fixtures / "safetensors" / "values.json", values)


def every_dtype():
    dtypes = {
        "BOOL": torch.bool, "U8": torch.uint8, "I8": torch.int8, "I16": torch.int16, "U16": torch.uint16,
        "F16": torch.float16, "BF16": torch.bfloat16, "I32": torch.int32, "U32": torch.uint32,
        "F32": torch.float32, "F64": torch.float64, "I64": torch.int64, "U64": torch.uint64,
    }
    tensors = {f"a {name}": torch.tensor([[0, 1, 0]]).to(dtype) for name, dtype in dtypes.items()}
    tensors |= {f"b {name}": torch.tensor(1).to(dtype) for name, dtype in dtypes.items()}
    tensors |= {"0": torch.zeros(0, 3), "__proto__": torch.ones(1), "constructor": torch.ones(1, dtype=torch.int8)}
    tensors |= {"Ä \"\\\n\u007f 🧉": torch.full((2,), 0.5)}
    path = fixtures / "safetensors" / "every-dtype.safetensors"
    save_file(tensors, path, metadata={"format": "pt"})
    path.chmod(0o644)  # the writer makes it private


def verdicts():
    draw = random.Random(1)
    tokens = [
        '"n0"', '"n1"', '"\\u006e0"', '"dtype"', '"shape"', '"data_offsets"', '"F32"', '"U8"', '"__metadata__"', '"\\ud800"',
        "[", "]", "{", "}", ",", ":", "0", "1", "2", "4", "-1", "1.0", "1e0", "-0", "null", "true", '"x"',
        "18446744073709551615", "9007199254740992", " ",
    ]  # fmt: skip
    widths = {"U8": 1, "F32": 4, "F16": 2, "BOOL": 1, "I64": 8, "F8_E4M3": 1}

    def sound():
        at, entries = 0, []
        for i in range(draw.randint(1, 3)):
            dtype = draw.choice(list(widths))
            shape = [draw.randint(0, 3) for _ in range(draw.randint(0, 3))]
            end = at + widths[dtype] * int(np.prod(shape, dtype=int))
            entry = {"dtype": dtype, "shape": shape, "data_offsets": [at, end]}
            entries.append(f'"n{i}":{json.dumps(entry)}')
            at = end
        if draw.random() < 0.3:
            entries.append('"__metadata__":' + draw.choice(['{"format":"pt"}', "{}", "null", '{"a":1}']))
        draw.shuffle(entries)
        return "{" + ",".join(entries) + "}", at

    def damaged(text):
        parts = re.findall(r'"[^"]*"|\d+|.', text)
        i, how = draw.randrange(len(parts)), draw.random()
        if how < 0.6:
            parts[i] = draw.choice(tokens)
        elif how < 0.75:
            del parts[i]
        else:
            parts.insert(i, draw.choice(tokens))
        return "".join(parts)

    cases = []
    while len(cases) < 400:
        text, data_bytes = sound()
        for _ in range(draw.choice([0, 1, 1, 2])):
            text = damaged(text)
        if draw.random() < 0.1:
            data_bytes += draw.choice([-1, 1]) if data_bytes > 0 else 1
        header = text.encode()
        try:
            safetensors.deserialize(struct.pack("<Q", len(header)) + header + bytes(data_bytes))
            taken = True
        except safetensors.SafetensorError:
            taken = False
        # most damage is a syntax error, which tells little
        try:
            json.loads(text)
        except ValueError:
            if draw.random() < 0.8:
                continue
        cases.append([text, data_bytes, "taken" if taken else "refused"])
    write_json(fixtures / "safetensors" / "verdicts.json", cases)


widening()
narrowing()
narrowing_million()
half_merges()
half_demo()
golden_values()
every_dtype()
verdicts()
