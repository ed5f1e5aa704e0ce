"""A network as bytes and back: safetensors, whose header names what the numbers are for.

Never a serialised object, because loading weights must not run code.
"""

import json
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from dbt_schema_evolve.errors import PredictorError
from dbt_schema_evolve.predict.network.horizons import HORIZONS
from dbt_schema_evolve.predict.network.model import HIDDEN, RecurrentNetwork
from dbt_schema_evolve.predict.network.series import CHANNELS, STATICS, STEPS

FORMAT = 1
_KEY = "made_for"
_MADE_FOR = {
    "format": FORMAT,
    "steps": STEPS,
    "channels": list(CHANNELS),
    "statics": list(STATICS),
    "hidden": HIDDEN,
    "horizons": list(HORIZONS),
}


def write_weights(network: RecurrentNetwork) -> bytes:
    """Return all that `read_weights` needs; the same network gives the same bytes."""
    tensors = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    # One text, because the library writes several in any order.
    return save(tensors, metadata={_KEY: json.dumps(_MADE_FOR)})


def read_weights(data: bytes, at: str) -> RecurrentNetwork:
    """Read what `write_weights` wrote; raises PredictorError where it is cut off or another's."""
    try:
        if _header(data) != _MADE_FOR:
            raise _refused("were made for another version's inputs", at)
        network = RecurrentNetwork()
        tensors = load(data)
        network.load_state_dict(tensors)
    except (KeyError, TypeError, ValueError, RuntimeError, SafetensorError) as error:
        raise _refused(f"are incomplete or damaged ({type(error).__name__})", at) from error
    if not all(bool(torch.isfinite(tensor).all()) for tensor in tensors.values()):
        raise _refused("hold numbers that are none", at)
    network.eval()
    return network


def _header(data: bytes) -> dict[str, Any]:
    """Return the text that travels with the tensors; the library hands it out for files only."""
    size = int.from_bytes(data[:8], "little")
    header: dict[str, Any] = json.loads(json.loads(data[8 : 8 + size])["__metadata__"][_KEY])
    return header


def _refused(reason: str, at: str) -> PredictorError:
    return PredictorError(
        f"the weights of the network {reason}",
        at=at,
        remedy="train again with `schema-evolve train`, or install dbt-schema-evolve anew",
    )
