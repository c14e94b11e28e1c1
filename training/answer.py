"""Greedy answers of the trainer's own forward pass, to hold against those of the engine."""
import collections
import json

import torch

from training.corpus import read_rows
from training.tokenizer import END


@torch.no_grad()
def greedy(model, prompts, limit=48):
    """Token ids that follow each of `prompts`, equally long lists of ids, up to END or `limit`."""
    tokens = torch.tensor(prompts, device=model.embedding.device)
    caches, before = [[] for _ in model.layers], 0
    out, unfinished = [[] for _ in prompts], set(range(len(prompts)))
    for _ in range(limit):
        likeliest = model.continued(tokens, caches, before).argmax(-1)
        for row, token in enumerate(likeliest.tolist()):
            if token == END:
                unfinished.discard(row)
            elif row in unfinished:
                out[row].append(token)
        if not unfinished:
            break
        before += tokens.shape[1]
        tokens = likeliest[:, None]
    return out


def answers(model, tokenizer, prompts, rows=64):
    """The text that follows each prompt. Rows that are computed together have the same length."""
    by_length = collections.defaultdict(list)
    for i, prompt in enumerate(prompts):
        ids = tokenizer.encode_prompt(prompt)
        by_length[len(ids)].append((i, ids))
    out = [""] * len(prompts)
    for group in by_length.values():
        for first in range(0, len(group), rows):
            part = group[first:first + rows]
            for (i, _), ids in zip(part, greedy(model, [ids for _, ids in part])):
                out[i] = tokenizer.decode(ids)
    return out


def evaluate(model, tokenizer, questions, limit, out):
    """Writes a line per question to `out`; returns {task: (right, asked)}."""
    rows = [row for _, row in read_rows(questions)][:limit]
    tally = collections.defaultdict(lambda: [0, 0])
    for row, text in zip(rows, answers(model, tokenizer, [row["prompt"] for row in rows])):
        right = text.strip() == row["reference"].strip()
        tally[row.get("task", "")][0] += right
        tally[row.get("task", "")][1] += 1
        if out:
            out.write(json.dumps({"id": row.get("id"), "task": row.get("task"), "answer": text,
                                  "reference": row["reference"], "correct": right},
                                 ensure_ascii=False) + "\n")
    return {task: tuple(counts) for task, counts in sorted(tally.items())}
