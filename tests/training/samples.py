"""A corpus of a few easy questions, made here, and how the tests call the trainer."""
import contextlib
import io
import json
import os
import random
import tempfile
import unittest

from training import __main__ as program

COLORS = "red blue green yellow black white brown grey".split()
THINGS = "lamp chair bottle ticket pencil basket mirror kettle".split()


def questions(count, seed):
    """Rows that differ from each other in prompt and key."""
    source, seen = random.Random(seed), {}
    while len(seen) < count:
        if source.random() < 0.5:
            thing, color = source.choice(THINGS), source.choice(COLORS)
            prompt = f"The {thing} number {source.randrange(1000)} is {color}. Which color is it?"
            row = {"task": "look-up", "prompt": prompt, "reference": color}
        else:
            a, b = source.sample(range(10), 2)
            prompt = f"In box {source.randrange(1000)}: which is larger, {a} or {b}?"
            row = {"task": "larger", "prompt": prompt, "reference": str(max(a, b))}
        seen.setdefault(prompt, {"id": str(len(seen)), "key": prompt, **row})
    return list(seen.values())


def write_rows(path, rows):
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    return path


def call(*arguments):
    """(exit status, standard output, standard error) of a command of the trainer, in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = program.main([str(argument) for argument in arguments])
        except SystemExit as stop:
            status = stop.code
    return status, out.getvalue(), err.getvalue()


class Case(unittest.TestCase):
    """With a folder that holds a corpus, held-out questions of its kind, and a tokenizer."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        rows = questions(2600, 1)
        cls.corpus = write_rows(cls.path("corpus.jsonl"), rows[:2200])
        cls.held_out = write_rows(cls.path("held-out.jsonl"), rows[2200:])
        cls.tokenizer = cls.path("tokenizer.json")
        status, _, err = call("tokenizer", "--corpus", cls.corpus, "--out", cls.tokenizer, "--size",
                              "320")
        assert status == 0, err

    @classmethod
    def path(cls, name):
        return os.path.join(cls.folder, name)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def train(self, out, *more, size="S", corpus=None, tokens="60K"):
        return call("train", "--size", size, "--corpus", corpus or self.corpus, "--held-out",
                    self.held_out, "--tokenizer", self.tokenizer, "--out", self.path(out), "--device",
                    "cpu", "--batch-tokens", 1024, "--micro-tokens", 512, "--tokens", tokens, *more)

    def trained(self, out, *more, **options):
        status, _, err = self.train(out, *more, **options)
        self.assertEqual(status, 0, err)
        return os.path.join(self.path(out), "last.ckpt")
