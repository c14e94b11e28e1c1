"""Training runs: they learn, repeat, resume, and keep their last good checkpoint."""
import io
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
import unittest
import zipfile

import torch

from samples import Case, call, questions, write_rows
from training import answer, checkpoint, corpus, grow, train
from training.failure import Failure
from training.model import CONTEXT, Llama, Shape
from training.optimizer import Optimizer, orthogonal, rate_factor
from training.tokenizer import Tokenizer


class Course(unittest.TestCase):
    def test_the_rate_warms_up_stays_and_falls_to_zero(self):
        for step, done, factor in ((0, 0, 0.02), (24, 0, 0.5), (49, 0, 1), (1000, 0.79, 1),
                                   (1000, 0.9, 0.5), (1000, 1, 0)):
            self.assertAlmostEqual(rate_factor(step, done), factor, msg=(step, done))

    def test_the_budget_is_spent_by_what_is_spent_first(self):
        self.assertEqual(train.Budget(100, 10).done(50, 2), 0.5)
        self.assertEqual(train.Budget(100, 10).done(50, 8), 0.8)
        self.assertEqual(train.Budget(0, 10).done(10 ** 9, 20), 1)


class Mathematics(unittest.TestCase):
    def test_the_model_has_the_gradient_of_a_plain_llama(self):
        model = scattered(Shape(64, 3, 2, 96))
        tokens = torch.randint(300, (3, 20))
        where = torch.tensor([[5, 6, 19], [3, 4, 7], [0, 10, 18]])
        direction = torch.randn(3, 3, 300)
        logits = model(tokens, where)
        expected = plain(model, tokens).gather(1, where[..., None].expand(-1, -1, 300))
        torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-5)
        gradients = [torch.autograd.grad((x * direction).sum(), list(model.parameters()))
                     for x in (logits, expected)]
        for ours, theirs in zip(*gradients):
            torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)

    def test_decoding_from_the_cache_gives_the_logits_of_the_whole(self):
        model = scattered(Shape(64, 3, 2, 96))
        tokens = torch.arange(24).view(2, 12)
        caches = [[] for _ in model.layers]
        with torch.no_grad():
            expected = plain(model, tokens)
            torch.testing.assert_close(model.continued(tokens[:, :9], caches, 0), expected[:, 8],
                                       rtol=1e-4, atol=1e-5)
            for i in range(9, 12):
                torch.testing.assert_close(model.continued(tokens[:, i:i + 1], caches, i),
                                           expected[:, i], rtol=1e-4, atol=1e-5)

    def test_a_grown_model_computes_what_the_smaller_one_does_and_all_of_it_learns(self):
        small = scattered(Shape(32, 2, 2, 48))
        small.norm.data.uniform_(0.5, 1.5)
        small.embedding.data.mul_(8)  # beside which the norm's epsilon is nothing
        large = grow.grow(small, Shape(64, 5, 4, 96), 7)
        tokens, where = torch.randint(300, (3, 20)), torch.tensor([[5, 19], [3, 7], [0, 18]])
        torch.testing.assert_close(large(tokens, where), small(tokens, where), rtol=1e-4, atol=1e-3)
        optimizer = Optimizer(large)
        before = optimizer.weights.clone()
        for _ in range(4):  # what writes through zeros moves first, then what it reads
            torch.nn.functional.cross_entropy(large(tokens, where).flatten(0, 1),
                                              torch.arange(6)).backward()
            optimizer.step(0.01)
        self.assertGreater(float((optimizer.weights != before).float().mean()), 0.95)

    def test_layers_of_the_smaller_model_are_spread_over_the_larger_one(self):
        self.assertEqual(grow.places(4, 7), [0, 2, 4, 6])
        self.assertEqual(grow.places(1, 3), [0])
        self.assertEqual(grow.places(3, 3), [0, 1, 2])

    def test_a_model_cannot_grow_smaller_or_into_other_heads(self):
        for shape in (Shape(32, 1, 2, 48), Shape(32, 2, 2, 40), Shape(64, 2, 2, 48)):
            with self.assertRaisesRegex(Failure, "cannot grow into"):
                grow.grow(scattered(Shape(32, 2, 2, 48)), shape, 1)

    def test_orthogonal_makes_every_singular_value_about_one(self):
        torch.manual_seed(3)
        values = torch.linalg.svdvals(orthogonal(torch.randn(5, 32, 96) * 7))
        self.assertGreater(float(values.min()), 0.5)
        self.assertLess(float(values.max()), 1.3)

    def test_the_optimizer_finds_a_minimum(self):
        model = Llama(Shape(32, 1, 1, 32), 300).initialize(4)
        optimizer = Optimizer(model)
        target = torch.randn(optimizer.weights.shape, generator=torch.Generator().manual_seed(5))
        target *= 0.3
        distance = lambda: float((optimizer.weights - target).norm())
        before = distance()
        for step in range(400):
            optimizer.gradient.copy_(optimizer.weights - target)
            optimizer.step(0.03 * (1 - step / 400))
        self.assertLess(distance(), 0.15 * before)
        self.assertEqual(float(optimizer.gradient.norm()), 0)


