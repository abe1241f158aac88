"""
What the reference computes for a family laid out as test/fixtures/golden: losses, weights, the mixture, outputs.

Formulas: FlagEmbedding, research/LM_Cocktail; `own` and `outputs`: docs/design.md. Batches are padded
as the reference pads them, which matters where a model looks at the padded length (dynamic rope). Shapes: b texts, s
positions, d hidden.
"""

import hashlib
import pathlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import cross_entropy, normalize
from transformers import AutoTokenizer

from families.checkpoint import Json, Model, Tensors, open_model

cosine_scale = 1 / 0.05  # hard-coded in the reference; unrelated to the temperature of the weights


@dataclass(frozen=True)
class Run:
    """One few-shot run of the reference."""

    batch_size: int
    temperature: float
    max_input_length: int = 128
    neg_number: int = 3


@dataclass
class Task:
    """What is asked of a family: everything in expected.json but the answers."""

    kind: str
    models: list[str]
    examples: list[Json]
    runs: list[Run]
    weights: list[float]
    texts: list[Any]
    token_texts: list[str]
    attention: str | None = None  # transformers' name of how it is computed, where not by default
    own: bool = True  # not where a head has two labels


def softmax_weights(losses: Sequence[float], temperature: float) -> list[float]:
    return torch.softmax(-torch.tensor(losses, dtype=torch.float32) / temperature, dim=0).tolist()


