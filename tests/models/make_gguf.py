#!/usr/bin/env python3
"""Writes the small GGUF models that tests, demo and benchmarks run on. Standard library only.

    make_gguf.py tiny OUT.gguf                     a hand-set model that answers short questions
    make_gguf.py random OUT.gguf --params 13M      random weights of a given size

Both are llama-architecture files with a byte-level vocabulary of 288 tokens, so that any text can
be asked. The same arguments and seed give the same bytes.

How `tiny` works. Nothing is trained; every weight is set by hand, and each dimension of the
residual stream has a meaning (class Dim). Each token's vector has norm 8 = sqrt(64), so that the
first RMSNorm leaves it as it is.

* The words: "<|assistant|>" is followed by "The", that by " answer", " is ", the value, ".", and
  the end. The output rows read which of these the last token was.
* Arithmetic: in layer 0, head 1 looks from " is " at all digits of the prompt alike, so it brings
  back the mean of their values; twice the mean is the sum of two. The logit of digit k is
  2ks - k^2, that is, -(k - s)^2 but for a constant: the digit nearest to s wins. "3 + 4" is thus
  right, sums above nine or more than two digits are wrong, and sampling at temperature 1 errs.
* Multiple choice: in layer 0, head 0 looks one token back (rotary angles that agree at distance 1
  only) and notes the letter A to J that it finds there. In layer 1, head 0 looks from " is " at the
  signs . ) : that follow such a letter, that is at option labels; which one wins is decided by
  where in the prompt it stands, so the answer is always one of the options and is right by chance.
  Without labels all of its weight falls on the first token, which says nothing.
"""
import argparse
import array
import math
import pathlib
import random
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from training.gguf_file import CONTROL, F32, NORMAL, Q8_0, UNUSED, Gguf  # noqa: E402
from training.tokenizer import byte_names  # noqa: E402

VOCABULARY = 288
BOS, EOS, FIRST_BYTE, SYSTEM, USER, ASSISTANT, END, THE, ANSWER, IS, DOT = 1, 2, 3, *range(259, 267)
TEMPLATE = ("{% for message in messages %}<|{{ message.role }}|>{{ message.content }}<|end|>"
            "{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}")


def vocabulary():
    bytes_ = byte_names()
    spell = lambda text: "".join(bytes_[b] for b in text.encode())
    tokens = [("<pad>", CONTROL), ("<s>", CONTROL), ("</s>", CONTROL)]
    tokens += [(name, NORMAL) for name in bytes_]
    tokens += [(f"<|{role}|>", CONTROL) for role in ("system", "user", "assistant", "end")]
    tokens += [(spell("The"), NORMAL), (spell(" answer"), NORMAL), (spell(" is "), NORMAL)]
    tokens += [(spell(".\n"), NORMAL)]
    return tokens + [(f"<unused{i}>", UNUSED) for i in range(VOCABULARY - len(tokens))]