def scattered(shape):
    """A model none of whose weights is zero."""
    model = Llama(shape, 300)
    torch.manual_seed(6)
    for p in model.parameters():
        p.data.normal_(0, p.shape[-1] ** -0.5)
    return model


def plain(model, tokens):
    """Logits at every position, by the book."""
    functional, shape = torch.nn.functional, model.shape
    b, t = tokens.shape
    size = shape.width // shape.heads
    normal = lambda x: x / torch.sqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5)
    angle = (torch.arange(t)[:, None] * 10000.0 ** (-torch.arange(0, size, 2) / size))[None, :, None]

    def turned(x):
        even, odd = x[..., 0::2], x[..., 1::2]
        return torch.stack((even * angle.cos() - odd * angle.sin(),
                            even * angle.sin() + odd * angle.cos()), -1).flatten(-2)

    x = model.embedding[tokens]
    for layer in model.layers:
        q, k, v = ((normal(x) @ w.T).view(b, t, shape.heads, size)
                   for w in layer.attn_qkv.chunk(3))
        scores = torch.einsum("bqhs,bkhs->bhqk", turned(q), turned(k)) / size ** 0.5
        scores = scores.masked_fill(torch.ones(t, t).triu(1).bool(), float("-inf"))
        mixed = torch.einsum("bhqk,bkhs->bqhs", scores.softmax(-1), v).reshape(b, t, -1)
        x = x + mixed @ layer.attn_output.T
        gate, up = ((normal(x) @ w.T) for w in layer.ffn_gate_up.chunk(2))
        x = x + (functional.silu(gate) * up) @ layer.ffn_down.T
    return normal(x) * model.norm @ model.embedding.T


