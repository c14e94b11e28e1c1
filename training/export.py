"""A trained model as GGUF, which llama.cpp runs."""
import struct

import numpy

from training.failure import Failure, write_atomically
from training.gguf_file import BLOCK, CONTROL, F32, NORMAL, Q8_0, UNUSED, Gguf
from training.model import CONTEXT, EPSILON, ROPE_BASE
from training.tokenizer import END, FIRST_BYTE, PAD, TEMPLATE

TYPES = {"f32": F32, "q8_0": Q8_0}
FILE_TYPES = {F32: 0, Q8_0: 7}


def quantize(matrix):
    """ggml's Q8_0: blocks of 32 weights, a half-precision scale and 32 signed bytes each."""
    blocks = matrix.astype(numpy.float32).reshape(-1, BLOCK)
    scale = numpy.abs(blocks).max(1, keepdims=True) / 127
    inverse = numpy.divide(1, scale, out=numpy.zeros_like(scale), where=scale > 0)
    scaled = blocks * inverse
    whole = (numpy.sign(scaled) * numpy.floor(numpy.abs(scaled) + 0.5)).astype(numpy.int8)
    out = numpy.empty(len(blocks), numpy.dtype([("scale", "<f2"), ("weights", "i1", BLOCK)]))
    out["scale"], out["weights"] = scale[:, 0], whole
    return out.tobytes()


def tensors(model):
    """(name, numpy array) of each tensor, as llama.cpp names them."""
    array = lambda tensor: tensor.detach().cpu().numpy()
    yield "token_embd.weight", array(model.embedding)
    yield "output_norm.weight", array(model.norm)
    ones = numpy.ones(model.shape.width, numpy.float32)
    for i, layer in enumerate(model.layers):
        parts = dict(zip(("attn_q", "attn_k", "attn_v"), numpy.split(array(layer.attn_qkv), 3)))
        parts.update(zip(("ffn_gate", "ffn_up"), numpy.split(array(layer.ffn_gate_up), 2)))
        parts.update(attn_output=array(layer.attn_output), ffn_down=array(layer.ffn_down),
                     attn_norm=ones, ffn_norm=ones)
        for name, weights in parts.items():
            yield f"blk.{i}.{name}.weight", weights


def put_vocabulary(gguf, tokenizer):
    def kind(i):
        if i < FIRST_BYTE:
            return CONTROL
        return NORMAL if i < tokenizer.used else UNUSED

    gguf.put_text("tokenizer.ggml.model", "gpt2")
    gguf.put_text("tokenizer.ggml.pre", "gpt-2")
    gguf.put_array("tokenizer.ggml.tokens", 8, [Gguf.text(piece) for piece in tokenizer.pieces])
    gguf.put_array("tokenizer.ggml.token_type", 5,
                   [struct.pack("<i", kind(i)) for i in range(tokenizer.size)])
    gguf.put_array("tokenizer.ggml.merges", 8,
                   [Gguf.text(f"{left} {right}") for left, right in tokenizer.merges])
    # No prompt begins with a begin token. Where none is stated, llama.cpp takes token 11; and were it
    # <|user|>, what cuts a begin token off a rendered prompt would cut the turn's mark off.
    for key, value in (("bos", END), ("eos", END), ("eot", END), ("padding", PAD)):
        gguf.put_uint(f"tokenizer.ggml.{key}_token_id", value)
    gguf.put_bool("tokenizer.ggml.add_bos_token", False)
    gguf.put_bool("tokenizer.ggml.add_eos_token", False)
    gguf.put_text("tokenizer.chat_template", TEMPLATE)


def export(model, tokenizer, path, type_name, name):
    kind, shape = TYPES[type_name], model.shape
    gguf = Gguf()
    gguf.put_text("general.architecture", "llama")
    gguf.put_text("general.name", name)
    gguf.put_uint("general.file_type", FILE_TYPES[kind])
    for key, value in (("context_length", CONTEXT), ("embedding_length", shape.width),
                       ("block_count", shape.layers), ("feed_forward_length", shape.hidden),
                       ("attention.head_count", shape.heads),
                       ("attention.head_count_kv", shape.heads),
                       ("rope.dimension_count", shape.width // shape.heads),
                       ("vocab_size", tokenizer.size)):
        gguf.put_uint("llama." + key, value)
    gguf.put_float("llama.attention.layer_norm_rms_epsilon", EPSILON)
    gguf.put_float("llama.rope.freq_base", ROPE_BASE)
    put_vocabulary(gguf, tokenizer)
    for tensor, weights in tensors(model):
        if not numpy.isfinite(weights).all():
            raise Failure(f"{tensor} holds weights that are no numbers: the training diverged "
                          "(take an older checkpoint, or train with a smaller --rate)")
        if kind == Q8_0 and weights.ndim == 2:
            if weights.shape[1] % BLOCK:
                raise Failure(f"Q8_0 needs rows of a multiple of {BLOCK} weights; {tensor} has "
                              f"{weights.shape[1]} (export it as f32)")
            gguf.add(tensor, weights.shape[::-1], Q8_0, quantize(weights))
        else:
            gguf.add(tensor, weights.shape[::-1], F32, weights.astype("<f4").tobytes())
    write_atomically(path, gguf.to_bytes(), "write the model")
