"""
What the Rust library gives for many texts, for `npm run tokens` to compare: into every folder of --tokenizers goes rust.jsonl,
with [text, ids] and [first, second, limit, ids, types] a line.

    python tools/tokenizer_ids.py --tokenizers FOLDER... --data FOLDER --golden FOLDER
    python tools/tokenizer_ids.py --characters FOLDER      tokenizers that show what becomes of every single character

Needs tokenizers 0.23.
"""

import argparse
import json
import pathlib
import random

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

import make_tokenizers
import tokenizer_texts as texts


def golden_texts(folder):
    """All text of the golden families: what was tokenized there, and their examples."""
    found = []

    def collect(value):
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, (list, dict)):
            for part in value.values() if isinstance(value, dict) else value:
                collect(part)

    for path in sorted(pathlib.Path(folder).glob("*/expected.json")):
        found += [row["text"] for row in json.loads(path.read_text(encoding="utf-8"))["tokens"]]
    for path in sorted(pathlib.Path(folder).glob("*/examples.json")):
        collect(json.loads(path.read_text(encoding="utf-8")))
    return list(dict.fromkeys(found))


def write_ids(folder, chosen, pair_count, seed):
    folder = pathlib.Path(folder)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    settings_path = folder / "tokenizer_config.json"
    settings = json.loads(settings_path.read_text(encoding="utf-8")) if settings_path.exists() else {}
    rng = random.Random(seed)
    with (folder / "rust.jsonl").open("w", encoding="utf-8") as out:
        for text, encoding in zip(chosen, tokenizer.encode_batch(chosen)):
            out.write(json.dumps([text, encoding.ids]) + "\n")
        for _ in range(pair_count):
            first, second = rng.choice(chosen), rng.choice(chosen)
            limit = rng.randint(tokenizer.num_special_tokens_to_add(True) + 1, 64)
            side = settings.get("truncation_side", "right")
            tokenizer.enable_truncation(limit, strategy="longest_first", direction=side)
            pair = tokenizer.encode(first, second)
            tokenizer.no_truncation()
            out.write(json.dumps([first, second, limit, pair.ids, pair.type_ids]) + "\n")


# a word's beginning shows as a mark, its text as bytes: nothing that a component does goes unseen
MARK = "\U0010fffd"


def probe(normalizer=None, split=None):
    vocab = {f"<0x{byte:02X}>": byte for byte in range(256)} | {MARK: 256}
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=[], byte_fallback=True))
    if normalizer:
        tokenizer.normalizer = normalizer
    mark = pre_tokenizers.Metaspace(replacement=MARK, prepend_scheme="always", split=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, mark] if split else [mark])
    return tokenizer


def bert(**wanted):
    off = {"clean_text": False, "handle_chinese_chars": False, "strip_accents": False, "lowercase": False}
    return normalizers.BertNormalizer(**{**off, **wanted})


def probes(data):
    lines = texts.sample(texts.corpus_lines(data), 2000, 0)
    yield "NFC", probe(normalizers.NFC())
    yield "NFD", probe(normalizers.NFD())
    yield "NFKC", probe(normalizers.NFKC())
    yield "NFKD", probe(normalizers.NFKD())
    yield "Nmt", probe(normalizers.Nmt())
    yield "Lowercase", probe(normalizers.Lowercase())
    yield "Strip", probe(normalizers.Strip())
    yield "StripAccents", probe(normalizers.StripAccents())
    yield "Replace", probe(normalizers.Replace(Regex(r"\s+|\p{Lu}|\p{M}+"), "-"))
    for rule in ["nmt_nfkc", "nmt_nfkc_cf", "nfkc"]:
        yield f"Precompiled-{rule}", probe(
            normalizers.Precompiled(make_tokenizers.sentencepiece_model(lines, 300, rule)[1])
        )
    yield "clean_text", probe(bert(clean_text=True))
    yield "handle_chinese_chars", probe(bert(handle_chinese_chars=True))
    yield "strip_accents", probe(bert(strip_accents=True))
    yield "lowercase", probe(bert(lowercase=True))
    yield "BertPreTokenizer", probe(split=pre_tokenizers.BertPreTokenizer())
    yield "Punctuation", probe(split=pre_tokenizers.Punctuation())
    yield "Digits", probe(split=pre_tokenizers.Digits(individual_digits=False))
    yield "Whitespace", probe(split=pre_tokenizers.Whitespace())
    yield "WhitespaceSplit", probe(split=pre_tokenizers.WhitespaceSplit())
    yield "ByteLevel", probe(split=pre_tokenizers.ByteLevel(add_prefix_space=True))
    for name, regex in [("Llama-3", make_tokenizers.LLAMA3), ("Qwen2", make_tokenizers.QWEN2), ("word", r"\w+|\d|\S")]:
        for behavior in ["isolated", "merged_with_previous", "merged_with_next", "contiguous", "removed"]:
            yield f"{name}-{behavior}", probe(split=pre_tokenizers.Split(Regex(regex), behavior, False))


def character_texts():
    """Every character in some places where it could matter; of the large blocks of ideographs and Hangul, every 16th."""
    bulk = [(0x3400, 0x9FFF), (0xAC00, 0xD7A3), (0x17000, 0x187F7), (0x20000, 0x3347F)]
    codes = [
        code
        for code in [*range(0x34000), *range(0xE0000, 0xE0200), 0xF0000, 0x10FFFD]
        if not 0xD800 <= code <= 0xDFFF
        and (code % 16 == 0 or not any(first <= code <= last for first, last in bulk))
    ]
    return [f"a{c}b '{c} {c}\u0301\u0316 1{c}2\u0345{c}" for c in map(chr, codes)]


def write_characters(folder, data):
    chosen = character_texts()
    for name, tokenizer in probes(data):
        place = pathlib.Path(folder) / name
        place.mkdir(parents=True, exist_ok=True)
        tokenizer.save(str(place / "tokenizer.json"))
        write_ids(place, chosen, 0, 0)
        print(place.name, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokenizers", nargs="*", default=[])
    parser.add_argument("--characters")
    parser.add_argument("--data", required=True)
    parser.add_argument("--golden")
    parser.add_argument("--lines", type=int, default=5000)
    parser.add_argument("--random", type=int, default=2500)
    parser.add_argument("--pairs", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.characters:
        write_characters(options.characters, options.data)
    if options.tokenizers:
        chosen = [
            *(golden_texts(options.golden) if options.golden else []),
            *texts.HAND_MADE,
            *texts.sample(texts.corpus_lines(options.data), options.lines, options.seed),
            *texts.random_strings(options.random, options.seed),
        ]
        for folder in options.tokenizers:
            write_ids(folder, chosen, options.pairs, options.seed)


if __name__ == "__main__":
    main()
