"""Recomputes a family from its files and says how far from its expected.json that is."""

import pathlib
from typing import Any

from families.checkpoint import Json, read_json
from families.reference import Run, Task, compute


def read_task(folder: pathlib.Path) -> tuple[Task, Json]:
    expected = read_json(folder / "expected.json")
    runs = [
        Run(run["batchSize"], run["temperature"], run["maxInputLength"], run.get("negNumber", 0))
        for run in expected.get("fewShot") or []
    ]
    task = Task(
        kind=expected["modelType"],
        models=expected["models"],
        examples=expected.get("examples") or read_json(folder / "examples.json"),
        runs=runs,
        weights=expected["merge"]["weights"],
        texts=expected["outputs"]["texts"],
        token_texts=[token["text"] for token in expected["tokens"]],
        attention=expected["reference"].get("attention"),
        own=expected.get("own") is not None,
    )
    return task, expected


def largest_difference(got: Any, want: Any, path: str = "") -> tuple[float, str]:
    """Over all numbers of two values of the same shape, with the place; infinite where anything else differs."""
    if isinstance(want, dict):
        if not isinstance(got, dict) or got.keys() != want.keys():
            return float("inf"), path
        parts = [largest_difference(got[key], want[key], f"{path}.{key}") for key in want]
    elif isinstance(want, list):
        if not isinstance(got, list) or len(got) != len(want):
            return float("inf"), path
        parts = [largest_difference(g, w, f"{path}[{i}]") for i, (g, w) in enumerate(zip(got, want))]
    elif isinstance(want, float):
        return abs(got - want), path
    else:
        return (0.0 if got == want else float("inf")), path
    return max(parts, default=(0.0, path), key=lambda part: part[0])


def verify(folder: pathlib.Path) -> tuple[str, bool]:
    """One line on a family; true if token ids and bytes are equal and numbers within 1e-5, relative above 1."""
    task, expected = read_task(folder)
    got = compute(folder, task)
    wanted_runs = [{key: run[key] for key in ("losses", "weights")} for run in expected.get("fewShot") or []]
    kinds = {
        "losses": (got["fewShot"], wanted_runs),
        "own": (got.get("own"), expected.get("own")),
        "outputs": (got["outputs"], expected["outputs"]),
        "tokens": (got["tokens"], expected["tokens"]),
    }
    parts, fine = [], True
    for kind, (mine, theirs) in kinds.items():
        difference, place = largest_difference(mine, theirs)
        fine &= difference <= 1e-5
        parts.append(f"{kind} {difference:.1e}" + (f" at {place}" if difference > 1e-5 else ""))
    # a pooler that the file lacks is made up at random by every run: nothing to compare
    tensors, made_up = expected["merge"]["tensors"], got["made_up"]
    mine = got["merge"]["tensors"]
    compared = [name for name in tensors if not ("pooler" in name and name in made_up)]
    wrong = [name for name in compared if mine.get(name) != tensors[name]] + sorted(mine.keys() - tensors.keys())
    fine &= not wrong and got["architecture"] == expected["architecture"]
    parts.append(f"tensors {len(compared) - len(wrong)}/{len(tensors)}" + (f" not {wrong[:3]}" if wrong else ""))
    return f"{'equal' if fine else 'DIFFERS':8}{folder.name:24}" + "  ".join(parts), fine
