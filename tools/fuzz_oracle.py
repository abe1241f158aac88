"""
What Python makes of fuzzed models: `safetensors` of each file, as transformers of an index and its shards, and
`torch.load(weights_only=True)` of pickles. A line on stdin names a file of cases (see test/fuzz/child.ts) and how many
to pass over; for each case a line comes back, `NUMBER TABLE` or `NUMBER -REASON`, and `done` after the last.

Needs torch and safetensors.
"""

import hashlib
import io
import json
import posixpath
import resource
import signal
import struct
import sys
import warnings

import safetensors
import torch

warnings.filterwarnings("ignore")
hashed_elements = 1 << 22  # as test/fuzz/outcome.ts
seconds = 20

dtypes = {
    torch.bool: "BOOL", torch.uint8: "U8", torch.int8: "I8", torch.int16: "I16", torch.uint16: "U16", torch.float16: "F16",
    torch.bfloat16: "BF16", torch.int32: "I32", torch.uint32: "U32", torch.float32: "F32", torch.float64: "F64",
    torch.int64: "I64", torch.uint64: "U64",
}  # fmt: skip


class Refused(Exception):
    pass


def row_of(name, dtype, shape, count, data):
    digest = hashlib.sha256(data()).hexdigest() if count <= hashed_elements else "-"
    return f"{name.encode().hex()} {dtype} {','.join(map(str, shape))} {digest}"


def count_of(shape):
    count = 1
    for size in shape:
        count *= size
    return count


def read_safetensors(file):
    return {
        name: row_of(name, t["dtype"], t["shape"], count_of(t["shape"]), lambda: bytes(t["data"]))
        for name, t in safetensors.deserialize(file)
    }


def bytes_of(tensor):
    # as bits: a copy of bools would make 1 of any byte but 0. Not `contiguous`, which keeps odd strides of dimensions of
    # size 1, and then there is no view as bytes
    bits = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}[tensor.element_size()]
    rows = torch.empty(tensor.shape, dtype=bits).copy_(tensor.detach().view(bits))
    return rows.reshape(-1).view(torch.uint8).numpy().tobytes()


def read_pickle(file):
    loaded = torch.load(io.BytesIO(file), map_location="cpu", weights_only=True)
    if not isinstance(loaded, dict):
        raise Refused("no-dict")
    rows = {}
    for name, tensor in loaded.items():
        if not isinstance(name, str) or not isinstance(tensor, torch.Tensor):
            raise Refused("other-content")
        if tensor.layout != torch.strided or tensor.is_quantized or tensor.dtype not in dtypes or tensor.is_meta:
            raise Refused("other-tensor")
        # a view that conjugates or negates when it is read
        if tensor.is_conj() or tensor.is_neg():
            tensor = tensor.resolve_conj().resolve_neg()
        rows[name] = row_of(name, dtypes[tensor.dtype], tensor.shape, tensor.numel(), lambda: bytes_of(tensor))
    return rows


# Source: transformers 5.24, `get_checkpoint_shard_files`, `load_state_dict`: the sorted set of names in the map, each
# joined to the folder; all that the shards hold, whatever the map says; a later shard over an earlier one
def read_shards(index, files, read):
    shards = sorted(set(json.loads(index.decode())["weight_map"].values()))
    rows = {}
    for shard in shards:
        path = posixpath.normpath(shard)
        if shard == "" or path not in files or "\0" in shard:
            raise Refused("no-shard")
        rows.update(read(files[path]))
    return rows


def read_model(files):
    if "model.safetensors" in files:
        return read_safetensors(files["model.safetensors"])
    if "model.safetensors.index.json" in files:
        return read_shards(files["model.safetensors.index.json"], files, read_safetensors)
    if "pytorch_model.bin" in files:
        return read_pickle(files["pytorch_model.bin"])
    return read_shards(files["pytorch_model.bin.index.json"], files, read_pickle)


def stop(*_):
    raise TimeoutError


def outcome_of(files):
    try:
        return timed_outcome_of(files)
    except TimeoutError:  # between the last step and the end of the alarm
        return "-TimeoutError"


def timed_outcome_of(files):
    signal.alarm(seconds)
    try:
        rows = sorted(read_model(files).values())
        return hashlib.sha256("\n".join(rows).encode()).hexdigest()[:16]
    except Refused as error:
        return f"-{error}"
    except Exception as error:
        return f"-{type(error).__name__}"
    finally:
        signal.alarm(0)


def cases_of(path):
    with open(path, "rb") as file:
        while length := file.read(4):
            head = json.loads(file.read(struct.unpack("<I", length)[0]))
            yield head["number"], {name: file.read(size) for name, size in head["files"]}


def main():
    # a bomb is to end in MemoryError, not to end the machine
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
    signal.signal(signal.SIGALRM, stop)
    torch.set_num_threads(1)
    print("ready", torch.__version__, safetensors.__version__, flush=True)
    for line in sys.stdin:
        skip, path = line.rstrip("\n").split(" ", 1)
        for i, (number, files) in enumerate(cases_of(path)):
            if i >= int(skip):
                print(number, outcome_of(files), flush=True)
        print("done", flush=True)


main()
