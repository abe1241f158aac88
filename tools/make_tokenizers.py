"""
Makes small tokenizers of every kind, trained on the public data sets, and what the Rust library gives for texts:

    texts.json                                        {texts, pairs}: texts, and pairs of them as [first, second, limit]
    KIND/tokenizer.json, KIND/tokenizer_config.json   the tokenizer
    KIND/expected.jsonl                               [ids] of each text; then for each pair [ids, types, ids of the
                                                      first text alone], cut to the limit

    python tools/make_tokenizers.py --data FOLDER [--out test/fixtures/tokenizers] [--seed 0] [--size 500]

Needs tokenizers 0.23, sentencepiece 0.2. The same arguments give the same files. The Precompiled table is the one that
sentencepiece's trainer puts into a model (nmt_nfkc), the table of XLM-R, multilingual-e5 and bge-m3.
"""

import argparse
import collections
import json
import pathlib
import random
import tempfile

import sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

import tokenizer_texts as texts

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
BYTES = pre_tokenizers.ByteLevel.alphabet()


def template(tokenizer, single, pair, tokens):
    ids = [(token, tokenizer.token_to_id(token)) for token in tokens]
    return processors.TemplateProcessing(single=single, pair=pair, special_tokens=ids)


def of_alphabet(tokenizer, lines, count):
    """
    Lines of which the most frequent characters are left, and those. The trainers could count themselves, but which of two
    equally rare characters they keep differs from run to run.
    """
    normalized = [tokenizer.normalizer.normalize_str(line) for line in lines] if tokenizer.normalizer else lines
    counts = collections.Counter("".join(normalized))
    alphabet = sorted(counts, key=lambda character: (-counts[character], character))[:count]
    kept = set(alphabet)
    return ["".join(c if c in kept else " " for c in line) for line in normalized], alphabet


def renumbered(tokenizer, special):
    """Ids by the tokens' text: the trainers number pieces with a prefix or suffix in an order that differs from run to run."""
    file = json.loads(tokenizer.to_str())
    tokens = [*special, *sorted(set(file["model"]["vocab"]) - set(special))]
    file["model"]["vocab"] = {token: i for i, token in enumerate(tokens)}
    return Tokenizer.from_str(json.dumps(file))


def word_piece(lines, size, lowercase):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    kept, alphabet = of_alphabet(tokenizer, lines, 120)
    words = collections.Counter(
        word for line in kept for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(line)
    )
    # the library's trainer decides between equally frequent pieces by chance; these are the parts of words that save most
    saved = collections.Counter()
    for word, count in words.items():
        for cut in range(2, len(word) + 1):
            saved[word[:cut]] += count * (cut - 1)
            saved["##" + word[-cut:]] += count * (cut - 1)
    letters = [c for c in alphabet if not c.isspace()]
    pieces = sorted(saved, key=lambda piece: (-saved[piece], piece))
    tokens = list(dict.fromkeys([*special, *letters, *("##" + c for c in letters), *pieces]))[:size]
    tokenizer.model = models.WordPiece({token: i for i, token in enumerate(tokens)}, unk_token="[UNK]")
    tokenizer.add_special_tokens(special)
    tokenizer.post_processor = template(
        tokenizer, "[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", ["[CLS]", "[SEP]"]
    )
    settings = {
        "tokenizer_class": "BertTokenizerFast",
        "do_lower_case": lowercase,
        "pad_token": "[PAD]",
        "unk_token": "[UNK]",
        "cls_token": "[CLS]",
        "sep_token": "[SEP]",
        "mask_token": "[MASK]",
        "model_max_length": 512,
    }
    return tokenizer, settings


