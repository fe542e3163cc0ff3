"""From a name or a folder to a network that can be asked."""

import os
from dataclasses import replace

from gopolicy.files import named
from gopolicy.go.vertex import check_size
from gopolicy.nets.weight_info import DESCRIPTION, default_weights
from gopolicy.nets.weights import load_weights
from gopolicy.policy.other_sizes import at_size
from gopolicy.policy.policy import Policy


def load(
    weights: str | os.PathLike[str] | None = None,
    *,
    device: str = "auto",
    symmetries: int = 1,
    precision: str = "auto",
    backend: str = "auto",
    size: int | None = None,
) -> Policy:
    """Return a network: a shipped one by name, a weight folder, or that of a run.

    None stands for the best shipped one.  With 8 symmetries each answer is the mean over the turned
    and mirrored boards.  The backend, ``auto``, ``torch``, ``openvino`` or ``onnxruntime``, is the
    library that computes.  size is that of the boards to play on, by default that of the training;
    on others a network finds fewer moves, and its percentages are less true.

    Raises WeightsError where there is no such network or its files are damaged, ConfigError where
    it is bound to the size of its training and where the library is not installed.
    """
    wanted = default_weights() if weights is None else weights
    of_run = named(wanted) / "weights"
    if (of_run / DESCRIPTION).is_file():
        wanted = of_run
    loaded = load_weights(wanted)
    if size is not None:
        network = at_size(loaded.network, check_size(size))
        loaded = replace(loaded, network=network, info=replace(loaded.info, size=size))
    return Policy(
        loaded, device=device, symmetries=symmetries, precision=precision, backend=backend
    )
