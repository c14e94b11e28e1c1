"""Greedy answers of the trainer's own forward pass, to hold against those of the engine."""
import collections
import json

import torch

from training.corpus import read_rows
from training.tokenizer import END


@torch.no_grad()
def greedy(model, prompts, limit=48):
    """For `prompts`, equally long lists of ids: [(ids that follow, up to END or `limit`; margin)].
    The margin is by how much the logit of the likeliest token led, where it led least: an answer with
    a tiny one is decided by rounding."""
    tokens = torch.tensor(prompts, device=model.embedding.device)
    caches, before = [[] for _ in model.layers], 0
    out, margins = [[] for _ in prompts], [float("inf")] * len(prompts)
    unfinished = set(range(len(prompts)))
    for _ in range(limit):
        best = model.continued(tokens, caches, before).topk(2)
        lead = (best.values[:, 0] - best.values[:, 1]).tolist()
        likeliest = best.indices[:, 0]
        for row, token in enumerate(likeliest.tolist()):
            if row not in unfinished:
                continue
            margins[row] = min(margins[row], lead[row])
            if token == END:
                unfinished.discard(row)
            else:
                out[row].append(token)
        if not unfinished:
            break
        before += tokens.shape[1]
        tokens = likeliest[:, None]
    return list(zip(out, margins))


def answers(model, tokenizer, prompts, rows=64):
    """(text that follows, margin) of each prompt. Those computed together have the same length."""
    by_length = collections.defaultdict(list)
    for i, prompt in enumerate(prompts):
        ids = tokenizer.encode_prompt(prompt)
        by_length[len(ids)].append((i, ids))
    out = [None] * len(prompts)
    for group in by_length.values():
        for first in range(0, len(group), rows):
            part = group[first:first + rows]
            for (i, _), (ids, margin) in zip(part, greedy(model, [ids for _, ids in part])):
                out[i] = tokenizer.decode(ids), margin
    return out


def evaluate(model, tokenizer, questions, limit, out):
    """Writes a line per question to `out`; returns {task: (right, asked)}."""
    rows = [row for _, row in read_rows(questions)][:limit]
    tally = collections.defaultdict(lambda: [0, 0])
    for row, (text, margin) in zip(rows, answers(model, tokenizer, [row["prompt"] for row in rows])):
        right = text.strip() == row["reference"].strip()
        tally[row.get("task", "")][0] += right
        tally[row.get("task", "")][1] += 1
        if out:
            out.write(json.dumps({"id": row.get("id"), "task": row.get("task"), "answer": text,
                                  "reference": row["reference"], "correct": right,
                                  "margin": margin}, ensure_ascii=False) + "\n")
    return {task: tuple(counts) for task, counts in sorted(tally.items())}
