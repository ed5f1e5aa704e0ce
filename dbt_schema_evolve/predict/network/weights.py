"""A network as a part of a bundle: safetensors, whose header names what the numbers are for.

Never a serialised object, because loading weights must not run code.
"""

import json
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from dbt_schema_evolve.predict.bundle import Bundle, Part, unreadable
from dbt_schema_evolve.predict.network.horizons import HORIZONS
from dbt_schema_evolve.predict.network.model import HIDDEN, RecurrentNetwork
from dbt_schema_evolve.predict.network.series import CHANNELS, STATICS, STEPS

NAME = "network"
_FILE = "network.safetensors"
_KEY = "made_for"
_MADE_FOR = {
    "steps": STEPS,
    "channels": list(CHANNELS),
    "statics": list(STATICS),
    "hidden": HIDDEN,
    "horizons": list(HORIZONS),
}


def part_of(network: RecurrentNetwork) -> Part:
    """Return a network as a part of a bundle; the same network gives the same bytes."""
    tensors = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    # One text, because the library writes several in any order.
    return Part({_FILE: save(tensors, metadata={_KEY: json.dumps(_MADE_FOR)})}, {})


def network_of(bundle: Bundle, at: str = "") -> RecurrentNetwork:
    """Return a bundle's network; raises PredictorError where it has none that can be understood."""
    try:
        data = bundle.parts[NAME].files[_FILE]
        if _header(data) != _MADE_FOR:
            raise unreadable("a network of other inputs", at)
        network = RecurrentNetwork()
        tensors = load(data)
        network.load_state_dict(tensors)
    except (KeyError, TypeError, ValueError, RuntimeError, SafetensorError) as error:
        raise unreadable(f"{type(error).__name__}: {error}", at) from error
    if not all(bool(torch.isfinite(tensor).all()) for tensor in tensors.values()):
        raise unreadable("a network of numbers that are none", at)
    network.eval()
    return network


def _header(data: bytes) -> dict[str, Any]:
    """Return the text that travels with the tensors; the library hands it out for files only."""
    size = int.from_bytes(data[:8], "little")
    header: dict[str, Any] = json.loads(json.loads(data[8 : 8 + size])["__metadata__"][_KEY])
    return header
