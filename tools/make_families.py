"""
Makes tiny families of models in the layout of test/fixtures/golden, and what the reference computes for them: variants of
architectures that the golden families do not have, and those again with other values (--seed) and shapes (--size odd).

    python tools/make_families.py --golden FOLDER --out DIR [--only NAME,...] [--seed N] [--size small|odd]
                                  [--models abc|ab]
    python tools/make_families.py --verify DIR      recomputes every family in DIR (or DIR itself) and compares

Needs torch, safetensors and transformers 4.57 (5 is enough to verify). FOLDER holds families that the reference package was run
on (bert, llama, ...: test/fixtures/golden has three of them); they lend examples, texts and tokenizers. The same arguments make the
same files again. That the definitions are the reference's is shown by --verify FOLDER; what transformers does that a reader of
config.json would not guess: tools/families/README.md.
"""

import argparse
import pathlib
import shutil
import sys
import tempfile
import zlib
from typing import Any

import torch
import transformers

from families import decoders, encoders
from families.checkpoint import Json, is_four, read_json
from families.folders import make_models, write_json
from families.reference import Task, compute
from families.variant import Variant
from families.verify import largest_difference, verify

variants = encoders.variants | decoders.variants

# what a field that matters must move an output by: far more than rounding does
visible = 1e-3


def nine_digits(value: Any) -> Any:
    """Which give every float32 back."""
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, list):
        return [nine_digits(each) for each in value]
    return {key: nine_digits(each) for key, each in value.items()} if isinstance(value, dict) else value


def make(
    name: str, variant: Variant, out: pathlib.Path, golden: pathlib.Path, seed: int, size: str, models: str
) -> Json:
    folder = out / name
    shutil.rmtree(folder, ignore_errors=True)
    # every variant has values of its own, whichever others are made
    make_models(folder, variant, models, golden, (seed << 32) + zlib.crc32(name.encode()), size)
    source = golden / variant.golden
    given = read_json(source / "expected.json")
    examples = read_json(golden / ("bert" if variant.kind in ("encoder", "reranker") else "llama") / "examples.json")
    like = {"encoder": "bert", "reranker": "rerank-bert", "decoder": "llama", "encoder-decoder": "t5"}[variant.kind]
    task = Task(
        kind=variant.kind,
        models=list(models),
        examples=examples,
        runs=list(variant.runs),
        weights={3: [0.5, 0.3, 0.2], 2: [0.6, 0.4]}[len(models)],
        texts=read_json(golden / like / "expected.json")["outputs"]["texts"],
        token_texts=[token["text"] for token in given["tokens"]],
        attention=variant.attention,
        own=variant.own,
    )
    answers = compute(folder, task)
    for changes in variant.unlike:
        check_visible(folder, changes, task, answers)
    runs = [
        {"batchSize": run.batch_size, "temperature": run.temperature, "maxInputLength": run.max_input_length}
        | {"negNumber": run.neg_number, **answer}
        for run, answer in zip(task.runs, answers["fewShot"])
    ]
    reference = {"torch": torch.__version__, "transformers": transformers.__version__}
    expected = {
        "family": name,
        "modelType": variant.kind,
        "architecture": answers["architecture"],
        "models": task.models,
        "examples": examples,
        **({"fewShot": runs} if runs else {}),
        "merge": answers["merge"],
        "outputs": answers["outputs"],
        "tokens": answers["tokens"],
        "reference": reference | ({"attention": variant.attention} if variant.attention else {}),
        **({"own": answers["own"]} if "own" in answers else {}),
    }
    write_json(folder / "examples.json", examples)
    write_json(folder / "expected.json", nine_digits(expected), indent=None)
    return answers


def check_visible(folder: pathlib.Path, changes: Json, task: Task, answers: Json) -> None:
    """Fails where a graph that passed the variant's fields over would pass for a right one."""
    with tempfile.TemporaryDirectory() as name:
        other = pathlib.Path(name) / "other"
        shutil.copytree(folder, other)
        path = other / task.models[0] / "config.json"
        write_json(path, read_json(path) | changes)
        changed = compute(other, Task(**{**vars(task), "models": task.models[:1], "weights": [1.0]}))
    model = task.models[0]
    moved, _ = largest_difference(changed["outputs"]["byModel"][model], answers["outputs"]["byModel"][model])
    for run, other_run in zip(answers["fewShot"], changed["fewShot"]):
        moved = max(moved, abs(run["losses"][0] - other_run["losses"][0]))
    if not moved > visible:
        raise SystemExit(f"{folder.name}: {changes} moves outputs and losses by {moved:.1e} only")


def sum_up(name: str, folder: pathlib.Path, answers: Json) -> str:
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1000
    first = answers["fewShot"][:1] or ([answers["own"]] if "own" in answers else [])
    losses = " ".join(f"{loss:.4f}" for loss in first[0]["losses"]) if first else "-"
    made_up = f"  not in a file: {' '.join(answers['made_up'])}" if answers["made_up"] else ""
    return f"{name:24}{size:6.0f} kB  {answers['architecture']:40}{losses}{made_up}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--golden", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--only", help=", ".join(variants))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", choices=["small", "odd"], default="small")
    parser.add_argument("--models", choices=["ab", "abc"], default="abc")
    parser.add_argument("--verify", type=pathlib.Path)
    options = parser.parse_args()
    torch.set_num_threads(1)  # the tensors are too small for more
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    if options.verify is not None:
        whole = options.verify
        folders = (
            [whole]
            if (whole / "expected.json").exists()
            else sorted(path.parent for path in whole.glob("*/expected.json"))
        )
        verdicts = []
        for folder in folders:
            try:
                line, fine = verify(folder)
            except Exception as error:  # one family that cannot be opened says nothing of the others
                line, fine = f"FAILS   {folder.name:24}{type(error).__name__}: {error}", False
            verdicts.append(fine)
            print(line, flush=True)
        sys.exit(0 if verdicts and all(verdicts) else 1)
    if options.out is None or options.golden is None:
        parser.error("--out and --golden, or --verify")
    if not is_four:
        parser.error("the reference is transformers 4")
    for name in options.only.split(",") if options.only else variants:
        answers = make(name, variants[name], options.out, options.golden, options.seed, options.size, options.models)
        print(sum_up(name, options.out / name, answers), flush=True)


main()
