"""Questions with answers, as tokens, and in batches of rows of like length.

Rows are not packed together: a batch holds rows of nearly one length, so almost nothing of it is
padding and causal attention needs no mask that keeps rows apart.
"""
import dataclasses
import hashlib
import json
import os

import numpy

from training.failure import Failure, explained
from training.tokenizer import PAD

WINDOW = 64  # micro-batches whose rows are sorted by length together
IGNORE = -100


def read_rows(path):
    """Yields (line number, row)."""
    with explained("read", path), open(path, encoding="utf-8") as file:
        try:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                try:
                    row = json.loads(line)
                    prompt, reference = row["prompt"], row["reference"]
                except (ValueError, KeyError, TypeError) as error:
                    raise Failure(f"{path}:{number} is no question: {error!r} (each line is an object "
                                  'with "prompt" and "reference")') from error
                if isinstance(reference, list):
                    reference = reference[0] if reference else None
                if not isinstance(prompt, str) or not isinstance(reference, (str, int, float)):
                    raise Failure(f"{path}:{number}: prompt and reference must be text")
                row["reference"] = str(reference)
                yield number, row
        except UnicodeDecodeError as error:
            raise Failure(f"{path} is no text: {error}") from error


def same(text):
    """Texts that differ in spacing or case only are one."""
    return " ".join(text.split()).casefold()


def fingerprint(path):
    """Of a file's bytes."""
    digest = hashlib.sha256()
    with explained("read", path), open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


@dataclasses.dataclass
class Encoded:
    """Rows of token ids: row i is tokens[begin[i]:begin[i + 1]], its answer starts at answer[i]."""

    tokens: numpy.ndarray  # uint16
    begin: numpy.ndarray   # int64, one more than rows
    answer: numpy.ndarray  # int32, counted from the row's begin
    task: numpy.ndarray    # uint16, into tasks
    tasks: list

    def __len__(self):
        return len(self.answer)

    def lengths(self):
        return numpy.diff(self.begin)

    def digest(self):
        return hashlib.sha256(self.tokens).hexdigest()

    def some(self, count, seed):
        """`count` rows, drawn by `seed`."""
        chosen = numpy.random.default_rng(seed).permutation(len(self))[:count]
        parts = [self.tokens[self.begin[i]:self.begin[i + 1]] for i in chosen]
        begin = numpy.cumsum([0, *map(len, parts)])
        return Encoded(numpy.concatenate(parts), begin, self.answer[chosen], self.task[chosen],
                       self.tasks)


def encode(path, tokenizer, context, forbidden=None):
    """`forbidden`: path of held-out questions; a row that shares prompt or key with one fails."""
    prompts, keys = set(), set()
    for _, row in read_rows(forbidden) if forbidden else ():
        prompts.add(same(row["prompt"]))
        keys.add(row.get("key"))
    keys.discard(None)
    tokens, begin, answers, kinds, tasks = [], [0], [], [], {}
    blocks = []
    for number, row in read_rows(path):
        for what, leaks in (("prompt", same(row["prompt"]) in prompts),
                            ("key", row.get("key") in keys)):
            if leaks:
                raise Failure(f"{path}:{number} has the {what} of a held-out question of {forbidden}: "
                              "a model trained on it would only remember (generate the corpus with "
                              "another seed, or as the training split)")
        prompt = tokenizer.encode_prompt(row["prompt"])
        answer = tokenizer.encode_answer(row["reference"])
        if len(prompt) + len(answer) > context:
            raise Failure(f"{path}:{number} has {len(prompt) + len(answer)} tokens, more than the "
                          f"context of {context}")
        tokens += prompt
        tokens += answer
        begin.append(begin[-1] + len(prompt) + len(answer))
        answers.append(len(prompt))
        kinds.append(tasks.setdefault(str(row.get("task", "")), len(tasks)))
        if len(tokens) > 1 << 20:
            blocks.append(numpy.array(tokens, numpy.uint16))
            tokens = []
    if not answers:
        raise Failure(f"{path} has no question")
    blocks.append(numpy.array(tokens, numpy.uint16))
    return Encoded(numpy.concatenate(blocks), numpy.array(begin, numpy.int64),
                   numpy.array(answers, numpy.int32), numpy.array(kinds, numpy.uint16), list(tasks))


