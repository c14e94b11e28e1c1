"""Greedy answers of the trainer's own forward pass, to hold against those of the engine."""
import collections
import json

import torch
from torch.nn import functional as F

from training.corpus import read_rows
from training.model import Normalize, attend, rotate
from training.tokenizer import END


@torch.no_grad()
def greedy(model, prompts, limit=48):
    """Token ids that follow each of `prompts`, equally long lists of ids, up to END or `limit`."""
    shape = model.shape
    device = model.embedding.device
    tokens = torch.tensor(prompts, device=device)
    b, position = tokens.shape[0], 0
    cache = [None] * shape.layers
    out, open_rows = [[] for _ in prompts], set(range(b))
    for _ in range(limit):
        t = tokens.shape[1]
        turn = model.turn[position:position + t]
        mask = torch.full((t, position + t), float("-inf"), device=device).triu_(position + 1)
        x = F.embedding(tokens, model.embedding)
        for i, layer in enumerate(model.layers):
            qkv = F.linear(Normalize.apply(x), layer.attn_qkv).view(b, t, 3, shape.heads, -1)
            qk = rotate(qkv[:, :, :2], turn[:, None, None])
            q, k = qk.permute(2, 0, 3, 1, 4).unbind(0)
            v = qkv[:, :, 2].transpose(1, 2)
            if cache[i]:
                k, v = (torch.cat(pair, 2) for pair in zip(cache[i], (k, v)))
            cache[i] = k, v
            mixed = attend(q, k, v, mask)
            x = x + F.linear(mixed.transpose(1, 2).reshape(b, t, -1), layer.attn_output)
            x = layer.feed_forward(x)
        logits = F.linear(Normalize.apply(x[:, -1:]) * model.norm, model.embedding)
        tokens, position = logits.argmax(-1), position + t
        for row in list(open_rows):
            token = int(tokens[row, 0])
            if token == END:
                open_rows.discard(row)
            else:
                out[row].append(token)
        if not open_rows:
            break
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