def byte_bpe(lines, size, special, pre_tokenizer, normalizer=None):
    tokenizer = Tokenizer(models.BPE())
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=special, initial_alphabet=BYTES, show_progress=False
    )
    tokenizer.train_from_iterator(lines, trainer)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def gpt2(lines, size):
    tokenizer = byte_bpe(lines, size, ["<|endoftext|>"], pre_tokenizers.ByteLevel(add_prefix_space=False))
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer, {
        "tokenizer_class": "GPT2TokenizerFast",
        "add_prefix_space": False,
        "bos_token": "<|endoftext|>",
        "eos_token": "<|endoftext|>",
        "unk_token": "<|endoftext|>",
    }


def roberta(lines, size):
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    tokenizer = byte_bpe(lines, size, special, pre_tokenizers.ByteLevel(add_prefix_space=False))
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True, normalized=False, special=True)])
    tokenizer.post_processor = processors.RobertaProcessing(
        ("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=False
    )
    names = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>", "mask_token": "<mask>"}
    return tokenizer, {"tokenizer_class": "RobertaTokenizerFast", "add_prefix_space": False, **names}


def modernbert(lines, size):
    special = ["<|padding|>", "<|endoftext|>", "[UNK]", "[CLS]", "[SEP]", "[PAD]"]
    tokenizer = byte_bpe(
        lines, size, special, pre_tokenizers.ByteLevel(add_prefix_space=False), normalizers.NFC()
    )
    tokenizer.add_special_tokens([AddedToken("[MASK]", lstrip=True, normalized=False, special=True)])
    # runs of spaces, and tokens that are looked for in the normalized text
    tokenizer.add_tokens([AddedToken(" " * n, normalized=True) for n in range(24, 1, -1)])
    tokenizer.add_tokens([AddedToken("|||EMAIL_ADDRESS|||", normalized=True)])
    tokenizer.post_processor = template(tokenizer, "[CLS] $A [SEP]", "[CLS] $A [SEP] $B [SEP]", ["[CLS]", "[SEP]"])
    return tokenizer, {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "pad_token": "[PAD]",
        "cls_token": "[CLS]",
        "sep_token": "[SEP]",
    }


def with_regex(lines, size, regex, special, normalizer=None):
    split = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(regex), behavior="isolated", invert=False),
            pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False),
        ]
    )
    return byte_bpe(lines, size, special, split, normalizer)


