"""Weights of networks for Go: `model.safetensors`, `model.json`, and a `CARD.md` for people."""

import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from gopolicy.errors import ConfigError, WeightsError
from gopolicy.nets.network import PolicyNetwork
from gopolicy.nets.outcome_head import OutcomeHead, build_outcome
from gopolicy.nets.registry import build_network
from gopolicy.nets.weight_folder import fill, read_tensors, read_whole, write_folder
from gopolicy.nets.weight_info import WeightsInfo, find_weights, read_info, short_name
from gopolicy.settings import Setting

OUTCOME = "outcome."
"""What the tensors of the outcome head begin with, in the file."""


@dataclass(frozen=True, slots=True)
class LoadedNetwork:
    """A network ready to be asked, and its description."""

    network: PolicyNetwork
    info: WeightsInfo
    outcome: OutcomeHead | None = None
    """Its second head, where it has one."""
    name: str = ""
    """What to call it: the name of a shipped network, or of the folder of a run."""


def describe_network(network: PolicyNetwork, plane_set: str, **facts: Any) -> WeightsInfo:
    """Return the description of network; facts are further fields of `WeightsInfo`."""
    return WeightsInfo(
        network=network.name,
        settings=network.settings,
        plane_set=plane_set,
        planes=network.planes,
        size=network.size,
        **facts,
    )


def save_weights(
    folder: str | os.PathLike[str],
    network: PolicyNetwork,
    info: WeightsInfo,
    outcome: OutcomeHead | None = None,
) -> WeightsInfo:
    """Write a weight folder, or replace the network in one; return its description with the hash.

    A `CARD.md` that is there stays as it is.
    """
    state = network.state_dict()
    settings: dict[str, Setting] = {}
    if outcome is not None:
        state |= {OUTCOME + name: tensor for name, tensor in outcome.state_dict().items()}
        settings = asdict(outcome.settings)
    info = replace(info, outcome=settings)
    return replace(info, sha256=write_folder(folder, state, asdict(info)))


def load_weights(
    name_or_path: str | os.PathLike[str],
    *,
    plane_set: str | None = None,
    size: int | None = None,
) -> LoadedNetwork:
    """Load a shipped network by name, or any by its folder or a file in it.

    Given plane_set or size, refuse a network that was trained on another.
    """
    folder = find_weights(name_or_path)
    loaded = read_whole(folder, _load)
    info = loaded.info
    for what, expected, found in (("planes", plane_set, info.plane_set), ("size", size, info.size)):
        if expected is not None and expected != found:
            raise WeightsError(f"{folder}: expected a network for {what} {expected}, got {found}")
    return loaded


def _load(folder: Path) -> LoadedNetwork:
    info = read_info(folder)
    try:
        with torch.device("meta"):  # shapes only: no memory, no random weights
            network = build_network(
                info.network, planes=info.planes, size=info.size, **info.settings
            )
            outcome = build_outcome(network, info.outcome) if info.outcome else None
    except ConfigError as error:
        raise WeightsError(f"{folder}: {error}") from error
    tensors, name = read_tensors(folder, info.sha256), short_name(str(folder.absolute()))
    if outcome is None:
        fill(network, tensors, folder)
        return LoadedNetwork(network.eval(), info, name=name)
    seconds = {name: tensor for name, tensor in tensors.items() if name.startswith(OUTCOME)}
    fill(network, {name: t for name, t in tensors.items() if name not in seconds}, folder)
    fill(outcome, {name.removeprefix(OUTCOME): t for name, t in seconds.items()}, folder)
    return LoadedNetwork(network.eval(), info, outcome.eval(), name)
