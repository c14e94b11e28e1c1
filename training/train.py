"""The training loop: reproducible, resumable, on one or several cores or on a GPU.

A run is a folder: `last.ckpt` continues it, `stable.ckpt` is from just before the learning rate began
to fall (a run that is given a larger budget goes on from there), and `log.jsonl` has a line per report and per evaluation, which `curve.svg` draws.
"""
import collections
import ctypes
import dataclasses
import json
import multiprocessing
import os
import signal
import sys
import tempfile
import time

import numpy
import torch
from torch import distributed
from torch.nn import functional as F

from training import checkpoint, corpus, curve
from training.failure import Failure, explained, write_atomically
from training.model import SHAPES, Llama
from training.optimizer import Optimizer, rate_factor

INTERRUPTED = 130


@dataclasses.dataclass
class Options:
    """What decides the course of a run: the same options give the same weights."""

    size: str
    seed: int
    rate: float
    micro_tokens: int
    micro_batches: int
    prompt_loss: float = 0.0
    prompt_positions: int = 0
    decay: float = 0.2
    corpus: str = ""  # digest of its tokens
    origin: str = ""  # what the model was grown from


@dataclasses.dataclass
class Budget:
    tokens: int = 0       # 0: no limit
    seconds: float = 0.0  # of training, evaluation left out; 0: no limit

    def done(self, tokens, seconds):
        """The share that is spent, 0 to 1."""
        return min(1.0, max(tokens / self.tokens if self.tokens else 0.0,
                            seconds / self.seconds if self.seconds else 0.0))


@dataclasses.dataclass
class Progress:
    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    epoch: int = 0
    epoch_step: int = 0
    falling: bool = False  # the final decay has begun


def tune_memory():
    """Keeps glibc from giving large blocks back to the kernel at once: each would come back as page
    faults, thousands of times a second."""
    try:
        libc = ctypes.CDLL(None)
        libc.mallopt(-3, 32 << 20)  # M_MMAP_THRESHOLD, its most
        libc.mallopt(-1, 1 << 30)   # M_TRIM_THRESHOLD
    except (OSError, AttributeError):
        pass


def to_device(batch, device):
    return [torch.from_numpy(numpy.ascontiguousarray(a)).to(device)
            for a in (batch.tokens, batch.where, batch.target, batch.weight)]


def loss_of(model, batch, device):
    """Weighted sum over the positions asked."""
    tokens, where, target, weight = to_device(batch, device)
    logits = model(tokens, where)
    each = F.cross_entropy(logits.flatten(0, 1), target.flatten(), reduction="none",
                           ignore_index=corpus.IGNORE)
    return (each * weight.flatten()).sum()


@torch.no_grad()
def evaluate(model, data, device, micro_tokens):
    """Loss a token of the answers, and the share of questions whose greedy answer is the reference.
    One pass: greedy decoding gives the reference just if each of its tokens is the likeliest one
    after the reference so far."""
    total = count = 0
    right, asked = collections.Counter(), collections.Counter()
    for rows in corpus.groups(data, 4 * micro_tokens):
        tokens, where, target, _ = to_device(corpus.batch(data, rows), device)
        logits = model(tokens, where)
        total += float(F.cross_entropy(logits.flatten(0, 1), target.flatten(), reduction="sum",
                                       ignore_index=corpus.IGNORE))
        counts = target != corpus.IGNORE
        count += int(counts.sum())
        hit = ((logits.argmax(-1) == target) | ~counts).all(1).cpu().numpy()
        for task, ok in zip(data.task[rows], hit):
            right[data.tasks[task]] += int(ok)
            asked[data.tasks[task]] += 1
    by_task = {task: right[task] / asked[task] for task in sorted(asked)}
    return total / count, sum(right.values()) / len(data), by_task


class Log:
    def __init__(self, path, step):
        """Lines of later steps, of a run that was cut off, are dropped."""
        self.path, kept = path, []
        if step and os.path.exists(path):
            with explained("read", path), open(path, encoding="utf-8") as file:
                for line in file:
                    try:
                        if json.loads(line)["step"] <= step:
                            kept.append(line)
                    except (ValueError, KeyError, TypeError):
                        continue
        write_atomically(path, "".join(kept).encode())

    def add(self, **values):
        with explained("write", self.path, "make room and go on with --resume"):
            with open(self.path, "a", encoding="utf-8") as file:
                file.write(json.dumps(values) + "\n")