def load(path, tokenizer, context, forbidden=None):
    """encode(), remembered in a file beside `path` where that can be written."""
    parts = [fingerprint(path), tokenizer.digest(), fingerprint(forbidden) if forbidden else "",
             str(context)]
    name = hashlib.sha256(" ".join(parts).encode()).hexdigest()[:16]
    cache = f"{path}.{name}.tokens.npz"
    try:
        with numpy.load(cache) as file:
            return Encoded(file["tokens"], file["begin"], file["answer"], file["task"],
                           [str(task) for task in file["tasks"]])
    except (OSError, ValueError, KeyError, EOFError):
        pass
    except Exception:  # zipfile's own errors: a damaged cache is made anew
        pass
    encoded = encode(path, tokenizer, context, forbidden)
    partial = f"{cache}.{os.getpid()}.npz"
    try:
        numpy.savez(partial, tokens=encoded.tokens, begin=encoded.begin, answer=encoded.answer,
                    task=encoded.task, tasks=numpy.array(encoded.tasks))
        os.replace(partial, cache)
    except OSError:  # only a cache
        if os.path.exists(partial):
            os.unlink(partial)
    return encoded


@dataclasses.dataclass
class Batch:
    tokens: numpy.ndarray   # int64 (rows, length)
    where: numpy.ndarray    # int64 (rows, asked): positions whose next token is scored
    target: numpy.ndarray   # int64 (rows, asked): that token, or IGNORE
    weight: numpy.ndarray   # float32 (rows, asked)
    rows: numpy.ndarray
    size: int               # tokens that are no padding


def batch(data, rows, prompt_weight=0.0, prompt_positions=0, source=None):
    """`prompt_positions` tokens of each prompt, drawn by `source`, count as well, with a weight such
    that all of them together stand for the whole prompt at `prompt_weight` a token."""
    begin, answer = data.begin[rows], data.answer[rows].astype(int)
    lengths = data.begin[rows + 1] - begin
    column = numpy.arange(lengths.max())
    inside = column < lengths[:, None]
    index = numpy.minimum(begin[:, None] + column, len(data.tokens) - 1)
    tokens = numpy.where(inside, data.tokens[index], PAD).astype(numpy.int64)
    asked = numpy.arange(int((lengths - answer).max()))
    where = answer[:, None] - 1 + asked
    counts = where < lengths[:, None] - 1
    weight = counts.astype(numpy.float32)
    if prompt_positions:
        drawn = (source.random((len(rows), prompt_positions)) * (answer - 1)[:, None]).astype(int)
        where = numpy.concatenate([where, drawn], 1)
        counts = numpy.concatenate([counts, numpy.ones(drawn.shape, bool)], 1)
        each = prompt_weight * (answer - 1)[:, None] / prompt_positions
        weight = numpy.concatenate([weight, numpy.broadcast_to(each, drawn.shape)], 1)
    where = numpy.where(counts, where, 0)
    target = numpy.where(counts, numpy.take_along_axis(tokens, where + 1, 1), IGNORE)
    return Batch(tokens, where, target, weight.astype(numpy.float32), rows, int(lengths.sum()))


def groups(data, tokens, source=None):
    """Rows in lists of like length, each of at most `tokens` padded tokens (or one row); with
    `source`, rows and lists in its order."""
    lengths = data.lengths()
    order = numpy.arange(len(data)) if source is None else source.permutation(len(data))
    window = len(order) if source is None else max(1, int(WINDOW * tokens / lengths.mean()))
    out = []
    for first in range(0, len(order), window):
        rows = order[first:first + window]
        rows = rows[numpy.argsort(lengths[rows], kind="stable")]
        start = 0
        for i in range(1, len(rows) + 1):
            if i == len(rows) or (i + 1 - start) * lengths[rows[i]] > tokens:
                out.append(rows[start:i])
                start = i
    if source is not None:
        out = [out[i] for i in source.permutation(len(out))]
    return out


class Order:
    """The training order, a function of the seed alone: steps of micro-batches, epoch after epoch."""

    def __init__(self, data, seed, micro_tokens, micro_batches, epoch=0, step=0):
        self.data, self.seed = data, seed
        self.micro_tokens, self.micro_batches = micro_tokens, micro_batches
        self.epoch, self.step = epoch, step
        self._plan = None

    def next(self):
        """A list of (rows, seed of the micro-batch)."""
        if self._plan is None:
            source = numpy.random.default_rng([self.seed, self.epoch])
            self._plan = groups(self.data, self.micro_tokens, source)
        first = self.step * self.micro_batches
        out = [(rows, [self.seed, self.epoch, first + i])
               for i, rows in enumerate(self._plan[first:first + self.micro_batches])]
        self.step += 1
        if self.step * self.micro_batches >= len(self._plan):
            self.epoch, self.step, self._plan = self.epoch + 1, 0, None
        return out