def new_model(name, width, layers, heads, hidden, context, rope_base):
    gguf = Gguf()
    gguf.put_text("general.architecture", "llama")
    gguf.put_text("general.name", name)
    for key, value in (("context_length", context), ("embedding_length", width),
                       ("block_count", layers), ("feed_forward_length", hidden),
                       ("attention.head_count", heads), ("attention.head_count_kv", heads),
                       ("rope.dimension_count", width // heads), ("vocab_size", VOCABULARY)):
        gguf.put_uint("llama." + key, value)
    gguf.put_float("llama.attention.layer_norm_rms_epsilon", 1e-5)
    gguf.put_float("llama.rope.freq_base", rope_base)
    tokens = vocabulary()
    gguf.put_text("tokenizer.ggml.model", "gpt2")
    gguf.put_text("tokenizer.ggml.pre", "gpt-2")
    gguf.put_array("tokenizer.ggml.tokens", 8, [Gguf.text(text) for text, _ in tokens])
    gguf.put_array("tokenizer.ggml.token_type", 5, [struct.pack("<i", kind) for _, kind in tokens])
    # The format wants a merge; this one joins two control characters that no prompt has in a row.
    bytes_ = byte_names()
    gguf.put_array("tokenizer.ggml.merges", 8, [Gguf.text(f"{bytes_[1]} {bytes_[2]}")])
    for key, value in (("bos", BOS), ("eos", EOS), ("padding", 0)):
        gguf.put_uint(f"tokenizer.ggml.{key}_token_id", value)
    gguf.put_bool("tokenizer.ggml.add_bos_token", True)
    gguf.put_text("tokenizer.chat_template", TEMPLATE)
    return gguf


class Dim:
    """What each dimension of tiny's residual stream says about a token."""

    ONE, FIRST, DIGIT, VALUE, SIGN, LETTER = range(6)
    WHICH = 6         # .. 15: which letter A to J the token is
    AFTER_ASSISTANT, AFTER_THE, AFTER_ANSWER, AFTER_IS, AFTER_TEXT, AFTER_DOT = range(16, 22)
    SUM = 22          # a tenth of the digits' sum, from layer 0
    BEFORE = 23       # 1 if the token before is a letter A to J, from layer 0
    BEFORE_WHICH = 24  # .. 33: and which
    PICK = 34         # .. 43: the option picked, from layer 1
    PAD = 63          # fills the norm up


def tiny(path):
    width, heads, layers, hidden, base = 64, 2, 2, 64, 1e8
    size = width // heads
    angle = lambda pair: base ** (-2 * pair / size)

    def matrix(columns, rows, entries):
        cells = array.array("f", bytes(4 * columns * rows))
        for (row, column), value in entries.items():
            cells[row * columns + column] = value
        return cells.tobytes()

    def embedding(token):
        byte = token - FIRST_BYTE if FIRST_BYTE <= token < SYSTEM else None
        x = [0.0] * width
        x[Dim.ONE] = 1
        x[Dim.FIRST] = token == BOS
        if byte is not None and chr(byte) in "0123456789":
            x[Dim.DIGIT], x[Dim.VALUE] = 1, (byte - ord("0")) / 2
        x[Dim.SIGN] = byte is not None and chr(byte) in ".):"
        if byte is not None and chr(byte) in "ABCDEFGHIJ":
            x[Dim.LETTER] = x[Dim.WHICH + byte - ord("A")] = 1
        follows = {ASSISTANT: Dim.AFTER_ASSISTANT, THE: Dim.AFTER_THE, ANSWER: Dim.AFTER_ANSWER,
                   IS: Dim.AFTER_IS, DOT: Dim.AFTER_DOT, FIRST_BYTE + ord("="): Dim.AFTER_IS}
        x[follows.get(token, Dim.AFTER_TEXT)] = 1
        x[Dim.PAD] = math.sqrt(width - sum(v * v for v in x))
        return x

    attention = [{"q": {}, "k": {}, "v": {}, "output": {}} for _ in range(layers)]
    # Layer 0, head 0: one token back. The score is the sum over pairs of 110 cos(angle (d - 1)).
    for pair in range(8):
        attention[0]["k"][2 * pair, Dim.ONE] = 10
        attention[0]["q"][2 * pair, Dim.ONE] = 11 * math.cos(angle(pair))
        attention[0]["q"][2 * pair + 1, Dim.ONE] = -11 * math.sin(angle(pair))
    for i in range(11):
        attention[0]["v"][i, Dim.LETTER + i] = 1
        attention[0]["output"][Dim.BEFORE + i, i] = 1
    # Layer 0, head 1: from " is " to every digit, else to the first token. The last rotary pair
    # turns by less than 0.001 over 8,192 tokens: distance does not matter there.
    still = 2 * (size // 2 - 1)
    attention[0]["q"][size + still, Dim.AFTER_IS] = 20
    attention[0]["k"][size + still, Dim.DIGIT] = 20
    attention[0]["k"][size + still, Dim.FIRST] = 10
    attention[0]["v"][size, Dim.VALUE] = 2 * 2 / 10
    attention[0]["output"][Dim.SUM, size] = 1
    # Layer 1, head 0: from " is " to the signs after a letter, one of them preferred by distance.
    attention[1]["q"][still, Dim.AFTER_IS] = 40
    attention[1]["k"][still, Dim.SIGN] = attention[1]["k"][still, Dim.BEFORE] = 40
    attention[1]["k"][still, Dim.FIRST] = 60
    attention[1]["q"][2, Dim.AFTER_IS] = 15
    attention[1]["k"][2, Dim.ONE] = 15
    for i in range(10):
        attention[1]["v"][i, Dim.BEFORE_WHICH + i] = 1
        attention[1]["output"][Dim.PICK + i, i] = 1

    out = {(THE, Dim.AFTER_ASSISTANT): 900.0, (ANSWER, Dim.AFTER_THE): 900.0,
           (IS, Dim.AFTER_ANSWER): 900.0, (DOT, Dim.AFTER_TEXT): 900.0, (EOS, Dim.AFTER_DOT): 900.0}
    for digit in range(10):
        token = FIRST_BYTE + ord("0") + digit
        out[token, Dim.AFTER_IS] = 200.0 - digit * digit
        out[token, Dim.SUM] = 10 * 2.0 * digit
    for i in range(10):
        out[FIRST_BYTE + ord("A") + i, Dim.PICK + i] = 900.0

    gguf = new_model("ipw tiny", width, layers, heads, hidden, context=8192, rope_base=base)
    ones = array.array("f", [1.0] * width).tobytes()
    table = array.array("f", [v for token in range(VOCABULARY) for v in embedding(token)])
    gguf.add("token_embd.weight", (width, VOCABULARY), F32, table.tobytes())
    gguf.add("output_norm.weight", (width,), F32, ones)
    gguf.add("output.weight", (width, VOCABULARY), F32, matrix(width, VOCABULARY, out))
    for layer in range(layers):
        for name, entries in attention[layer].items():
            gguf.add(f"blk.{layer}.attn_{name}.weight", (width, width), F32,
                     matrix(width, width, entries))
        for name, columns, rows in (("gate", width, hidden), ("up", width, hidden),
                                    ("down", hidden, width)):
            gguf.add(f"blk.{layer}.ffn_{name}.weight", (columns, rows), F32,
                     matrix(columns, rows, {}))
        for name in ("attn_norm", "ffn_norm"):
            gguf.add(f"blk.{layer}.{name}.weight", (width,), F32, ones)
    gguf.put_uint("general.file_type", 0)
    gguf.write(path)


# Parameters in thousands, width, layers, heads, hidden.
SHAPES = ((150, 64, 2, 2, 192), (750, 128, 3, 4, 384), (3400, 256, 4, 8, 704),
          (13200, 512, 4, 8, 1408), (105000, 1024, 8, 16, 2816))


def random_weights(path, params, kind, text, seed, layers=None):
    shape = min(SHAPES, key=lambda s: abs(math.log(s[0] * 1e3 / params)))
    _, width, usual_layers, heads, hidden = shape
    layers = layers or usual_layers
    source = random.Random(seed)

    # Tokens that are not silent have logits of about unit variance, the others always 0, so that
    # greedy decoding never ends by itself and writes readable bytes, or any bytes.
    heard = range(256) if text == "bytes" else [10, *range(32, 127)]
    silent = set(range(VOCABULARY)) - {FIRST_BYTE + byte for byte in heard}

    def tensor(columns, rows, silent_rows=()):
        """Uniform int8 times a scale that gives each row's dot product about unit variance."""
        scale = 1 / (74 * math.sqrt(columns))
        data = bytearray(source.randbytes(columns * rows))
        for row in silent_rows:
            data[row * columns:(row + 1) * columns] = bytes(columns)
        if kind == F32:
            return array.array("f", [v * scale for v in array.array("b", data)]).tobytes()
        head = struct.pack("<e", scale)
        return b"".join(head + data[i:i + 32] for i in range(0, len(data), 32))

    gguf = new_model(f"ipw random d{width}", width, layers, heads, hidden, 4096, 10000.0)
    ones = array.array("f", [1.0] * width).tobytes()
    gguf.add("token_embd.weight", (width, VOCABULARY), kind, tensor(width, VOCABULARY))
    gguf.add("output_norm.weight", (width,), F32, ones)
    gguf.add("output.weight", (width, VOCABULARY), kind, tensor(width, VOCABULARY, silent))
    for layer in range(layers):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            gguf.add(f"blk.{layer}.{name}.weight", (width, width), kind, tensor(width, width))
        gguf.add(f"blk.{layer}.ffn_gate.weight", (width, hidden), kind, tensor(width, hidden))
        gguf.add(f"blk.{layer}.ffn_up.weight", (width, hidden), kind, tensor(width, hidden))
        gguf.add(f"blk.{layer}.ffn_down.weight", (hidden, width), kind, tensor(hidden, width))
        for name in ("attn_norm", "ffn_norm"):
            gguf.add(f"blk.{layer}.{name}.weight", (width,), F32, ones)
    gguf.put_uint("general.file_type", 0 if kind == F32 else 7)
    gguf.write(path)


def number(text):
    units = {"K": 1e3, "M": 1e6}
    return float(text[:-1]) * units[text[-1]] if text[-1] in units else float(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=("tiny", "random"))
    parser.add_argument("path")
    parser.add_argument("--params", type=number, default=13e6, help="nearest of the known shapes")
    parser.add_argument("--type", choices=("Q8_0", "F32"), default="Q8_0")
    parser.add_argument("--text", choices=("ascii", "bytes"), default="ascii", help="what it writes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--layers", type=int, help="instead of those of the shape")
    options = parser.parse_args()
    if options.kind == "tiny":
        tiny(options.path)
    else:
        random_weights(options.path, options.params, F32 if options.type == "F32" else Q8_0,
                       options.text, options.seed, options.layers)


if __name__ == "__main__":
    main()