class Trainer:
    def __init__(self, out, data, held_out, tokenizer, options, budget, device, every=60.0,
                 start=None, rank=0, world=1):
        """`start`: the model to begin with; else one of `options.size` that knows nothing."""
        self.out, self.data, self.held_out, self.tokenizer = out, data, held_out, tokenizer
        self.options, self.budget, self.device = options, budget, device
        self.rank, self.world, self.every = rank, world, every
        self.progress = Progress()
        self.stop = False
        self.model = (start or Llama(SHAPES[options.size], tokenizer.size).initialize(options.seed)
                      ).to(device)
        self.optimizer = Optimizer(self.model)

    def path(self, name):
        return os.path.join(self.out, name)

    def save(self, name):
        if self.rank == 0:
            run = {"options": dataclasses.asdict(self.options),
                   "budget": dataclasses.asdict(self.budget),
                   "progress": dataclasses.asdict(self.progress)}
            checkpoint.save(self.path(name), self.model, self.optimizer, self.tokenizer, run)

    def resume(self):
        """From last.ckpt; or, where that is in its decay and the budget is a new one, from
        stable.ckpt. Other options than before are followed from here on, except size and seed."""
        name, state = "last.ckpt", checkpoint.load(self.path("last.ckpt"))
        if state["run"]["progress"]["falling"] and state["run"]["budget"] != dataclasses.asdict(
                self.budget):
            name, state = "stable.ckpt", checkpoint.load(self.path("stable.ckpt"))
        path = self.path(name)
        model, tokenizer = checkpoint.model_of(state, path)
        old, new = state["run"]["options"], dataclasses.asdict(self.options)
        for what, same in (("with another tokenizer", tokenizer.digest() == self.tokenizer.digest()),
                           ("as another size", model.shape == self.model.shape),
                           ("from another seed", old["seed"] == new["seed"])):
            if not same:
                raise Failure(f"{path} was trained {what}: give the same, or another folder")
        for (_, p), saved in zip(self.model.named_parameters(), model.parameters()):
            p.data.copy_(saved.data)
        self.optimizer.restore(state["optimizer"])
        self.progress = Progress(**state["run"]["progress"])
        self.options.origin = new["origin"] = old.get("origin", "")
        changed = [key for key in new if old.get(key) != new[key]]
        if {"corpus", "micro_tokens", "micro_batches"}.intersection(changed):
            self.progress.epoch, self.progress.epoch_step = self.progress.epoch + 1, 0
        self.say(f"resumed {path} at step {self.progress.step}"
                 + (f" with another {', '.join(changed)}" if changed else ""))

    def say(self, text):
        if self.rank == 0:
            print(text, file=sys.stderr, flush=True)

    def step(self, order, rate):
        """One update; returns (loss a token of the answers and prompts, tokens)."""
        options, parts = self.options, []
        for rows, seed in order.next():
            source = numpy.random.default_rng(seed) if options.prompt_positions else None
            parts.append(corpus.batch(self.data, rows, options.prompt_loss, options.prompt_positions,
                                      source))
        weight = sum(float(part.weight.sum()) for part in parts)
        loss = torch.zeros((), device=self.device)
        for part in parts[self.rank::self.world]:
            each = loss_of(self.model, part, self.device) / weight
            each.backward()
            loss += each.detach()
        if self.world > 1:
            distributed.all_reduce(self.optimizer.gradient)
            distributed.all_reduce(loss)
        if not torch.isfinite(loss):
            raise Failure(f"the loss is {float(loss)} at step {self.progress.step}: the training "
                          "diverged (resume with a smaller --rate; the checkpoints are of before)")
        self.optimizer.step(rate)
        return float(loss), sum(part.size for part in parts)

    def run(self):
        """Trains until the budget is spent; returns 0, or INTERRUPTED."""
        options, progress = self.options, self.progress
        order = corpus.Order(self.data, options.seed, options.micro_tokens, options.micro_batches,
                             progress.epoch, progress.epoch_step)
        log = Log(self.path("log.jsonl"), progress.step) if self.rank == 0 else None
        recent, started, last = [], time.monotonic(), time.monotonic()
        first_tokens = progress.tokens
        while not self.stop:
            done = self.agree(self.budget.done(progress.tokens, progress.seconds))
            if done >= 1:
                break
            if done >= 1 - options.decay and not progress.falling:
                self.save("stable.ckpt")
                progress.falling = True
            rate = options.rate * rate_factor(progress.step, done, decay=options.decay)
            loss, tokens = self.step(order, rate)
            progress.step += 1
            progress.tokens += tokens
            progress.epoch, progress.epoch_step = order.epoch, order.step
            now = time.monotonic()
            progress.seconds += now - started
            started = now
            recent.append(loss)
            if self.rank == 0 and now - last >= self.every:
                speed = (progress.tokens - first_tokens) / (now - last)
                self.report(log, recent, rate, done, speed)
                recent, last, first_tokens = [], time.monotonic(), progress.tokens
                started = last
        self.save("last.ckpt")
        if self.rank == 0:
            self.report(log, recent, 0.0, 1.0, 0.0, save=False)
        return INTERRUPTED if self.stop else 0

    def agree(self, done):
        """Processes that train together follow the first one's clock and signals."""
        if self.world > 1:
            shared = torch.tensor([done, float(self.stop)], dtype=torch.float64)
            distributed.broadcast(shared, 0)
            done, self.stop = float(shared[0]), bool(shared[1])
        return done

    def report(self, log, losses, rate, done, speed, save=True):
        progress = self.progress
        held_out, accuracy, by_task = evaluate(self.model, self.held_out, self.device,
                                               self.options.micro_tokens)
        loss = sum(losses) / len(losses) if losses else None
        log.add(step=progress.step, tokens=progress.tokens, seconds=round(progress.seconds, 3),
                rate=rate, loss=loss, held_out_loss=held_out, accuracy=accuracy, by_task=by_task,
                tokens_per_second=round(speed))
        curve.draw(self.path("log.jsonl"), self.path("curve.svg"))
        if save:
            self.save("last.ckpt")
        tasks = " ".join(f"{task} {share:.2f}" for task, share in by_task.items())
        self.say(f"{done:4.0%} step {progress.step} tokens {progress.tokens / 1e6:.2f}M "
                 f"{speed:.0f}/s loss {loss or 0:.3f} held-out {held_out:.3f} accuracy "
                 f"{accuracy:.3f}: {tasks}")


