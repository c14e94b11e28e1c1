"""The llama architecture, written so that a small model trains fast on a CPU.

It computes what llama.cpp computes for `general.architecture = llama`: pre-normalisation with RMSNorm
(eps 1e-5), rotary positions on interleaved pairs (base 10,000), SwiGLU, no biases, and an output
matrix that is the embedding. Three things make it fast:

* Logits, and the whole last layer but its keys and values, are computed only where they are asked
  for: in training that is at the few tokens of the answer.
* Norms inside the layers have no gains. The matrix that follows holds them as well, and export
  writes ones.
* What is done element by element is done in as few passes as possible, because on a CPU these, not
  the multiplications, take most of the time of a model this small.
"""
import dataclasses
import math

import torch
from torch import nn
from torch.nn import functional as F

EPSILON = 1e-5
ROPE_BASE = 10000.0
CONTEXT = 4096


@dataclasses.dataclass(frozen=True)
class Shape:
    width: int
    layers: int
    heads: int
    hidden: int
    rate: float = 2e-3  # learning rate that suits it

    def parameters(self, vocabulary):
        layer = 4 * self.width ** 2 + 3 * self.width * self.hidden
        return vocabulary * self.width + self.layers * layer + self.width


SHAPES = {
    "S": Shape(32, 1, 1, 96, 4e-3),
    "M": Shape(64, 4, 2, 160, 3e-3),
    "L": Shape(128, 7, 4, 352, 2e-3),
}


class Normalize(torch.autograd.Function):
    """x / sqrt(mean(x²) + eps) over the last dimension."""

    @staticmethod
    def forward(ctx, x):
        scale = torch.rsqrt(x.square().mean(-1, keepdim=True).add_(EPSILON))
        y = x * scale
        ctx.save_for_backward(y, scale)
        return y

    @staticmethod
    def backward(ctx, grad):
        y, scale = ctx.saved_tensors
        along = (grad * y).mean(-1, keepdim=True)
        return torch.addcmul(grad, y, along, value=-1).mul_(scale)


class Gate(torch.autograd.Function):
    """silu(a) * b for the two halves a, b of the last dimension."""

    @staticmethod
    def forward(ctx, both):
        a, b = both.chunk(2, -1)
        lit = F.silu(a)
        ctx.save_for_backward(both, lit)
        return lit * b

    @staticmethod
    def backward(ctx, grad):
        both, lit = ctx.saved_tensors
        a, b = both.chunk(2, -1)
        out = torch.empty_like(both)
        da, db = out.chunk(2, -1)
        torch.mul(lit, grad, out=db)
        torch.ops.aten.silu_backward.grad_input(grad * b, a, grad_input=da)
        return out


def rotation(length, size):
    """cos and sin of every position and pair, as complex numbers (length, size / 2)."""
    pair = torch.arange(0, size, 2, dtype=torch.float64)
    angle = torch.arange(length, dtype=torch.float64)[:, None] * ROPE_BASE ** (-pair / size)
    return torch.polar(torch.ones_like(angle), angle).to(torch.complex64)


def pairs(x):
    """(…, size) as complex (…, size / 2)."""
    return torch.view_as_complex(x.unflatten(-1, (-1, 2)))


class Heads(torch.autograd.Function):
    """Parts of (B, T, parts, heads, size), each as contiguous (B, heads, T, size); part i turned by
    turns[i] (T, size / 2), or only copied where that is None. One pass over the memory each."""

    @staticmethod
    def forward(ctx, x, *turns):
        b, t, parts, heads, size = x.shape
        ctx.turns, ctx.shape = turns, x.shape
        out = x.new_empty(parts, b, heads, t, size)
        for i, turn in enumerate(turns):
            part = x[:, :, i].transpose(1, 2)
            if turn is None:
                out[i].copy_(part)
            else:
                torch.mul(pairs(part), turn, out=pairs(out[i]))
        return out.unbind(0)

    @staticmethod
    def backward(ctx, *grads):
        out = grads[0].new_empty(ctx.shape)
        for i, (grad, turn) in enumerate(zip(grads, ctx.turns)):
            part = out[:, :, i].transpose(1, 2)
            if turn is None:
                part.copy_(grad)
            else:
                torch.mul(pairs(grad.contiguous()), turn.conj().resolve_conj(), out=pairs(part))
        return (out, *(None for _ in ctx.turns))


def attend(q, k, v, mask):
    """Softmax(q·k + mask)·v; q is scaled already."""
    weights = torch.matmul(q, k.transpose(-1, -2))
    return torch.matmul(torch.softmax(weights.add_(mask), -1), v)


fused_attention = getattr(F, "scaled_dot_product_attention", None)


