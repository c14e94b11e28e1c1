"""What the trainer exports, in the engine: the same tokens, the same greedy text, Q8_0 as good."""
import json
import os
import random
import struct
import subprocess
import unittest

import numpy

from samples import Case, call, questions, write_rows
from training import checkpoint, export
from training.failure import Failure
from training.tokenizer import ASSISTANT, END, USER, Tokenizer

PROGRAM, TOKENS = os.environ.get("IPW_PROGRAM"), os.environ.get("IPW_TOKENS")
CLEAR = 0.05  # lead of the likeliest token's logit that rounding to half precision cannot turn


class Quantization(unittest.TestCase):
    def test_is_within_half_a_step_and_keeps_the_largest_weight(self):
        matrix = numpy.random.default_rng(1).normal(size=(8, 64)).astype(numpy.float32)
        matrix[3] = 0
        data = export.quantize(matrix)
        self.assertEqual(len(data), 16 * 34)
        for i, block in enumerate(matrix.reshape(-1, 32)):
            scale, *whole = struct.unpack_from("<e32b", data, 34 * i)
            step = numpy.abs(block).max() / 127
            self.assertAlmostEqual(scale, step, delta=step / 1000)
            self.assertLessEqual(numpy.abs(numpy.array(whole) * step - block).max(), step * 0.501)
            self.assertEqual(max(map(abs, whole)), 127 if step else 0)


class Engine(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.out = "run"
        status, _, err = cls.train(cls, cls.out, tokens="400K")
        assert status == 0, err
        cls.checkpoint = cls.path("run/last.ckpt")
        for kind in ("f32", "q8_0"):
            status, _, err = call("export", "--checkpoint", cls.checkpoint, "--out",
                                  cls.path(f"{kind}.gguf"), "--type", kind)
            assert status == 0, err
        cls.asked = write_rows(cls.path("asked.jsonl"), questions(400, 77))

    def output_of(self, *command, text=None):
        done = subprocess.run(command, input=text, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def in_engine(self, kind):
        """{id: record} of the answers to self.asked."""
        run = self.path(f"profile-{kind}")
        self.output_of(PROGRAM, "profile", "--model", self.path(f"{kind}.gguf"), "--dataset",
                       self.asked, "--template", "{question}", "--scorer", "exact", "--max-tokens",
                       "48", "--idle", "0", "--out", run)
        lines = self.output_of(PROGRAM, "export", run, "--format", "jsonl").splitlines()
        return {record["external_id"]: record for record in map(json.loads, lines)}

    def rendered(self, conversations):
        """[{"prompt", "tokens"}] of lists of messages, by the engine's template and tokenizer."""
        text = "".join(json.dumps(messages) + "\n" for messages in conversations)
        done = self.output_of(TOKENS, self.path("f32.gguf"), text=text)
        return [json.loads(line) for line in done.split("\n") if line]

    def test_the_engine_feeds_the_tokens_that_the_trainer_trained_on(self):
        source = random.Random(5)
        alphabet = "aaabbcde XYZ  0123 \n\t'.,!?-é½漢🙂\u00a0\u2003\u0301"
        prompts = [row["prompt"] for row in questions(300, 6)]
        prompts += ["they'll've  don't", " a", "a ", "  ", "x\n\n y", "C. one\nD. two", "5½ km²"]
        prompts += ["".join(source.choices(alphabet, k=source.randrange(1, 40))) for _ in range(700)]
        pieces = Tokenizer.load(self.tokenizer)
        rendered = self.rendered([[{"role": "user", "content": prompt}] for prompt in prompts])
        for prompt, engine in zip(prompts, rendered, strict=True):
            self.assertEqual(engine["tokens"], pieces.encode_prompt(prompt), repr(prompt))

    def test_a_conversation_alternates_and_the_system_speaks_in_the_users_turn(self):
        message = lambda role, content: {"role": role, "content": content}
        conversations = [
            [message("system", "Be brief."), message("user", "Hi?")],
            [message("user", "One?"), message("assistant", "two"), message("user", "Three?")]]
        one, two = self.rendered(conversations)
        pieces = Tokenizer.load(self.tokenizer)
        self.assertEqual(one["tokens"], pieces.encode_prompt("Be brief.\nHi?"))
        self.assertEqual(two["tokens"], [USER, *pieces.encode("One?"), ASSISTANT,
                                         *pieces.encode(" two"), END, USER,
                                         *pieces.encode("Three?"), ASSISTANT])

    def test_f32_gives_the_text_of_the_trainer_and_q8_0_is_as_often_right(self):
        status, _, err = call("evaluate", "--checkpoint", self.checkpoint, "--questions", self.asked,
                              "--out", self.path("answers.jsonl"))
        self.assertEqual(status, 0, err)
        answers = [json.loads(line) for line in self.read("answers.jsonl").splitlines()]
        engine = self.in_engine("f32")
        clear = [row for row in answers if row["margin"] > CLEAR]
        self.assertGreaterEqual(len(clear), 200)
        for row in clear:
            self.assertEqual(engine[row["id"]]["text"], row["answer"], row)
        share = lambda records: sum(r["outcome"] == "correct" for r in records.values()) / 400
        self.assertAlmostEqual(share(engine), sum(row["correct"] for row in answers) / 400,
                               delta=0.01)
        self.assertGreater(share(engine), 0.6)
        self.assertAlmostEqual(share(self.in_engine("q8_0")), share(engine), delta=0.02)

    def test_the_file_says_what_it_is(self):
        data = self.read("q8_0.gguf")
        self.assertLess(len(data), 0.4 * len(self.read("f32.gguf")))
        for text in (b"general.architecture", b"llama.context_length", b"<|assistant|>"):
            self.assertIn(text, data)

    def test_weights_that_are_no_numbers_are_not_exported(self):
        model, pieces = checkpoint.load_model(self.checkpoint)
        model.norm.data[0] = float("nan")
        with self.assertRaisesRegex(Failure, "output_norm.weight holds weights that are no numbers"):
            export.export(model, pieces, self.path("nan.gguf"), "f32", "x")
        self.assertFalse(os.path.exists(self.path("nan.gguf")))


if __name__ == "__main__":
    unittest.main()