def llama3(lines, size):
    tokenizer = with_regex(lines, size, LLAMA3, ["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"])
    begin = template(
        tokenizer,
        "<|begin_of_text|> $A",
        "<|begin_of_text|> $A <|begin_of_text|>:1 $B:1",
        ["<|begin_of_text|>"],
    )
    tokenizer.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), begin])
    file = json.loads(tokenizer.to_str())
    file["model"]["ignore_merges"] = True
    names = {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"}
    return Tokenizer.from_str(json.dumps(file)), {"tokenizer_class": "PreTrainedTokenizerFast", **names}


def qwen2(lines, size):
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    tokenizer = with_regex(lines, size, QWEN2, special, normalizers.NFC())
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer, {
        "tokenizer_class": "Qwen2Tokenizer",
        "bos_token": None,
        "eos_token": "<|im_end|>",
        "pad_token": "<|endoftext|>",
    }


def llama2(lines, size, legacy):
    """Byte fallback; the older files put ▁ in by a normalizer, the newer ones by Metaspace."""
    special = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.pre_tokenizer = pre_tokenizers.Split("▁", behavior="merged_with_next")
    kept, alphabet = of_alphabet(tokenizer, lines, 100)
    trainer = trainers.BpeTrainer(
        vocab_size=size + 256, special_tokens=special, show_progress=False, initial_alphabet=alphabet
    )
    tokenizer.normalizer, normalizer = None, tokenizer.normalizer
    tokenizer.train_from_iterator(kept, trainer)
    tokenizer.normalizer = normalizer
    file = json.loads(tokenizer.to_str())
    file["added_tokens"] = [token for token in file["added_tokens"] if not token["content"].startswith("<0x")]
    file["pre_tokenizer"] = None
    if not legacy:
        file["normalizer"] = None
        file["pre_tokenizer"] = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": False}
    tokenizer = Tokenizer.from_str(json.dumps(file))
    tokenizer.post_processor = template(tokenizer, "<s> $A", "<s> $A <s>:1 $B:1", ["<s>"])
    return tokenizer, {
        "tokenizer_class": "LlamaTokenizerFast",
        "add_bos_token": True,
        "add_eos_token": False,
        "legacy": legacy,
        "bos_token": {"__type": "AddedToken", "content": "<s>", "normalized": False, "special": True},
        "eos_token": {"__type": "AddedToken", "content": "</s>", "normalized": False, "special": True},
        "pad_token": None,
    }


def gemma(lines, size):
    """As Gemma: a space becomes ▁, nothing is put before a text, and the pieces of a text are not cut apart."""
    tokenizer, _ = llama2(lines, size, True)
    file = json.loads(tokenizer.to_str())
    file["normalizer"] = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
    file["pre_tokenizer"] = {
        "type": "Split",
        "pattern": {"String": " "},
        "behavior": "MergedWithPrevious",
        "invert": False,
    }
    names = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<unk>"}
    return Tokenizer.from_str(json.dumps(file)), {"tokenizer_class": "PreTrainedTokenizerFast", **names}


def sentencepiece_model(lines, size, rule):
    """(pieces with scores, the normalizer's table) of a Unigram model by sentencepiece's own trainer."""
    with tempfile.TemporaryDirectory() as folder:
        corpus = pathlib.Path(folder) / "corpus.txt"
        corpus.write_text("\n".join(lines), encoding="utf-8")
        sentencepiece.SentencePieceTrainer.train(
            input=str(corpus),
            model_prefix=f"{folder}/model",
            vocab_size=size,
            model_type="unigram",
            normalization_rule_name=rule,
            character_coverage=0.9995,
            num_threads=1,
            minloglevel=2,
        )
        model = sentencepiece.SentencePieceProcessor(model_file=f"{folder}/model.model")
        pieces = [(model.id_to_piece(i), model.get_score(i)) for i in range(3, model.get_piece_size())]
        proto = pathlib.Path(f"{folder}/model.model").read_bytes()
    return pieces, field(field(proto, 3), 2)


def field(message, wanted):
    """The bytes of one length-delimited field of a protobuf message (ModelProto.normalizer_spec.precompiled_charsmap)."""
    at = 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(message):
        tag = number()
        if tag & 7 == 2:
            length = number()
            at += length
            if tag >> 3 == wanted:
                return message[at - length : at]
        elif tag & 7 == 0:
            number()
        else:
            at += 8 if tag & 7 == 1 else 4
    return b""


def xlmr(lines, size, old):
    """Precompiled, Unigram, Metaspace: XLM-R, multilingual-e5, bge-m3. Older files cut at white space before Metaspace."""
    pieces, charsmap = sentencepiece_model(lines, size, "nmt_nfkc")
    special = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    tokenizer = Tokenizer(models.Unigram(special + pieces + [("<mask>", 0.0)], 3, False))
    space = normalizers.Replace(Regex(" {2,}"), " ")
    tokenizer.normalizer = normalizers.Sequence([normalizers.Precompiled(charsmap), space])
    metaspace = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    split = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), metaspace])
    tokenizer.pre_tokenizer = split if old else metaspace
    tokenizer.add_special_tokens(
        [AddedToken(token, normalized=False, special=True) for token, _ in special]
        + [AddedToken("<mask>", lstrip=True, normalized=False, special=True)]
    )
    tokenizer.post_processor = template(tokenizer, "<s> $A </s>", "<s> $A </s> </s> $B </s>", ["<s>", "</s>"])
    names = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>", "mask_token": "<mask>"}
    return tokenizer, {"tokenizer_class": "XLMRobertaTokenizerFast", **names}


