"""The tokenizer: learned merges, and text to tokens and back."""
import random
import unittest

from samples import call, questions
from training.failure import Failure
from training.tokenizer import ASSISTANT, END, FIRST_MERGE, USER, Tokenizer, words


class Words(unittest.TestCase):
    def test_are_cut_as_gpt_2_cuts_them(self):
        # Each line worked out by hand from GPT-2's pattern.
        for text, expected in (
                ("It's 3 pm", ["It", "'s", " 3", " pm"]),
                ("a  b", ["a", " ", " b"]),
                ("a   b ", ["a", "  ", " b", " "]),
                ("x\n\ny", ["x", "\n", "\n", "y"]),
                ("they'll'd'x", ["they", "'ll", "'d", "'", "x"]),
                ("12ab,!3", ["12", "ab", ",!", "3"]),
                ("né 5½ km²", ["né", " 5½", " km", "²"]),
                ("a\u00a0b", ["a", "\u00a0", "b"]),
                ("", [])):
            self.assertEqual(words(text), expected, repr(text))


class Learning(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.texts = [row["prompt"] for row in questions(500, 3)]
        cls.tokenizer = Tokenizer.learn(cls.texts, 400)

    def test_joins_the_most_frequent_pair_first(self):
        self.assertEqual(Tokenizer.learn(["ab ab ab"], 262).merges, [("a", "b"), ("Ġ", "ab")])

    def test_gives_frequent_words_a_token(self):
        self.assertEqual(len(self.tokenizer.encode(" color")), 1)
        self.assertLess(sum(len(self.tokenizer.encode(text)) for text in self.texts),
                        sum(map(len, self.texts)) / 2)

    def test_never_joins_a_digit(self):
        learned = Tokenizer.learn([f"number 77{i % 9}" for i in range(999)], 400)
        self.assertFalse([merge for merge in learned.merges if any(c.isdigit() for c in "".join(merge))])
        self.assertEqual(len(learned.encode("777")), 3)

    def test_fills_up_with_unused_pieces_where_the_text_is_small(self):
        learned = Tokenizer.learn(["ab ab ab"], 300)
        self.assertEqual((learned.used, len(learned.pieces)), (FIRST_MERGE + 2, 300))

    def test_rejects_a_size_without_room_for_bytes(self):
        with self.assertRaisesRegex(Failure, "260 pieces"):
            Tokenizer.learn(["a"], 260)

    def test_round_trip_gives_any_text_back(self):
        source = random.Random(1)
        alphabet = "abc XYZ 0123 \n\t'.,!?é½漢🙂\u00a0\u2003\u0301\x00\x1f"
        for _ in range(300):
            text = "".join(source.choices(alphabet, k=source.randrange(40)))
            self.assertEqual(self.tokenizer.decode(self.tokenizer.encode(text)), text, repr(text))

    def test_control_tokens_cannot_be_written_in_text(self):
        self.assertNotIn(END, self.tokenizer.encode("<|end|>"))
        prompt = self.tokenizer.encode_prompt("hi")
        self.assertEqual((prompt[0], prompt[-1]), (USER, ASSISTANT))

    def test_an_answer_has_the_tokens_that_it_has_inside_a_prompt(self):
        inside = self.tokenizer.encode("it is yellow")
        answer = self.tokenizer.encode_answer("yellow")
        self.assertEqual(answer, [*inside[-len(answer) + 1:], END])


class Files(unittest.TestCase):
    def test_a_missing_or_foreign_tokenizer_is_a_clear_error(self):
        with self.assertRaisesRegex(Failure, "does not exist"):
            Tokenizer.load("/nowhere/tokenizer.json")
        with self.assertRaisesRegex(Failure, "holds no tokenizer"):
            Tokenizer.load(__file__)

    def test_learning_from_a_missing_corpus_is_a_clear_error(self):
        status, _, err = call("tokenizer", "--corpus", "/nowhere", "--out", "/nowhere/t")
        self.assertEqual(status, 1)
        self.assertIn("cannot read /nowhere: it does not exist", err)


if __name__ == "__main__":
    unittest.main()
