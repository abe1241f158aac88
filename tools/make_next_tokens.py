"""
Makes test/fixtures/next-tokens.json: what transformers would have language models say next, and what single tokens add to a
text by the Rust library.

    python tools/make_next_tokens.py

    next        [{folder, models, weights, other, text, answers}]: of models in that folder, and of their mixture in these weights,
                the ten likeliest next tokens; answers: {base, other, mixture}, each a list of [id, probability]
    tokenTexts  [{folder, decoder, texts}]: (vocabulary,) what a token adds in the middle of a text, with that decoder in the
                place of the file's own; U+FFFD where bytes are no character by themselves

Needs torch, transformers 4.57 and tokenizers 0.22. The same versions give the same file again.
"""

import json
import pathlib

import torch
import transformers
from families.checkpoint import Json, open_model, read_json
from families.reference import mix
from tokenizers import Tokenizer
from transformers import AutoTokenizer

fixtures = pathlib.Path(__file__).parent.parent / "test" / "fixtures"
count = 10

byte_fallback: Json = {
    "type": "Sequence",
    "decoders": [
        {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
        {"type": "ByteFallback"},
        {"type": "Fuse"},
        {"type": "Strip", "content": " ", "start": 1, "stop": 0},
    ],
}
metaspace: Json = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
own: Json = {}
decoders = [
    ("stories260k/base", own),
    ("families/llama-five/a", own),
    ("families/t5-plain/a", own),
    ("tokenizers/qwen2", own),
    ("tokenizers/gpt2", own),
    ("tokenizers/llama2", byte_fallback),
    ("tokenizers/unigram-bytes", byte_fallback),
    ("tokenizers/xlmr", metaspace),
    ("tokenizers/words", {"type": "BPEDecoder", "suffix": "</w>"}),
]

shakespeare = "What say you to a"
questions = [
    ("stories260k", ["base", "shakespeare", "banking"], [0.2, 0.3, 0.5], 1, "decoder", "Once upon a time, there was a"),
    ("stories260k", ["base", "banking"], [0.4, 0.6], 1, "decoder", "Where do I order a virtual card from? =>"),
    ("stories260k", ["shakespeare", "banking"], [0.7, 0.3], 1, "decoder", shakespeare),
    ("families/t5-plain", ["a", "b"], [0.6, 0.4], 1, "encoder-decoder", "how do I cook bread"),
    ("families/t5-uneven", ["a", "b"], [0.25, 0.75], 1, "encoder-decoder", "why is my bread too salty"),
]


def likeliest(net: torch.nn.Module, kind: str, ids: list[int]) -> list[list[float]]:
    """[[id, probability], ...]"""
    given = torch.tensor([ids])
    if kind == "decoder":
        logits = net(input_ids=given).logits[0, -1]
    else:
        start = torch.tensor([[net.config.decoder_start_token_id]])
        logits = net(input_ids=given, decoder_input_ids=start).logits[0, -1]
    found = torch.softmax(logits.double(), dim=0).topk(count)
    return [[int(i), float(f"{p:.9g}")] for p, i in zip(found.values.tolist(), found.indices.tolist())]


@torch.no_grad()
def answer(folder: str, models: list[str], weights: list[float], other: int, kind: str, text: str) -> Json:
    opened = [open_model(fixtures / folder / name, kind).net for name in models]
    ids = AutoTokenizer.from_pretrained(fixtures / folder / models[0])(text)["input_ids"]
    answers = {"base": likeliest(opened[0], kind, ids), "other": likeliest(opened[other], kind, ids)}
    mixed = mix(weights, [net.state_dict() for net in opened])
    opened[0].load_state_dict(mixed)
    answers["mixture"] = likeliest(opened[0], kind, ids)
    asked = {"folder": folder, "models": models, "weights": weights, "other": other, "text": text}
    return asked | {"answers": answers}


def token_texts(folder: str, decoder: Json) -> Json:
    fields = read_json(fixtures / folder / "tokenizer.json")
    if decoder:
        fields["decoder"] = decoder
    tokenizer = Tokenizer.from_str(json.dumps(fields))

    def decode(ids: list[int]) -> str:
        return tokenizer.decode(ids, skip_special_tokens=False)

    anchor = next(i for token in ["a", "a</w>"] if (i := tokenizer.token_to_id(token)) is not None)
    before = decode([anchor])
    texts = []
    for i in range(tokenizer.get_vocab_size()):
        whole = decode([anchor, i, anchor])
        # in the middle of a text the first anchor may come with a space after it
        first = decode([anchor, anchor])[: -len(before)]
        assert whole.startswith(first) and whole.endswith(before), (folder, i, whole)
        texts.append(whole[len(first) : -len(before)])
    return {"folder": folder, "decoder": decoder or None, "texts": texts}


def main() -> None:
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    torch.set_num_threads(1)
    made = {
        "next": [answer(*question) for question in questions],
        "tokenTexts": [token_texts(*each) for each in decoders],
        "reference": {"torch": torch.__version__, "transformers": transformers.__version__},
    }
    path = fixtures / "next-tokens.json"
    path.write_text(json.dumps(made, ensure_ascii=True, separators=(",", ":")) + "\n", encoding="utf-8")


main()