def t5(lines, size):
    pieces, charsmap = sentencepiece_model(lines, size, "nmt_nfkc")
    special = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    tokenizer = Tokenizer(models.Unigram(special + pieces, 2, False))
    tokenizer.normalizer = normalizers.Precompiled(charsmap)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.WhitespaceSplit(),
            pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always"),
        ]
    )
    tokenizer.add_special_tokens([token for token, _ in special] + [f"<extra_id_{i}>" for i in range(9, -1, -1)])
    tokenizer.post_processor = template(tokenizer, "$A </s>", "$A </s> $B </s>", ["</s>"])
    names = {"eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    return tokenizer, {"tokenizer_class": "T5TokenizerFast", **names}


def unigram_folded(lines, size):
    """Sentencepiece's other table, which folds case."""
    pieces, charsmap = sentencepiece_model(lines, size, "nmt_nfkc_cf")
    tokenizer = Tokenizer(models.Unigram([("<unk>", 0.0), *pieces], 0, False))
    tokenizer.normalizer = normalizers.Precompiled(charsmap)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="first")
    tokenizer.add_special_tokens(["<unk>"])
    return tokenizer, {"tokenizer_class": "PreTrainedTokenizerFast"}


def unigram_bytes(lines, size):
    """Unigram with byte fallback; cut at the left."""
    pieces, _ = sentencepiece_model(lines, size, "identity")
    special = [("<unk>", 0.0), ("<s>", 0.0), ("</s>", 0.0)] + [(f"<0x{byte:02X}>", 0.0) for byte in range(256)]
    tokenizer = Tokenizer(models.Unigram(special + pieces, 0, True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="first", split=True)
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>"])
    tokenizer.post_processor = template(tokenizer, "<s> $A </s>", "<s> $A </s> $B:1 </s>:1", ["<s>", "</s>"])
    names = {"bos_token": "<s>", "eos_token": "</s>"}
    return tokenizer, {"tokenizer_class": "PreTrainedTokenizerFast", "truncation_side": "left", **names}


def unigram(lines, size):
    """Without a table: the library's own Nmt, NFKC, lower case and accents, as ALBERT has them."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace("``", '"'),
            normalizers.Nmt(),
            normalizers.NFKD(),
            normalizers.StripAccents(),
            normalizers.Lowercase(),
            normalizers.Replace(Regex(" {2,}"), " "),
            normalizers.Strip(left=True, right=True),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="first")
    kept = [tokenizer.normalizer.normalize_str(line) for line in lines]
    pieces, _ = sentencepiece_model(kept, size, "identity")
    special = [("<pad>", 0.0), ("<unk>", 0.0), ("[CLS]", 0.0), ("[SEP]", 0.0)]
    tokenizer.model = models.Unigram(special + pieces, 1, False)
    tokenizer.add_special_tokens([token for token, _ in special])
    tokenizer.post_processor = template(
        tokenizer, "[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", ["[CLS]", "[SEP]"]
    )
    return tokenizer, {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "<pad>", "sep_token": "[SEP]"}


def metaspace(lines, size):
    """BPE with an unknown token, Metaspace after other cuts, and added tokens of every kind."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFD(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.Punctuation(behavior="contiguous"),
            pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always"),
        ]
    )
    kept, alphabet = of_alphabet(tokenizer, lines, 80)
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=["<unk>", "<s>"], show_progress=False, initial_alphabet=[*alphabet, "▁"]
    )
    tokenizer.train_from_iterator(kept, trainer)
    tokenizer.add_tokens(
        [
            AddedToken("<|added|>", normalized=True),
            AddedToken("Straße", normalized=True, single_word=True),
            AddedToken("word", normalized=False, single_word=True),
            AddedToken("<tok>", lstrip=True, rstrip=True, normalized=False),
        ]
    )
    tokenizer.post_processor = processors.BertProcessing(("<s>", 1), ("<unk>", 0))
    return tokenizer, {"tokenizer_class": "PreTrainedTokenizerFast"}