def choose_device(name):
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
        return device
    except (RuntimeError, AssertionError) as error:
        raise Failure(f"the device {name} cannot be used: {error}") from error


def prepare(threads):
    tune_memory()
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)


def join(rank, world, meeting):
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    distributed.init_process_group("gloo", f"file://{meeting}", rank=rank, world_size=world)


def follow(rank, world, meeting, threads, arguments, resume):
    """A process that does its share of each step and nothing else."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the first process decides when to stop
    prepare(threads)
    join(rank, world, meeting)
    trainer = Trainer(*arguments, rank=rank, world=world)
    if resume:
        trainer.resume()
    trainer.run()


def run(arguments, processes, threads, resume):
    """Trains (see Trainer) with `processes` that share the work of each step; returns the exit
    status."""
    with tempfile.TemporaryDirectory() as folder:
        meeting = os.path.join(folder, "meeting")
        others = [multiprocessing.get_context("fork").Process(
            target=follow, args=(rank, processes, meeting, threads, arguments, resume), daemon=True)
            for rank in range(1, processes)]
        for other in others:
            other.start()
        prepare(threads)
        if others:
            join(0, processes, meeting)
        trainer = Trainer(*arguments, world=processes)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: setattr(trainer, "stop", True))
        if resume:
            trainer.resume()
        try:
            status = trainer.run()
        except RuntimeError as error:
            if all(other.is_alive() for other in others):
                raise
            raise Failure("another process of this training ended (the last checkpoint stays; go on "
                          "with --resume)") from error
        for other in others:
            other.join()
        return status
