"""A byte-level BPE tokenizer, learned here and applied exactly as llama.cpp applies it.

Text is cut into words by GPT-2's pattern (`tokenizer.ggml.pre = gpt-2`), each word is spelled in
bytes, and the learned merges join pieces inside a word, the earliest learned first. No merge holds a
digit, so that every digit of a number is a token of its own and carries in an addition stay in place.
"""
import collections
import hashlib
import json
import re
import unicodedata

from training.failure import Failure, explained, write_atomically

PAD, END, USER, ASSISTANT = range(4)
CONTROLS = ("<|pad|>", "<|end|>", "<|user|>", "<|assistant|>")
FIRST_BYTE = len(CONTROLS)
FIRST_MERGE = FIRST_BYTE + 256
DIGITS = frozenset("0123456789")
FORMAT = "ipw-tokenizer-1"

# The system's text opens the user's turn, because the models know no third role. An answer begins
# with a space: its words are then the same tokens as inside a prompt.
TEMPLATE = (
    "{% for message in messages %}"
    "{% if message.role == 'assistant' %}<|assistant|> {{ message.content | trim }}<|end|>"
    "{% else %}"
    "{% if loop.first or messages[loop.index0 - 1].role != 'system' %}<|user|>{% endif %}"
    "{{ message.content }}"
    "{% if message.role == 'system' %}{{ '\\n' }}{% endif %}"
    "{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}")


def byte_names():
    """GPT-2's printable stand-in for each of the 256 bytes."""
    plain = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = iter(range(256, 512))
    return [chr(b) if b in plain else chr(next(others)) for b in range(256)]


BYTE_NAMES = byte_names()
BYTE_OF_NAME = {name: byte for byte, name in enumerate(BYTE_NAMES)}

# GPT-2's pattern for text of ASCII; other text is first replaced, character by character, by ASCII of
# the same class, because Python's `re` knows no \p{L} and \p{N}.
WORD = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?[A-Za-z]+| ?[0-9]+| ?[^\sA-Za-z0-9]+|\s+(?!\S)|\s+",
                  re.ASCII)
SPACES = frozenset("\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000") | {
    chr(c) for c in range(0x2000, 0x200b)}


class _AsciiOfClass(dict):
    def __missing__(self, code):
        char = chr(code)
        if code < 128:
            same = char
        elif char in SPACES:
            same = "\n"
        else:
            same = {"L": "a", "N": "0"}.get(unicodedata.category(char)[0], "!")
        self[code] = same
        return same


_ascii_of_class = _AsciiOfClass()


def words(text):
    if text.isascii():
        return WORD.findall(text)
    return [text[m.start():m.end()] for m in WORD.finditer(text.translate(_ascii_of_class))]


def spell(word):
    return [BYTE_NAMES[byte] for byte in word.encode()]


def merged(pieces, left, right):
    out, i = [], 0
    while i < len(pieces):
        if i + 1 < len(pieces) and pieces[i] == left and pieces[i + 1] == right:
            out.append(left + right)
            i += 2
        else:
            out.append(pieces[i])
            i += 1
    return out


class Tokenizer:
    def __init__(self, merges, size):
        """`merges`: pairs of pieces, earliest first. `size`: ids in all, unused ones included."""
        self.merges = [tuple(pair) for pair in merges]
        self.size = size
        self.rank = {pair: i for i, pair in enumerate(self.merges)}
        self.pieces = [*CONTROLS, *BYTE_NAMES]
        self.pieces += dict.fromkeys(left + right for left, right in self.merges)
        if len(self.pieces) > size:
            raise Failure(f"a tokenizer of {size} pieces cannot hold {len(self.pieces)}")
        self.used = len(self.pieces)
        self.pieces += [f"<|unused{i}|>" for i in range(size - self.used)]
        self.id = {piece: i for i, piece in enumerate(self.pieces)}
        self._known = {}

    @classmethod
    def learn(cls, texts, size):
        """The merges that shorten `texts` most, one at a time (Sennrich et al. 2016)."""
        if not FIRST_MERGE < size <= 65536:
            raise Failure(f"cannot learn {size} pieces: at least {FIRST_MERGE + 1} are needed, for "
                          "control tokens, bytes and one merge, and at most 65536 fit")
        counts = collections.Counter(word for text in texts for word in words(text))
        spelled = [(spell(word), count) for word, count in sorted(counts.items())]
        pairs, homes = collections.Counter(), collections.defaultdict(set)
        for home, (pieces, count) in enumerate(spelled):
            for pair in zip(pieces, pieces[1:]):
                if DIGITS.isdisjoint(pair[0] + pair[1]):
                    pairs[pair] += count
                    homes[pair].add(home)
        merges, known = [], set(BYTE_NAMES)
        while len(known) < size - len(CONTROLS) and pairs:
            best = max(pairs, key=lambda pair: (pairs[pair], pair))
            if pairs[best] < 2:
                break
            merges.append(best)
            known.add(best[0] + best[1])
            for home in homes.pop(best):
                pieces, count = spelled[home]
                for pair in zip(pieces, pieces[1:]):
                    if pair in pairs:
                        pairs[pair] -= count
                pieces = merged(pieces, *best)
                spelled[home] = pieces, count
                for pair in zip(pieces, pieces[1:]):
                    if DIGITS.isdisjoint(pair[0] + pair[1]):
                        pairs[pair] += count
                        homes[pair].add(home)
            del pairs[best]
            pairs = +pairs
        return cls(merges, size)

    def _encode_word(self, word):
        pieces = spell(word)
        while len(pieces) > 1:
            rank, pair = min((self.rank.get(pair, len(self.rank)), pair)
                             for pair in zip(pieces, pieces[1:]))
            if rank == len(self.rank):
                break
            pieces = merged(pieces, *pair)
        return [self.id[piece] for piece in pieces]

    def encode(self, text):
        known, out = self._known, []
        for word in words(text):
            ids = known.get(word)
            if ids is None:
                ids = known[word] = self._encode_word(word)
            out += ids
        return out

    def encode_prompt(self, prompt):
        """What the chat template makes of one message of a user."""
        return [USER, *self.encode(prompt), ASSISTANT]

    def encode_answer(self, answer):
        return [*self.encode(" " + answer.strip()), END]

    def decode(self, ids):
        names = "".join(self.pieces[i] for i in ids if FIRST_BYTE <= i < self.used)
        return bytes(BYTE_OF_NAME[name] for name in names).decode(errors="replace")

    def to_dict(self):
        return {"format": FORMAT, "size": self.size, "merges": [list(pair) for pair in self.merges]}

    @classmethod
    def from_dict(cls, data, source):
        try:
            if data["format"] != FORMAT:
                raise KeyError("format")
            return cls(data["merges"], int(data["size"]))
        except (KeyError, TypeError, ValueError) as error:
            raise Failure(f"{source} holds no tokenizer of this program") from error

    def digest(self):
        return hashlib.sha256(json.dumps(self.to_dict()).encode()).hexdigest()

    def save(self, path):
        write_atomically(path, (json.dumps(self.to_dict(), ensure_ascii=False) + "\n").encode(),
                         "write the tokenizer")

    @classmethod
    def load(cls, path):
        with explained("read the tokenizer", path, "learn one with `tokenizer`"):
            try:
                with open(path, encoding="utf-8") as file:
                    return cls.from_dict(json.load(file), path)
            except ValueError as error:
                raise Failure(f"{path} holds no tokenizer of this program: {error}") from error