def batches(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def pool(mode: str, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """
    :param hidden: (b, s, d)
    :param mask: (b, s) 1 for tokens, padding on the right
    :return: (b, d)
    """
    wide = mask.unsqueeze(-1).to(hidden.dtype)
    if mode == "cls":
        return hidden[:, 0]
    if mode == "lasttoken":
        return hidden[torch.arange(len(hidden)), mask.sum(dim=1) - 1]
    if mode == "max":
        return hidden.masked_fill(wide == 0, -1e9).max(dim=1).values
    if mode == "weightedmean":
        wide = wide * torch.arange(1, hidden.shape[1] + 1).view(1, -1, 1)
    total = (hidden * wide).sum(dim=1)
    count = wide.sum(dim=1).clamp(min=1e-9)
    return total / (count.sqrt() if mode == "mean_sqrt_len" else count)


def embed(model: Model, tokenizer: Any, texts: Sequence[str], pooling: str | None, limit: int) -> torch.Tensor:
    """Unit vectors, (b, d): by the model's own modules where `pooling` is None, else by that pooling alone."""
    batch = tokenizer(list(texts), padding=True, truncation=True, max_length=limit, return_tensors="pt")
    hidden = model.net(**batch).last_hidden_state
    rows = pool(pooling or model.modules.pooling or "cls", hidden, batch["attention_mask"])
    for dense in model.modules.dense if pooling is None else []:
        rows = dense.apply(rows)
    return normalize(rows, dim=-1)


def contrastive(queries: torch.Tensor, passages: torch.Tensor) -> float:
    """Every passage of the batch is a candidate; each query's own stand together, its positive first."""
    scores = queries @ passages.T * cosine_scale
    return cross_entropy(scores, torch.arange(len(queries)) * (len(passages) // len(queries))).item()


def encoder_loss(model: Model, tokenizer: Any, examples: Sequence[Json], run: Run) -> float:
    losses = []
    for batch in batches(examples, run.batch_size):
        # the reference draws negatives at random; with as many as there are only their order would differ
        passages = [text for each in batch for text in [each["pos"][0], *each["neg"][: run.neg_number]]]
        sides = [[each["query"] for each in batch], passages]
        losses.append(contrastive(*(embed(model, tokenizer, side, "cls", run.max_input_length) for side in sides)))
    return sum(losses) / len(losses)


def decoder_loss(model: Model, tokenizer: Any, examples: Sequence[Json], run: Run) -> float:
    losses, length = [], run.max_input_length
    for batch in batches(examples, run.batch_size):
        ids = torch.full((len(batch), length), tokenizer.pad_token_id)
        labels = torch.full((len(batch), length), -100)
        for row, each in enumerate(batch):
            prompt = tokenizer.encode(each["input"])
            whole = [*tokenizer.encode(each["input"] + " " + each["output"]), tokenizer.eos_token_id][:length]
            ids[row, : len(whole)] = torch.tensor(whole)
            labels[row, len(prompt) : len(whole)] = ids[row, len(prompt) : len(whole)]
        # every row is as long as the limit, so that a rope which looks at the length sees the limit
        mask = ids != tokenizer.pad_token_id
        losses.append(model.net(input_ids=ids, attention_mask=mask, labels=labels).loss.item())
    return sum(losses) / len(losses)


def seq2seq_batch(tokenizer: Any, pairs: Sequence[tuple[str, str]], limit: int) -> Json:
    inputs, targets = [list(side) for side in zip(*pairs)]
    options: Json = {"padding": True, "truncation": True, "max_length": limit, "return_tensors": "pt"}
    batch = tokenizer(inputs, text_target=targets, **options)
    labels = batch["labels"].masked_fill(batch["labels"] == tokenizer.pad_token_id, -100)
    return {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"], "labels": labels}


def seq2seq_loss(model: Model, tokenizer: Any, examples: Sequence[Json], run: Run) -> float:
    pairs = [(each["input"], each["output"]) for each in examples]
    losses = [
        model.net(**seq2seq_batch(tokenizer, batch, run.max_input_length)).loss.item()
        for batch in batches(pairs, run.batch_size)
    ]
    return sum(losses) / len(losses)


def logits_of_pairs(model: Model, tokenizer: Any, pairs: Sequence[Sequence[str]]) -> torch.Tensor:
    """(b, labels)"""
    queries, passages = [list(side) for side in zip(*pairs)]
    return model.net(**tokenizer(queries, passages, padding=True, truncation=True, return_tensors="pt")).logits


def own_loss(kind: str, model: Model, tokenizer: Any, examples: Sequence[Json]) -> float:
    if kind == "reranker":
        losses = []
        for each in examples:
            pairs = [[each["query"], text] for text in [each["pos"][0], *each["neg"]]]
            scores = logits_of_pairs(model, tokenizer, pairs)[:, 0].unsqueeze(0)
            losses.append(cross_entropy(scores, torch.tensor([0])).item())
        return sum(losses) / len(losses)
    modules = model.modules
    queries = [modules.query_prompt + each["query"] for each in examples]
    passages = [modules.passage_prompt + text for each in examples for text in [each["pos"][0], *each["neg"]]]
    limit = modules.max_tokens or tokenizer.model_max_length
    return contrastive(*(embed(model, tokenizer, side, None, limit) for side in [queries, passages]))


def output(kind: str, model: Model, tokenizer: Any, texts: Sequence[Any]) -> Any:
    """Embeddings, logits of pairs, the last logits after a text and its continuation, or the loss of one pair."""
    if kind == "encoder":
        return embed(model, tokenizer, texts, None, model.modules.max_tokens or tokenizer.model_max_length).tolist()
    if kind == "reranker":
        return logits_of_pairs(model, tokenizer, texts).tolist()
    [(first, second)] = texts
    if kind == "encoder-decoder":
        return {"loss": model.net(**seq2seq_batch(tokenizer, [(first, second)], 128)).loss.item()}
    ids = tokenizer.encode(first + " " + second)
    return {"ids": ids, "lastLogits": model.net(input_ids=torch.tensor([ids])).logits[0, -1].tolist()}


def mix(weights: Sequence[float], models: Sequence[Tensors]) -> Tensors:
    """Rounds to float32 after every product and every sum, in model order; of whole numbers the last model's stay."""
    mixed: Tensors = {}
    for name in models[0]:
        for m, (weight, tensors) in enumerate(zip(weights, models)):
            tensor = tensors[name]
            if not tensor.is_floating_point():
                mixed[name] = tensor
            elif m == 0:
                mixed[name] = weight * tensor
            else:
                mixed[name] = mixed[name] + weight * tensor
    return mixed


def describe(tensors: Tensors) -> Json:
    return {
        name: {
            "shape": list(tensor.shape),
            "sha256": hashlib.sha256(tensor.contiguous().numpy().tobytes()).hexdigest(),
        }
        for name, tensor in tensors.items()
    }


few_shot_losses = {"encoder": encoder_loss, "decoder": decoder_loss, "encoder-decoder": seq2seq_loss}


@torch.no_grad()
def compute(folder: pathlib.Path, task: Task) -> Json:
    """The answers, laid out as in expected.json; `made_up` names tensors that no file holds and nothing ties."""
    kind = task.kind

    def opened(name: str) -> Model:
        # afresh for every question: a dynamic rope remembers the longest input that it has seen
        return open_model(folder / name, kind, task.attention)

    models = [opened(name) for name in task.models]
    tokenizer = AutoTokenizer.from_pretrained(folder / task.models[0])
    answers: Json = {"architecture": type(models[0].net).__name__, "made_up": models[0].missing}

    answers["fewShot"] = []
    for run in task.runs:
        losses = [few_shot_losses[kind](opened(name), tokenizer, task.examples, run) for name in task.models]
        answers["fewShot"].append({"losses": losses, "weights": softmax_weights(losses, run.temperature)})
    if kind in ("encoder", "reranker") and task.own:
        losses = [own_loss(kind, opened(name), tokenizer, task.examples) for name in task.models]
        weights = [{"temperature": t, "weights": softmax_weights(losses, t)} for t in [1.0, 0.1]]
        answers["own"] = {"losses": losses, "weights": weights}

    by_model = {name: output(kind, opened(name), tokenizer, task.texts) for name in task.models}
    mixed = mix(task.weights, [model.net.state_dict() for model in models])
    answers["merge"] = {"weights": task.weights, "dtype": "F32", "tensors": describe(mixed)}
    whole = opened(task.models[0])
    whole.net.load_state_dict(mixed)
    for d, dense in enumerate(whole.modules.dense):
        # the reference leaves such modules behind; a mixture that keeps them mixes them as it does everything else
        dense.tensors = mix(task.weights, [model.modules.dense[d].tensors for model in models])
        answers["merge"]["modules"] = {f"{d + 2}_Dense": describe(dense.tensors)}
    by_model["merged"] = output(kind, whole, tokenizer, task.texts)
    answers["outputs"] = {"pooling": models[0].modules.pooling, "texts": task.texts, "byModel": by_model}
    answers["tokens"] = [{"text": text, "ids": tokenizer(text)["input_ids"]} for text in task.token_texts]
    return answers