def words(lines, size):
    """Words split by Unicode's idea of a word; continuations marked and word ends suffixed, as CLIP and BPE-dropout have."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>", fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(
                Regex(r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"),
                behavior="removed",
                invert=True,
            ),
            pre_tokenizers.Whitespace(),
        ]
    )
    kept, alphabet = of_alphabet(tokenizer, lines, 80)
    special = ["<unk>", "<|startoftext|>", "<|endoftext|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=special,
        end_of_word_suffix="</w>",
        show_progress=False,
        initial_alphabet=alphabet,
    )
    tokenizer.train_from_iterator(kept, trainer)
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|endoftext|>"}
    return renumbered(tokenizer, special), settings


KINDS = {
    "wordpiece-uncased": lambda lines, size: word_piece(lines, size, True),
    "wordpiece-cased": lambda lines, size: word_piece(lines, size, False),
    "gpt2": gpt2,
    "roberta": roberta,
    "modernbert": modernbert,
    "llama3": llama3,
    "qwen2": qwen2,
    "llama2": lambda lines, size: llama2(lines, size, True),
    "llama2-metaspace": lambda lines, size: llama2(lines, size, False),
    "gemma": gemma,
    "xlmr": lambda lines, size: xlmr(lines, size, False),
    "xlmr-old": lambda lines, size: xlmr(lines, size, True),
    "t5": t5,
    "unigram-folded": unigram_folded,
    "unigram-bytes": unigram_bytes,
    "unigram": unigram,
    "metaspace": metaspace,
    "words": words,
}


# each carries sentencepiece's table, of 300 kB: one of them is enough for a repository
LARGE = {"xlmr-old", "t5", "unigram-folded"}


def choose_texts(lines, seed):
    rng = random.Random(seed)
    chosen = texts.HAND_MADE + texts.sample(lines, 30, seed) + texts.random_strings(50, seed)
    indices = range(len(chosen))
    pairs = [[rng.choice(indices), rng.choice(indices), rng.randint(5, 48)] for _ in range(30)]
    return {"texts": chosen, "pairs": pairs}


def write_expected(path, tokenizer, settings, chosen):
    """What the Rust library gives."""
    rows = [[encoding.ids] for encoding in tokenizer.encode_batch(chosen["texts"])]
    for first, second, limit in chosen["pairs"]:
        side = settings.get("truncation_side", "right")
        tokenizer.enable_truncation(limit, strategy="longest_first", direction=side)
        pair = tokenizer.encode(chosen["texts"][first], chosen["texts"][second])
        rows.append([pair.ids, pair.type_ids, tokenizer.encode(chosen["texts"][first]).ids])
        tokenizer.no_truncation()
    path.write_text("".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows))


def make(kind, lines, size, out):
    folder = out / kind
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer, settings = KINDS[kind](lines, size)
    (folder / "tokenizer.json").write_text(
        json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8"
    )
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")
    return Tokenizer.from_file(str(folder / "tokenizer.json")), settings


def main():
    fixtures = pathlib.Path(__file__).parent.parent / "test" / "fixtures" / "tokenizers"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", type=pathlib.Path, default=fixtures)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--size", type=int, default=500)
    parser.add_argument("--all", action="store_true", help="every kind, and nothing that is expected of it")
    options = parser.parse_args()
    everything = texts.corpus_lines(options.data)
    lines = texts.sample(everything, 4000, options.seed) + texts.HAND_MADE[4:]
    chosen = choose_texts(everything, options.seed)
    for kind in KINDS if options.all else [kind for kind in KINDS if kind not in LARGE]:
        tokenizer, settings = make(kind, lines, options.size, options.out)
        if not options.all:
            write_expected(options.out / kind / "expected.jsonl", tokenizer, settings, chosen)
        print(kind, flush=True)
    if not options.all:
        (options.out / "texts.json").write_text(json.dumps(chosen, indent=0) + "\n")


if __name__ == "__main__":
    main()
