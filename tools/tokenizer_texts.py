"""
Texts that tokenizers are trained on and compared on: lines of the public data sets, strings made by hand, and seeded strings
of random Unicode. Every list is the same for the same arguments.
"""

import csv
import pathlib
import random
import unicodedata


def corpus_lines(data):
    """Every line of the data sets, without repetitions, in an order that depends on nothing but the files."""
    data = pathlib.Path(data)
    lines = (data / "tinyshakespeare" / "input.txt").read_text(encoding="utf-8").splitlines()
    for path in sorted((data / "banking77").glob("*.csv")) + sorted((data / "stsb").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            lines += [cell for row in csv.reader(file) for cell in row]
    for path in sorted((data / "hwu64").rglob("seq.in")):
        lines += path.read_text(encoding="utf-8").splitlines()
    return [line for line in dict.fromkeys(lines) if line.strip()]


def sample(lines, count, seed):
    return random.Random(seed).sample(lines, min(count, len(lines)))


# what a sentencepiece model, BERT's normalizer or a regular expression could trip over
HAND_MADE = [
    "",
    " ",
    "  two  spaces  ",
    "\ttab\nline\r\nend\r",
    "Ünïcödé naïve café — 北京的夜空 😀 e=mc²",
    "cafe\u0301 re\u0301sume\u0301 A\u030a \u1e9b\u0323 \u0344",
    "ΟΔΟΣ ΣΑΣ Σ σς ΌΣΟΣ",
    "İstanbul ISPARTA ıİ ŞğüÇ ẞß ŉ ǰ ΐ",
    "ﬁ ﬂ ﬃ ſt ﬅ ① ² ½ ㎏ ㍿ ℡ ™ © ®",
    "ｆｕｌｌ　ｗｉｄｔｈ ﾊﾝｶｸ ｶﾞｷﾞ ～ 〜",
    "don't I'LL we'Ve 'ſ it'S ''s 'RE 'd",
    "👨‍👩‍👧‍👦 👩🏽‍🚀 🏳️‍🌈 ❤️ ☺︎ 🇩🇪🇫🇷🇯 1️⃣ #️⃣ ©️ ©\u200d© 🧑🏿",
    "\U00020000\U0002a6a5 a\U00020bb7b \U0002f800 \U0002b820 \U0002ceb0 \U00030000",
    "\u1112\u1161\u11ab\u1100\u1173\u11af 한글 \ua960\ud7b0 \u3131\uffa1",
    "क्षि नमस्ते த\u0bcdமிழ் ไทย ນ\u0eb3 ကြွ \u0600123 \u0d4e",
    "שָׁלוֹם مَرْحَبًا \u202eabc\u202c \u200fx",
    "a\u200bb a\u200db a\u200cb a\ufeffb a\u00adb a\u2060b a\u180eb",
    "\x01\x02 a\x7fb \x80\x85\x8f\x9f\x1f a\x0bb a\x0cb",
    "a\u00a0b a\u1680b a\u2003b a\u2028b a\u2029b a\u202fb a\u205fb a\u3000b \ufffd \ufffc",
    "▁ ▁▁a▁b ▁ a a▁ _ ##ing ## Ġ ĠĊ <0x0A> <0xE2>",
    "[CLS] [SEP][PAD] [UNK] [MASK]x <s></s> <pad><unk> <mask>  <|endoftext|> <bos><eos>",
    "<|added|> <|ADDED|>x  Straße straße STRASSE <tok>  x  <tok>y word wordy sword",
    "1234567 12,345.67 १२३ ٣٤٥ Ⅷ ⅔ 10²³ 0x1F",
    "!!!??? ...,,, --- ___ $$$ ^^^ ``` |~| 「」、。 ¿¡ §¶ ‹› ⸺ ⹃ ᙭",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "the theatre therefore the-the thethethethe\tthe",
    "    def f(x):\n        return x  # y\n\n\n\tz = 1;;  {}\n",
    "http://example.com/a?b=c&d=%20#e user@example.org C:\\path\\to",
    "\u0301 \u0301a a\u0301\u0301\u0316\u0345 \u0327\u0301o \u05b0\u05bc",
    "\u0378 \u0e5c \U000e0001 \U000e0041 \ue000 \U000f0000 \U0010ffff \ufdd0 \uffff",
    "\U0001f9d1\u200d\U0001f4bb \U0001faf6 \U0001fae8 \U0001fadf \U0001e030 \U0001ccd6 \U00016ea0 \ua7f1",
    "漢字かなカナ混じり文。中文标点，符号！한국어 문장.",
]

# (first, last, weight): where random characters come from
_RANGES = [
    (0x20, 0x7E, 30),
    (0x00, 0x1F, 2),
    (0x7F, 0xA0, 2),
    (0xA1, 0x24F, 8),
    (0x250, 0x36F, 4),
    (0x300, 0x36F, 6),
    (0x370, 0x52F, 5),
    (0x590, 0x6FF, 4),
    (0x900, 0xDFF, 5),
    (0xE00, 0xFFF, 3),
    (0x1000, 0x109F, 1),
    (0x1100, 0x11FF, 4),
    (0x1E00, 0x1FFF, 5),
    (0x2000, 0x206F, 6),
    (0x2070, 0x27BF, 6),
    (0x2C00, 0x2FFF, 2),
    (0x3000, 0x33FF, 6),
    (0x3400, 0x9FFF, 8),
    (0xA000, 0xABFF, 3),
    (0xAC00, 0xD7FF, 5),
    (0xE000, 0xF8FF, 1),
    (0xF900, 0xFAFF, 3),
    (0xFB00, 0xFFFF, 8),
    (0x10000, 0x1FFFF, 5),
    (0x1D400, 0x1D7FF, 3),
    (0x1F000, 0x1FAFF, 8),
    (0x20000, 0x323AF, 6),
    (0x2F800, 0x2FA1F, 2),
    (0xE0000, 0xE01EF, 1),
    (0xF0000, 0x10FFFF, 1),
]
# put in whole, because chance would not: joined emoji, variation selectors, spaces, marks, pieces of markup
_BITS = [
    "\u200d",
    "\ufe0f",
    "\ufe0e",
    "\u20e3",
    "\u0301",
    "\u0308",
    "\u3099",
    "\u1161",
    "\u11ab",
    "\u094d",
    "👩‍👩‍👧",
    "❤️‍🔥",
    "👍🏽",
    "🇧🇷",
    " ",
    "  ",
    "\n",
    "\r\n",
    "\t",
    "\u00a0",
    "\u3000",
    "▁",
    "'s",
    "'LL",
    "the",
    "ing ",
    "123",
    "Σ",
    "ﬁ",
    "㍍",
]


def random_strings(count, seed):
    """Strings of 1 to 40 characters of one, two or many scripts; no surrogates."""
    rng = random.Random(seed)
    weights = [weight for _, _, weight in _RANGES]

    def character(ranges):
        while True:
            first, last, _ = rng.choices(ranges, [weight for _, _, weight in ranges])[0] if ranges else (0, 0x10FFFF, 1)
            code = rng.randint(first, last)
            # mostly characters that exist; unassigned ones now and then
            if 0xD800 <= code <= 0xDFFF or (unicodedata.category(chr(code)) == "Cn" and rng.random() < 0.9):
                continue
            return chr(code)

    strings = []
    for _ in range(count):
        kind = rng.random()
        few = rng.choices(_RANGES, weights, k=rng.randint(1, 3))
        ranges = [] if kind < 0.1 else few if kind < 0.6 else _RANGES
        pieces = [
            rng.choice(_BITS) if rng.random() < 0.2 else character(ranges) for _ in range(rng.randint(1, 40))
        ]
        strings.append("".join(pieces))
    return strings
