"""Questions in batches, and what a corpus may not hold."""
import os
import unittest

import numpy

from samples import Case, questions, write_rows
from training import corpus
from training.failure import Failure
from training.tokenizer import ASSISTANT, END, PAD, USER, Tokenizer


class Corpus(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pieces = Tokenizer.load(cls.tokenizer)
        cls.data = corpus.encode(cls.corpus, cls.pieces, 4096, cls.held_out)

    def test_a_batch_asks_for_every_token_of_each_answer(self):
        rows = numpy.array([0, 1, 2, 3])
        batch = corpus.batch(self.data, rows)
        for i, row in enumerate(corpus.read_rows(self.corpus)):
            if i == len(rows):
                break
            prompt = self.pieces.encode_prompt(row[1]["prompt"])
            answer = self.pieces.encode_answer(row[1]["reference"])
            filled = len(prompt) + len(answer)
            self.assertEqual(batch.tokens[i, :filled].tolist(), prompt + answer)
            self.assertTrue((batch.tokens[i, filled:] == PAD).all())
            asked = batch.target[i] != corpus.IGNORE
            self.assertEqual(batch.target[i][asked].tolist(), answer)
            self.assertEqual(batch.where[i][asked].tolist(),
                             list(range(len(prompt) - 1, filled - 1)))
            self.assertEqual(batch.weight[i].tolist(), asked.astype(float).tolist())

    def test_positions_of_the_prompt_stand_for_the_whole_prompt(self):
        batch = corpus.batch(self.data, numpy.arange(50), 0.1, 5, numpy.random.default_rng(1))
        answers = (self.data.lengths() - self.data.answer)[:50].sum()
        prompts = (self.data.answer[:50] - 1).sum()
        self.assertAlmostEqual(batch.weight.sum(), answers + 0.1 * prompts, places=2)
        drawn = numpy.take_along_axis(batch.tokens, batch.where[:, -5:] + 1, 1)
        self.assertTrue((drawn == batch.target[:, -5:]).all())
        self.assertNotIn(USER, drawn)
        self.assertNotIn(END, drawn)
        self.assertIn(ASSISTANT, drawn)

    def test_an_epoch_has_every_row_once_and_little_padding(self):
        order = corpus.Order(self.data, 1, 512, 2)
        rows, padded = [], 0
        while order.epoch == 0:
            for part, _ in order.next():
                rows += part.tolist()
                padded += corpus.batch(self.data, part).tokens.size
        self.assertEqual(sorted(rows), list(range(len(self.data))))
        self.assertLess(padded, 1.1 * len(self.data.tokens))

    def test_the_order_follows_the_seed_and_continues_anywhere(self):
        take = lambda order, count: [[(part.tolist(), seed) for part, seed in order.next()]
                                     for _ in range(count)]
        order = corpus.Order(self.data, 1, 512, 2)
        first = take(order, 150)  # into the second epoch
        self.assertGreater(order.epoch, 0)
        self.assertEqual(take(corpus.Order(self.data, 1, 512, 2), 150), first)
        self.assertNotEqual(take(corpus.Order(self.data, 2, 512, 2), 150), first)
        again = corpus.Order(self.data, 1, 512, 2, order.epoch, order.step)
        self.assertEqual(take(again, 20), take(order, 20))

    def test_is_read_from_a_cache_the_second_time_and_a_damaged_cache_is_made_anew(self):
        for _ in range(2):
            loaded = corpus.load(self.corpus, self.pieces, 4096, self.held_out)
            self.assertTrue((loaded.tokens == self.data.tokens).all())
        cache, = (name for name in os.listdir(self.folder) if name.endswith(".npz"))
        with open(self.path(cache), "r+b") as file:
            file.truncate(3000)
        loaded = corpus.load(self.corpus, self.pieces, 4096, self.held_out)
        self.assertTrue((loaded.tokens == self.data.tokens).all())

    def test_a_held_out_question_in_the_corpus_is_refused(self):
        leaked = next(row for _, row in corpus.read_rows(self.held_out))
        for what, row in (("prompt", {**leaked, "key": "other"}),
                          ("prompt", {**leaked, "key": "other",
                                      "prompt": leaked["prompt"].upper().replace(" ", "  ")}),
                          ("key", {**leaked, "prompt": "other words"})):
            path = write_rows(self.path("leak.jsonl"), [*questions(20, 1), row])
            with self.assertRaisesRegex(Failure, f"leak.jsonl:21 has the {what} of a held-out"):
                corpus.load(path, self.pieces, 4096, self.held_out)

    def test_rows_that_are_no_questions_are_named(self):
        for text, complaint in (('{"prompt": "a"}', ":1 is no question"),
                                ("[1]", ":1 is no question"), ("{", ":1 is no question"),
                                ('{"prompt": 1, "reference": "a"}', ":1: prompt and reference"),
                                ('{"prompt": "a", "reference": []}', ":1: prompt and reference"),
                                ("", "has no question")):
            with open(self.path("bad.jsonl"), "w", encoding="utf-8") as file:
                file.write(text)
            with self.assertRaisesRegex(Failure, complaint, msg=text):
                corpus.encode(self.path("bad.jsonl"), self.pieces, 4096)
        with open(self.path("bad.jsonl"), "wb") as file:
            file.write(b'{"prompt": "\xff", "reference": "a"}')
        with self.assertRaisesRegex(Failure, "no text"):
            corpus.encode(self.path("bad.jsonl"), self.pieces, 4096)

    def test_a_row_longer_than_the_context_is_refused(self):
        path = write_rows(self.path("long.jsonl"), [{"prompt": "long " * 60, "reference": "a"}])
        with self.assertRaisesRegex(Failure, "more than the context of 50"):
            corpus.encode(path, self.pieces, 50)


if __name__ == "__main__":
    unittest.main()