class Layer(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.heads = shape.heads
        self.scale = (shape.width // shape.heads) ** -0.5
        self.attn_qkv = nn.Parameter(torch.empty(3 * shape.width, shape.width))
        self.attn_output = nn.Parameter(torch.empty(shape.width, shape.width))
        self.ffn_gate_up = nn.Parameter(torch.empty(2 * shape.hidden, shape.width))
        self.ffn_down = nn.Parameter(torch.empty(shape.width, shape.hidden))

    def heads_of(self, y, weights, turns):
        """y (B, T, width) through `weights`, cut into one (B, heads, T, size) for each of `turns`."""
        x = F.linear(y, weights)
        return Heads.apply(x.view(*x.shape[:2], len(turns), self.heads, -1), *turns)

    def rest(self, x, mixed):
        """x after attention found `mixed` (B, heads, T, size): output matrix and feed-forward."""
        x = x + F.linear(mixed.transpose(1, 2).flatten(2), self.attn_output)
        both = F.linear(Normalize.apply(x), self.ffn_gate_up)
        return x + F.linear(Gate.apply(both), self.ffn_down)

    def forward(self, x, turn, mask, cache=None):
        """`turn` (T, size / 2) and `mask` (T, keys) are of the positions of x. `cache`: list of keys
        and values of the positions before, to which those of x are added."""
        q, k, v = self.heads_of(Normalize.apply(x), self.attn_qkv, (turn * self.scale, turn, None))
        if cache is not None:
            cache[:] = (torch.cat(pair, 2) for pair in zip(cache, (k, v))) if cache else (k, v)
            k, v = cache
        elif fused_attention and x.is_cuda:  # slower than attend() on a CPU, for rows this short
            return self.rest(x, fused_attention(q, k, v, is_causal=True, scale=1.0))
        return self.rest(x, attend(q, k, v, mask))

    def at(self, x, turn, where):
        """forward() at the positions `where` (B, A) of each row only."""
        width = x.shape[2]
        y = Normalize.apply(x)
        here = where[..., None].expand(-1, -1, width)
        k, v = self.heads_of(y, self.attn_qkv[width:], (turn[:x.shape[1]], None))
        q, = self.heads_of(y.gather(1, here), self.attn_qkv[:width],
                           ((turn * self.scale)[where][:, None],))
        future = torch.arange(x.shape[1], device=x.device) > where[..., None]
        mask = torch.zeros(future.shape, device=x.device).masked_fill_(future, -math.inf)
        return self.rest(x.gather(1, here), attend(q, k, v, mask[:, None]))


def causal(count, before, device):
    """Additive mask (count, before + count) of `count` positions after `before` others."""
    mask = torch.full((count, before + count), -math.inf, device=device)
    return mask.triu_(before + 1)


class Llama(nn.Module):
    def __init__(self, shape, vocabulary):
        super().__init__()
        self.shape = shape
        self.embedding = nn.Parameter(torch.empty(vocabulary, shape.width))
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.norm = nn.Parameter(torch.ones(shape.width))
        self.register_buffer("turn", rotation(CONTEXT, shape.width // shape.heads), False)

    def matrices(self):
        """(parameter, number of matrices stacked in it) of the layers."""
        for layer in self.layers:
            yield from ((layer.attn_qkv, 3), (layer.attn_output, 1), (layer.ffn_gate_up, 2),
                        (layer.ffn_down, 1))

    def initialize(self, seed):
        """Branches start silent, so that at first the last layer sees the tokens themselves."""
        source = torch.Generator().manual_seed(seed)
        for name, weight in self.named_parameters():
            if name.endswith(("attn_output", "ffn_down")):
                weight.data.zero_()
            elif weight.dim() == 2:
                weight.data.normal_(0, weight.shape[1] ** -0.5, generator=source)
        self.embedding.data.mul_(0.5)
        return self

    def forward(self, tokens, where):
        """Logits (B, A, vocabulary) of what follows the positions `where` (B, A) of `tokens`."""
        x = F.embedding(tokens, self.embedding)
        turn, mask = self.turn[:x.shape[1]], causal(x.shape[1], 0, x.device)
        for layer in self.layers[:-1]:
            x = layer(x, turn, mask)
        return self.logits(self.layers[-1].at(x, self.turn, where))

    def logits(self, x):
        return F.linear(Normalize.apply(x) * self.norm, self.embedding)

    def continued(self, tokens, caches, before):
        """Logits (B, vocabulary) of what follows `tokens` (B, T) at positions `before` and on;
        `caches` is a list per layer, empty at first, that remembers what was seen."""
        x = F.embedding(tokens, self.embedding)
        count = tokens.shape[1]
        turn, mask = self.turn[before:before + count], causal(count, before, x.device)
        for layer, cache in zip(self.layers, caches):
            x = layer(x, turn, mask, cache)
        return self.logits(x[:, -1])
