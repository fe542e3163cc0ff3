"""Small untrained networks and random positions to make pictures of."""

from pathlib import Path

import torch
from reference.tiny_games import write_games

from gopolicy.data.position_sample import PositionSample, sample_positions
from gopolicy.features.planes import plane_set
from gopolicy.nets.registry import build_network
from gopolicy.nets.weights import describe_network, load_weights, save_weights
from gopolicy.policy.policy import Policy
from gopolicy.settings import Setting
from gopolicy.views.board_lens import BoardLens

SETTINGS: dict[str, dict[str, Setting]] = {
    "alphago": {"filters": 6, "layers": 3},
    "alphago-res": {"filters": 6, "layers": 4, "pooled": 3},
    "dense": {"units": 12, "layers": 2},
    "image": {"filters": 4, "layers": 2, "pools": 1, "padding": "same", "units": 10},
}


def save_tiny(folder: Path, network: str, planes: str = "alphago48", size: int = 9) -> Path:
    """Write an untrained network with settled normalizations; return its folder."""
    torch.manual_seed(3)
    built = build_network(network, planes=plane_set(planes).count, size=size, **SETTINGS[network])
    with torch.no_grad():
        for name, tensor in built.state_dict().items():
            if "running_var" in name:
                tensor.uniform_(0.5, 2.0)
    save_weights(folder, built, describe_network(built, planes))
    return folder


def tiny_subject(
    folder: Path, network: str = "alphago", planes: str = "alphago48", size: int = 9
) -> BoardLens:
    """Return an untrained network, ready to be looked at."""
    loaded = load_weights(save_tiny(folder, network, planes, size))
    return BoardLens("tiny", Policy(loaded, device="cpu", precision="fp32"))


def tiny_sample(folder: Path, count: int = 60, size: int = 9) -> PositionSample:
    """Return positions of random games."""
    write_games(folder, count=6, size=size)
    return sample_positions([folder], size, count)
