"""A network as ONNX, for programs that know nothing of gopolicy.

The input ``planes`` is float32 [batch, C, N, N], rows from the top, and holds the plane set that
the metadata name; the output ``logits`` is float32 [batch, N * N], point by point from the top
left.  The batch may have any size.  Source of the format: the specification of ONNX.
"""

import contextlib
import copy
import io
import json
import logging
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from gopolicy import __version__
from gopolicy.errors import ConfigError
from gopolicy.files import replacing
from gopolicy.nets.network import PolicyNetwork
from gopolicy.policy.backends import missing

if TYPE_CHECKING:
    from gopolicy.policy.policy import Policy

INPUT, OUTPUT = "planes", "logits"
TOLERANCE = 1e-3
"""The largest difference between logits of the file and of torch, in float32."""
_TRIED = (1, 3)
"""The sizes of batch that a written file is checked with."""
_MOST_BYTES = 2**31 - 1
"""What a single ONNX file may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """An ONNX file that was written and checked."""

    path: Path
    bytes: int
    opset: int
    """The version of ONNX's operator set."""
    checked_with: str
    """The package that ran the file."""
    largest_difference: float
    """Between its logits and those of torch."""
    metadata: dict[str, str]
    """What the file says of itself."""


def export(policy: "Policy", path: str | os.PathLike[str]) -> Exported:
    """Write a network as ONNX, and compare what the file answers with what torch answers.

    Only a file that agrees takes its place at path.  Raises ConfigError where packages are missing,
    or the network is too large for one file, or the file answers otherwise.
    """
    if packages := [name for name in missing("onnxruntime") if name != "onnxruntime"]:
        needed = ", ".join(packages)
        raise ConfigError(f"{needed} not installed; pip install 'gopolicy[export]' adds all of it")
    model, facts = onnx_model(policy.network), _facts(policy)
    for key, value in facts.items():
        model.metadata_props.add(key=key, value=value)
    if model.ByteSize() > _MOST_BYTES:
        raise ConfigError(f"one ONNX file holds {_MOST_BYTES:,} bytes, the network is larger")
    with replacing(path) as beside:
        beside.write_bytes(model.SerializeToString())
        runner, run = _runner(beside)
        difference = _largest_difference(policy, run)
        if not difference <= TOLERANCE:
            raise ConfigError(f"{path} is not written: its logits are {difference:.2g} off torch's")
        size = beside.stat().st_size
    return Exported(
        path=Path(path),
        bytes=size,
        opset=model.opset_import[0].version,
        checked_with=runner,
        largest_difference=difference,
        metadata=facts,
    )


def onnx_model(network: PolicyNetwork) -> Any:
    """Return a network in memory as an `onnx.ModelProto` in float32, without any path in it."""
    plane = torch.zeros(2, network.planes, network.size, network.size)
    with _quiet(), torch.no_grad():
        program = torch.onnx.export(
            copy.deepcopy(network).to("cpu"),
            (plane,),
            dynamo=True,
            dynamic_shapes=({0: "batch"},),
            input_names=[INPUT],
            output_names=[OUTPUT],
            verbose=False,
        )
    assert program is not None  # with dynamo there is one
    model = program.model_proto
    graph = model.graph
    for part in (graph, *graph.node, *graph.input, *graph.output, *graph.initializer):
        part.ClearField("metadata_props")  # torch notes where each line of source stands
    graph.ClearField("value_info")
    return model


def _facts(policy: "Policy") -> dict[str, str]:
    """Return what somebody needs to use the network, by name."""
    info, planes = policy.info, policy.encoder.plane_set
    return {
        "gopolicy.version": __version__,
        "gopolicy.network": info.network,
        "gopolicy.settings": json.dumps(dict(info.settings)),
        "gopolicy.plane_set": info.plane_set,
        "gopolicy.planes": json.dumps([planes.describe(plane) for plane in range(planes.count)]),
        "gopolicy.size": str(info.size),
        "gopolicy.positions": str(info.positions),
        "gopolicy.sha256": info.sha256,
    }


def _runner(path: Path) -> tuple[str, Any]:
    """Return the name of a package that runs the file, and a function that does."""
    if not missing("onnxruntime"):
        from onnxruntime import InferenceSession

        session = InferenceSession(path, providers=["CPUExecutionProvider"])
        return "onnxruntime", session.run
    from onnx.reference import ReferenceEvaluator

    return "onnx.reference", ReferenceEvaluator(path).run


def _largest_difference(policy: "Policy", run: Any) -> float:
    """Return how far the logits of the file and of torch are apart."""
    worst = 0.0
    random = np.random.default_rng(0)
    for batch in _TRIED:
        shape = (batch, policy.info.planes, policy.size, policy.size)
        planes: NDArray[np.float32] = (random.random(shape) < 0.2).astype(np.float32)
        (found,) = run(None, {INPUT: planes})
        with torch.inference_mode():
            expected = policy.network(torch.from_numpy(planes).to(policy.device)).cpu().numpy()
        worst = max(worst, float(np.abs(found - expected).max()))
    return worst


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep away what the exporter says of itself: packages for pictures, own deprecations."""
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)
