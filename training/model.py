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
    "S": Shape(64, 1, 2, 160, 4e-3),
    "M": Shape(96, 4, 3, 256, 3e-3),
    "L": Shape(160, 8, 5, 448, 2e-3),
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
        ctx.save_for_backward(both)
        return F.silu(a).mul_(b)

    @staticmethod
    def backward(ctx, grad):
        (both,) = ctx.saved_tensors
        a, b = both.chunk(2, -1)
        out = torch.empty_like(both)
        da, db = out.chunk(2, -1)
        torch.mul(F.silu(a), grad, out=db)
        torch.ops.aten.silu_backward.grad_input(grad * b, a, grad_input=da)
        return out


def rotation(length, size):
    """cos and sin of every position and pair, as complex numbers (length, size / 2)."""
    pair = torch.arange(0, size, 2, dtype=torch.float64)
    angle = torch.arange(length, dtype=torch.float64)[:, None] * ROPE_BASE ** (-pair / size)
    return torch.polar(torch.ones_like(angle), angle).to(torch.complex64)


def rotate(x, turn):
    """x: (…, size); turn: complex, broadcasts to (…, size / 2)."""
    pairs = torch.view_as_complex(x.reshape(*x.shape[:-1], -1, 2))
    return torch.view_as_real(pairs * turn).flatten(-2)


fused_attention = getattr(F, "scaled_dot_product_attention", None)


class Layer(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.heads = shape.heads
        self.attn_qkv = nn.Parameter(torch.empty(3 * shape.width, shape.width))
        self.attn_output = nn.Parameter(torch.empty(shape.width, shape.width))
        self.ffn_gate_up = nn.Parameter(torch.empty(2 * shape.hidden, shape.width))
        self.ffn_down = nn.Parameter(torch.empty(shape.width, shape.hidden))

    def feed_forward(self, x):
        both = F.linear(Normalize.apply(x), self.ffn_gate_up)
        return x + F.linear(Gate.apply(both), self.ffn_down)

    def split(self, x, parts):
        """(B, T, parts · width) -> `parts` tensors (B, heads, T, size)."""
        b, t, _ = x.shape
        return x.view(b, t, parts, self.heads, -1).permute(2, 0, 3, 1, 4).unbind(0)

    def forward(self, x, turn, mask):
        b, t, width = x.shape
        qkv = F.linear(Normalize.apply(x), self.attn_qkv).view(b, t, 3, self.heads, -1)
        qk = rotate(qkv[:, :, :2], turn[:t, None, None])
        q, k = qk.permute(2, 0, 3, 1, 4).unbind(0)
        v = qkv[:, :, 2].transpose(1, 2)
        if fused_attention:
            mixed = fused_attention(q, k, v, is_causal=True)
        else:
            mixed = attend(q, k, v, mask[:t, :t])
        x = x + F.linear(mixed.transpose(1, 2).reshape(b, t, width), self.attn_output)
        return self.feed_forward(x)

    def at(self, x, turn, where):
        """forward() at the positions `where` (B, A) of each row only."""
        b, t, width = x.shape
        y = Normalize.apply(x)
        size = width // self.heads
        here = where[..., None].expand(-1, -1, width)
        kv = F.linear(y, self.attn_qkv[width:]).view(b, t, 2, self.heads, size)
        k = rotate(kv[:, :, 0], turn[:t, None]).transpose(1, 2)
        v = kv[:, :, 1].transpose(1, 2)
        q = F.linear(y.gather(1, here), self.attn_qkv[:width]).view(b, -1, self.heads, size)
        q = rotate(q, turn[where][:, :, None]).transpose(1, 2)
        future = torch.arange(t, device=x.device) > where[..., None]
        mask = torch.zeros(future.shape, device=x.device).masked_fill_(future, -math.inf)
        mixed = attend(q, k, v, mask[:, None])
        x = x.gather(1, here)
        x = x + F.linear(mixed.transpose(1, 2).reshape(b, -1, width), self.attn_output)
        return self.feed_forward(x)


def attend(q, k, v, mask):
    """Softmax(q·k / sqrt(size) + mask)·v."""
    weights = torch.matmul(q * q.shape[-1] ** -0.5, k.transpose(-1, -2))
    return torch.matmul(torch.softmax(weights.add_(mask), -1), v)


class Llama(nn.Module):
    def __init__(self, shape, vocabulary):
        super().__init__()
        self.shape = shape
        self.embedding = nn.Parameter(torch.empty(vocabulary, shape.width))
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.norm = nn.Parameter(torch.ones(shape.width))
        self.register_buffer("turn", rotation(CONTEXT, shape.width // shape.heads), False)
        self.register_buffer("mask", torch.full((256, 256), -math.inf).triu_(1), False)

    def initialize(self, seed):
        source = torch.Generator().manual_seed(seed)
        branch = (2 * self.shape.layers) ** -0.5
        for name, weight in self.named_parameters():
            if weight.dim() == 2:
                deviation = weight.shape[1] ** -0.5
                if name.endswith(("attn_output", "ffn_down")):
                    deviation *= branch
                weight.data.normal_(0, deviation, generator=source)
        self.embedding.data.mul_(0.5)
        return self

    def forward(self, tokens, where):
        """Logits (B, A, vocabulary) of what follows the positions `where` (B, A) of `tokens`."""
        x = F.embedding(tokens, self.embedding)
        for layer in self.layers[:-1]:
            x = layer(x, self.turn, self.mask)
        x = self.layers[-1].at(x, self.turn, where)
        return F.linear(Normalize.apply(x) * self.norm, self.embedding)
