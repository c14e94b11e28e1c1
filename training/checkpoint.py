"""A training run's state in one file, written so that the last good one always stays."""
import dataclasses
import io
import json
import zipfile

import torch

from training.failure import Failure, explained, write_atomically
from training.model import Llama, Shape
from training.tokenizer import Tokenizer

FORMAT = "ipw-checkpoint-1"


def save(path, model, optimizer, tokenizer, run):
    """`run`: plain values that continue the run (see train.Run)."""
    plain = {"format": FORMAT, "shape": dataclasses.asdict(model.shape),
             "tokenizer": tokenizer.to_dict(), "run": run}
    weights = {name: p.detach().cpu() for name, p in model.named_parameters()}
    data = io.BytesIO()
    torch.save({"plain": json.dumps(plain), "weights": weights, "optimizer": optimizer.state()}, data)
    write_atomically(path, data.getbuffer(), "write the checkpoint",
                     "the one before stays; make room and go on with --resume")


def load(path):
    """What save() was given, as a dict. Runs no code that the file may hold, which is also why plain
    values stand in it as JSON: torch 1.13 reads no floats without running code."""
    with explained("read the checkpoint", path):
        try:
            with zipfile.ZipFile(path) as file:
                broken = file.testzip()
            if broken:
                raise Failure(f"the checkpoint {path} is damaged ({broken}): take an older one")
            state = torch.load(path, map_location="cpu", weights_only=True)
            plain = json.loads(state.pop("plain"))
            if plain["format"] == FORMAT:
                return {**plain, **state}
        except (OSError, Failure):
            raise
        except Exception as error:  # whatever readers make of a damaged or foreign file
            raise Failure(f"{path} is no checkpoint of this program, or a damaged one: "
                          f"{str(error).splitlines()[0]}") from error
    raise Failure(f"{path} is a checkpoint of another version of this program")


def model_of(state, path):
    """(model, tokenizer) of a loaded checkpoint."""
    try:
        tokenizer = Tokenizer.from_dict(state["tokenizer"], path)
        model = Llama(Shape(**state["shape"]), tokenizer.size)
        weights = dict(model.named_parameters())
        if weights.keys() != state["weights"].keys():
            raise KeyError("weights")
        for name, p in weights.items():
            p.data.copy_(state["weights"][name])
    except (KeyError, TypeError, RuntimeError, AttributeError) as error:
        raise Failure(f"the checkpoint {path} does not fit this program: {error}") from error
    return model, tokenizer


def load_model(path):
    model, tokenizer = model_of(load(path), path)
    return model.eval(), tokenizer
