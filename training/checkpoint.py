"""A training run's state in one file, written so that the last good one always stays."""
import dataclasses
import io
import os
import zipfile

import torch

from training.failure import Failure, explained, write_atomically
from training.model import Llama, Shape
from training.tokenizer import Tokenizer

FORMAT = "ipw-checkpoint-1"


def save(path, model, optimizer, tokenizer, run):
    """`run`: plain values that continue the run (see train.Run)."""
    data = io.BytesIO()
    weights = {name: p.detach().cpu() for name, p in model.named_parameters()}
    torch.save({"format": FORMAT, "shape": dataclasses.asdict(model.shape), "weights": weights,
                "optimizer": optimizer.state(), "tokenizer": tokenizer.to_dict(), "run": run}, data)
    kept = f"the checkpoint of before stays; make room and go on with --resume"
    write_atomically(path, data.getbuffer(), "write the checkpoint", kept)


def load(path):
    """The dict that save() wrote. Runs no code that the file may hold."""
    with explained("read the checkpoint", path):
        try:
            with zipfile.ZipFile(path) as file:
                broken = file.testzip()
            if broken:
                raise Failure(f"the checkpoint {path} is damaged ({broken}): take an older one")
            state = torch.load(path, map_location="cpu", weights_only=True)
        except OSError:
            raise
        except Failure:
            raise
        except zipfile.BadZipFile as error:
            raise Failure(f"{path} is no checkpoint, or a damaged one: {error}") from error
        except Exception as error:  # whatever torch's reader makes of a foreign file
            raise Failure(f"{path} is no checkpoint of this program: {error}") from error
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise Failure(f"{path} is no checkpoint of this program (or of another version of it)")
    return state


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


def exists(path):
    return os.path.exists(path)
