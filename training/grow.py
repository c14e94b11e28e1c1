"""A larger model that begins by computing exactly what a smaller one computes.

Training anew what a smaller model of the family can already do is the dearest part of training a larger
one. As in Net2Net (Chen et al. 2016, arXiv:1511.05641) the smaller model's matrices become corners of
the larger one's. What is new is silent at first and yet learns from the first step: it reads through
random weights, and writes through zeros.
"""
import math

import torch

from training.failure import Failure
from training.model import Llama


def grow(small, shape, seed):
    """A Llama of `shape` with the logits of `small` (up to rounding)."""
    old = small.shape
    if (old.width // old.heads != shape.width // shape.heads or old.layers > shape.layers
            or any(getattr(old, part) > getattr(shape, part) for part in ("width", "heads", "hidden"))):
        raise Failure(f"a model {old} cannot grow into {shape}: heads have to be of the same size, and "
                      "nothing may become smaller")
    model = Llama(shape, small.embedding.shape[0]).initialize(seed)
    # Dimensions that are all zero make the root mean square smaller, hence what is read larger.
    shrink = math.sqrt(old.width / shape.width)
    with torch.no_grad():
        model.embedding.zero_()
        model.embedding[:, :old.width] = small.embedding
        model.norm.fill_(float(small.norm.mean()) * shrink)
        model.norm[:old.width] = small.norm * shrink
        for place, layer in zip(places(old.layers, shape.layers), small.layers):
            for name, source in layer.named_parameters():
                target = getattr(model.layers[place], name)
                reads = name in ("attn_qkv", "ffn_gate_up")
                parts = {"attn_qkv": 3, "ffn_gate_up": 2}.get(name, 1)
                for to, each in zip(target.chunk(parts), source.chunk(parts)):
                    to[:each.shape[0], :each.shape[1]] = each * (shrink if reads else 1)
    return model


def places(few, many):
    """Where the layers of the smaller model go, as evenly as it gets: (4, 7) gives 0 2 4 6."""
    return [round(i * (many - 1) / max(1, few - 1)) for i in range(few)]