class Run(Case):
    def log(self, out):
        return [json.loads(line) for line in self.read(f"{out}/log.jsonl").splitlines()]

    def assertSameState(self, one, other):
        a, b = checkpoint.load(one), checkpoint.load(other)
        for part in ("weights", "optimizer"):
            self.assertEqual(a[part].keys(), b[part].keys())
            for name, value in a[part].items():
                self.assertTrue(torch.equal(torch.as_tensor(value), torch.as_tensor(b[part][name])),
                                f"{part} {name}")
        for state in (a, b):
            del state["run"]["progress"]["seconds"]
        self.assertEqual(a["run"]["progress"], b["run"]["progress"])

    def stopped(self, out, after, tokens):
        """A run of `tokens` that is interrupted after `after` steps."""
        pieces = Tokenizer.load(self.tokenizer)
        data = corpus.load(self.corpus, pieces, CONTEXT, self.held_out)
        held_out = corpus.load(self.held_out, pieces, CONTEXT).some(400, 1)
        os.makedirs(self.path(out))
        options = train.Options("S", 1, 4e-3, 512, 2, corpus=data.digest())
        trainer = train.Trainer(self.path(out), data, held_out, pieces, options, train.Budget(tokens),
                                torch.device("cpu"))
        step = trainer.step

        def counted(*arguments):
            trainer.stop = trainer.progress.step + 1 == after
            return step(*arguments)

        trainer.step = counted
        self.assertEqual(trainer.run(), train.INTERRUPTED)

    def test_the_loss_falls_and_held_out_questions_are_answered(self):
        self.trained("falls", "--report", "0.01", tokens="250K")
        log = self.log("falls")
        self.assertLess(log[-1]["held_out_loss"], 0.3 * log[0]["held_out_loss"])
        self.assertGreater(log[-1]["accuracy"], 0.6)
        self.assertEqual(set(log[-1]["by_task"]), {"look-up", "larger"})
        self.assertIn(b"</svg>", self.read("falls/curve.svg"))
        status, out, err = call("evaluate", "--checkpoint", self.path("falls/last.ckpt"),
                                "--questions", self.held_out, "--out", self.path("answers.jsonl"))
        self.assertEqual(status, 0, err)
        answers = [json.loads(line) for line in self.read("answers.jsonl").splitlines()]
        share = sum(row["correct"] for row in answers) / len(answers)
        self.assertAlmostEqual(share, log[-1]["accuracy"], delta=0.005)
        self.assertIn(f"{share:.3f}", out.splitlines()[-1])

    def test_the_same_seed_gives_the_same_weights_and_another_one_others(self):
        first, again = self.trained("first"), self.trained("again")
        self.assertSameState(first, again)
        other = checkpoint.load(self.trained("other", "--seed", 2))
        self.assertFalse(torch.equal(other["weights"]["embedding"],
                                     checkpoint.load(first)["weights"]["embedding"]))

    def test_a_resumed_run_equals_an_uninterrupted_one_bit_for_bit(self):
        whole = self.trained("whole", tokens="90K")  # more than an epoch of 80K
        for after in (7, 84):                        # 84: in the next epoch and in the decay
            self.stopped(f"cut{after}", after, 90_000)
            self.assertSameState(whole, self.trained(f"cut{after}", "--resume", tokens="90K"))

    def test_a_finished_run_with_a_larger_budget_goes_on_from_before_its_decay(self):
        whole = self.trained("long", tokens="80K")
        self.trained("extended", tokens="40K")
        self.assertSameState(whole, self.trained("extended", "--resume", tokens="80K"))
        self.assertEqual([r["step"] for r in self.log("extended")],
                         sorted(r["step"] for r in self.log("extended")))

    def test_a_size_can_begin_with_what_a_smaller_one_learned(self):
        small = self.trained("seedling", tokens="80K")
        accuracy = self.log("seedling")[-1]["accuracy"]
        self.trained("grown", "--size", "M", "--grow", small, "--rate", "1e-6", tokens="2K")
        self.assertAlmostEqual(self.log("grown")[-1]["accuracy"], accuracy, delta=0.02)
        self.trained("grown", "--size", "M", "--resume", tokens="4K")
        origin = checkpoint.load(self.path("grown/last.ckpt"))["run"]["options"]["origin"]
        self.assertRegex(origin, "^S after 8[0-9]{4} tokens$")
        status, _, err = self.train("grown", "--size", "M", "--resume", "--grow", small)
        self.assertEqual((status, "give either" in err), (1, True), err)

    def test_two_processes_train_what_one_trains(self):
        one = checkpoint.load(self.trained("one", tokens="20K"))
        two = checkpoint.load(self.trained("two", "--processes", 2, tokens="20K"))
        for name, weights in one["weights"].items():
            torch.testing.assert_close(two["weights"][name], weights, rtol=0.01, atol=1e-3)

    def test_a_signal_ends_the_run_with_a_checkpoint_that_resumes(self):
        process = subprocess.Popen(
            [sys.executable, "-m", "training", "train", "--size", "S", "--corpus", self.corpus,
             "--held-out", self.held_out, "--tokenizer", self.tokenizer, "--out",
             self.path("signal"), "--device", "cpu", "--minutes", "5", "--report", "0.01"],
            stderr=subprocess.PIPE, text=True)
        while not os.path.exists(self.path("signal/last.ckpt")) and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, train.INTERRUPTED, err)
        step = checkpoint.load(self.path("signal/last.ckpt"))["run"]["progress"]["step"]
        self.assertEqual(self.log("signal")[-1]["step"], step)

    def test_a_corpus_with_a_held_out_question_is_refused_before_training(self):
        leaked = next(row for _, row in corpus.read_rows(self.held_out))
        path = write_rows(self.path("leak.jsonl"), [*questions(20, 1), leaked])
        status, _, err = self.train("leak", corpus=path)
        self.assertEqual(status, 1)
        self.assertIn("of a held-out question", err)
        self.assertFalse(os.listdir(self.path("leak")))

    def test_what_cannot_be_is_said(self):
        self.trained("taken", tokens="2K")
        for more, complaint in (((), "holds a training already"),
                                (("--resume", "--seed", 2), "from another seed"),
                                (("--resume", "--size", "M"), "as another size"),
                                (("--device", "nonsense"), "device nonsense cannot be used")):
            status, _, err = self.train("taken", *more, tokens="4K")
            self.assertEqual((status, complaint in err), (1, True), err)
        status, _, err = self.train("nothing-here", "--resume")
        self.assertEqual((status, "last.ckpt: it does not exist" in err), (1, True), err)
        status, _, err = call("train", "--size", "S", "--corpus", "c", "--held-out", "h",
                              "--tokenizer", "t", "--out", self.path("endless"))
        self.assertEqual((status, "how long to train is missing" in err), (1, True), err)

    def test_a_damaged_or_foreign_checkpoint_is_refused_and_stays_as_it_is(self):
        good = self.read(os.path.relpath(self.trained("harmed", tokens="2K"), self.folder))
        flipped = bytearray(good)
        flipped[len(good) // 2] ^= 1
        foreign = io.BytesIO()
        torch.save({"weights": torch.zeros(3)}, foreign)
        for name, data in (("cut off", good[:len(good) // 2]), ("one bit flipped", bytes(flipped)),
                           ("empty", b""), ("text", b"no checkpoint"),
                           ("of another program", foreign.getvalue()), ("with code", with_code(self.path("ran-code")))):
            with self.subTest(name):
                path = self.path("harmed/last.ckpt")
                with open(path, "wb") as file:
                    file.write(data)
                for command in (lambda: self.train("harmed", "--resume", tokens="4K"),
                                lambda: call("export", "--checkpoint", path, "--out",
                                             self.path("harmed/model.gguf"))):
                    status, _, err = command()
                    self.assertEqual(status, 1)
                    self.assertRegex(err, "last.ckpt is (no checkpoint|damaged)|checkpoint .* is damaged")
                    self.assertNotIn("Traceback", err)
                self.assertEqual(self.read("harmed/last.ckpt"), data)
                self.assertFalse(os.path.exists(self.path("harmed/model.gguf")))
        self.assertFalse(os.path.exists(self.path("ran-code")))

    def test_a_full_disk_is_a_clear_error_and_the_last_good_checkpoint_stays(self):
        small = self.path("small")
        os.mkdir(small)
        mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", small]
        if os.geteuid() or subprocess.run(mount, stderr=subprocess.DEVNULL).returncode:
            self.skipTest("mounting a small file system needs root")
        self.addCleanup(subprocess.run, ["umount", small])
        self.trained("small/run", tokens="2K")
        good = self.read("small/run/last.ckpt")
        with open(f"{small}/filler", "wb") as file:
            file.write(bytes(4096 * (shutil.disk_usage(small).free // 4096 - 3)))
        status, _, err = self.train("small/run", "--resume", tokens="4K")
        self.assertEqual(status, 1)
        self.assertIn("the disk is full (the one before stays", err)
        self.assertEqual(self.read("small/run/last.ckpt"), good)
        self.assertFalse([name for name in os.listdir(f"{small}/run") if "partial" in name])
        os.remove(f"{small}/filler")
        self.trained("small/run", "--resume", tokens="4K")

    def test_greedy_answers_do_not_depend_on_their_neighbours(self):
        model, pieces = checkpoint.load_model(self.trained("alone", tokens="40K"))
        prompts = [row["prompt"] for row in questions(40, 9)]
        together = answer.answers(model, pieces, prompts)
        alone = [answer.answers(model, pieces, [prompt])[0] for prompt in prompts]
        self.assertEqual([text for text, _ in together], [text for text, _ in alone])


def with_code(trace):
    """A checkpoint whose reading would make the file `trace`, if it were read trustingly."""
    class Command:
        def __reduce__(self):
            return open, (trace, "w")

    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        file.writestr("archive/data.pkl", pickle.dumps(Command()))
        file.writestr("archive/version", "3\n")
    return data.getvalue()


if __name__ == "__main__":
    unittest.main()
