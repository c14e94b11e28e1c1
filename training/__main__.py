"""python3 -m training {tokenizer,train,evaluate,export} …  (docs/training.md)"""
import argparse
import os
import sys

# OpenBLAS's own threads spin while they wait, which costs more than they bring to matrices this small.
# It reads this when it is loaded, so it stands before any import of numpy or torch.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from training.failure import Failure, explained  # noqa: E402


def count(text):
    """300, 40K, 1.5M or 2G."""
    units = {"K": 1e3, "M": 1e6, "G": 1e9}
    try:
        value = float(text[:-1]) * units[text[-1].upper()] if text[-1:].upper() in units else float(text)
        if not 0 < value < 1e15:
            raise ValueError
        return int(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no positive number (such as 300, 40K, 1.5M)")


def learn_tokenizer(options):
    from training import corpus, tokenizer
    texts = []
    for number, (_, row) in enumerate(corpus.read_rows(options.corpus)):
        if number >= options.rows:
            break
        texts += row["prompt"], " " + row["reference"].strip()
    learned = tokenizer.Tokenizer.learn(texts, options.size)
    learned.save(options.out)
    tokens = sum(len(learned.encode(text)) for text in texts)
    print(f"{options.out}: {learned.used} pieces, {sum(map(len, texts)) / tokens:.2f} characters a "
          f"token, {2 * tokens / len(texts):.1f} tokens a question")


def train(options):
    if not options.tokens and not options.minutes:
        raise Failure("how long to train is missing: give --tokens or --minutes")
    from training import corpus, train as training
    from training.model import CONTEXT, SHAPES
    from training.tokenizer import Tokenizer
    device = training.choose_device(options.device)
    with explained("make the folder", options.out):
        os.makedirs(options.out, exist_ok=True)
    if not options.resume and os.path.exists(os.path.join(options.out, "last.ckpt")):
        raise Failure(f"{options.out} holds a training already: go on with --resume, or train into "
                      "another folder")
    if options.resume and options.grow:
        raise Failure("--grow begins a training and --resume goes on with one: give either")
    tokenizer = Tokenizer.load(options.tokenizer)
    start, origin = grown(options, tokenizer) if options.grow else (None, "")
    data = corpus.load(options.corpus, tokenizer, CONTEXT, options.held_out)
    held_out = corpus.load(options.held_out, tokenizer, CONTEXT).some(options.evaluate, options.seed)
    shape = SHAPES[options.size]
    micro_tokens = min(options.micro_tokens, options.batch_tokens)
    course = training.Options(options.size, options.seed, options.rate or shape.rate, micro_tokens,
                              max(1, options.batch_tokens // micro_tokens), options.prompt_loss,
                              options.prompt_positions, options.decay, data.digest(), origin)
    print(f"{options.size}: {shape.parameters(tokenizer.size)} parameters, {len(data)} questions of "
          f"{len(data.tokens) / len(data):.1f} tokens, on {device}", file=sys.stderr)
    arguments = (options.out, data, held_out, tokenizer, course,
                 training.Budget(options.tokens or 0, options.minutes * 60), device,
                 options.report * 60, start)
    return training.run(arguments, options.processes if device.type == "cpu" else 1, options.threads,
                        options.resume)


def grown(options, tokenizer):
    """(model to begin with, what it was grown from)."""
    from training import checkpoint, grow
    from training.model import SHAPES
    state = checkpoint.load(options.grow)
    small, its_tokenizer = checkpoint.model_of(state, options.grow)
    if its_tokenizer.digest() != tokenizer.digest():
        raise Failure(f"{options.grow} was trained with another tokenizer: give its own")
    size, tokens = state["run"]["options"]["size"], state["run"]["progress"]["tokens"]
    return grow.grow(small, SHAPES[options.size], options.seed), f"{size} after {tokens} tokens"


def evaluate(options):
    import contextlib
    import torch
    from training import answer, checkpoint, train as training
    torch.set_num_threads(options.threads)
    model, tokenizer = checkpoint.load_model(options.checkpoint)
    model.to(training.choose_device(options.device))
    with contextlib.ExitStack() as stack:
        out = None
        if options.out:
            stack.enter_context(explained("write", options.out))
            out = stack.enter_context(open(options.out, "w", encoding="utf-8"))
        by_task = answer.evaluate(model, tokenizer, options.questions, options.limit, out)
    by_task["all"] = tuple(map(sum, zip(*by_task.values())))
    for task, (right, asked) in by_task.items():
        print(f"{task:24} {right / asked:6.3f}  {right}/{asked}")


def export(options):
    from training import checkpoint, export as exporter
    model, tokenizer = checkpoint.load_model(options.checkpoint)
    name = options.name or os.path.splitext(os.path.basename(options.out))[0]
    exporter.export(model, tokenizer, options.out, options.type, name)
    print(f"{options.out}: {os.path.getsize(options.out)} bytes")


def parse(arguments):
    parser = argparse.ArgumentParser(prog="python3 -m training", description="Trains ipw's own models.")
    commands = parser.add_subparsers(dest="command", required=True)

    command = commands.add_parser("tokenizer", help="learn a tokenizer from a corpus")
    command.set_defaults(run=learn_tokenizer)
    command.add_argument("--corpus", required=True)
    command.add_argument("--out", required=True)
    command.add_argument("--size", type=int, default=768, help="pieces in all")
    command.add_argument("--rows", type=count, default=100000, help="of the corpus, to learn from")

    command = commands.add_parser("train", help="train a model, or go on training it")
    command.set_defaults(run=train)
    command.add_argument("--size", required=True, choices=sizes())
    command.add_argument("--corpus", required=True)
    command.add_argument("--held-out", required=True, help="questions to evaluate on, never trained on")
    command.add_argument("--tokenizer", required=True)
    command.add_argument("--out", required=True, help="folder of the run")
    command.add_argument("--tokens", type=count, help="budget")
    command.add_argument("--minutes", type=float, default=0, help="budget")
    command.add_argument("--resume", action="store_true")
    command.add_argument("--grow", metavar="CHECKPOINT",
                         help="of a smaller size, to begin with what it can do")
    command.add_argument("--seed", type=int, default=1)
    command.add_argument("--rate", type=float, help="learning rate; each size has its own")
    command.add_argument("--batch-tokens", type=count, default=4096, help="of an update")
    command.add_argument("--micro-tokens", type=count, default=2048, help="computed at once")
    command.add_argument("--decay", type=float, default=0.2,
                         help="last share of the budget, over which the rate falls to zero")
    command.add_argument("--prompt-loss", type=float, default=0.0, help="weight of the prompt's tokens")
    command.add_argument("--prompt-positions", type=int, default=0, help="drawn from each prompt")
    command.add_argument("--evaluate", type=count, default=400, help="held-out questions to ask")
    command.add_argument("--report", type=float, default=1.0, metavar="MINUTES",
                         help="how often to evaluate and to write a checkpoint")
    command.add_argument("--device", default="auto")
    command.add_argument("--threads", type=int, default=1, help="of each process")
    command.add_argument("--processes", type=int, default=1, help="that share each update (CPU)")

    command = commands.add_parser("evaluate", help="greedy answers of the trainer's own forward pass")
    command.set_defaults(run=evaluate)
    command.add_argument("--checkpoint", required=True)
    command.add_argument("--questions", required=True)
    command.add_argument("--out", help="JSON Lines of answers")
    command.add_argument("--limit", type=count, help="first questions only")
    command.add_argument("--device", default="auto")
    command.add_argument("--threads", type=int, default=1)

    command = commands.add_parser("export", help="write a checkpoint as GGUF")
    command.set_defaults(run=export)
    command.add_argument("--checkpoint", required=True)
    command.add_argument("--out", required=True)
    command.add_argument("--type", choices=("f32", "q8_0"), default="q8_0")
    command.add_argument("--name", help="general.name; else the file's")
    return parser.parse_args(arguments)


def sizes():
    from training.model import SHAPES
    return list(SHAPES)


def main(arguments):
    try:
        options = parse(arguments)
        return options.run(options) or 0
    except Failure as failure:
        print(f"training: {failure}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        print(f"training: {error}: install python3-torch and python3-numpy (`scripts/setup train`)",
              file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
