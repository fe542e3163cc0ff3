"""The libraries that compute a network's logits: torch, OpenVINO, onnxruntime.

A network goes from memory to the library; no file of the library's own format is ever read.  Only
torch computes on GPUs.  The other two take a copy of the weights as they are.

Letters: B batch, C planes, N board side, A = N * N points.
"""

import importlib.util
import warnings
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from gopolicy.errors import ConfigError
from gopolicy.nets.network import PolicyNetwork

BACKENDS = ("auto", "torch", "openvino", "onnxruntime")
_NEEDS = {
    "torch": ("torch",),
    "openvino": ("openvino",),
    "onnxruntime": ("onnxruntime", "onnx", "onnxscript"),
}
_HINTS = {"fp32": "f32", "bf16": "bf16"}


class Backend(Protocol):
    """Computes logits with one library."""

    def logits(self, planes_bcnn: Tensor, precision: str) -> Tensor:
        """Return the float32 logits [B, A] of planes in int8, computed in ``fp32`` or ``bf16``."""


def missing(name: str) -> list[str]:
    """Return the packages that a backend needs and that are not installed."""
    return [package for package in _NEEDS[name] if importlib.util.find_spec(package) is None]


def make_backend(name: str, network: PolicyNetwork, device: torch.device) -> Backend:
    """Return a network, done training and on the device, in a library.

    Raises ConfigError where the library is not installed or does not compute on the device.
    Whatever the library itself raises about a network that it cannot take passes through.
    """
    if name == "torch":
        return TorchBackend(network, device)
    if device.type != "cpu":
        raise ConfigError(
            f"{name} computes on the CPU alone; choose the device cpu, or the backend torch"
        )
    if packages := missing(name):
        needed = f"pip install {' '.join(packages)}"
        raise ConfigError(f"backend {name} is not installed here; {needed} adds it")
    return OpenVinoBackend(network) if name == "openvino" else OnnxRuntimeBackend(network)


class TorchBackend:
    """The network as it is."""

    def __init__(self, network: PolicyNetwork, device: torch.device) -> None:
        self._network, self._device = network, device

    def logits(self, planes_bcnn: Tensor, precision: str) -> Tensor:
        """Return the logits, see `Backend`."""
        low = precision == "bf16"
        with torch.autocast(self._device.type, torch.bfloat16, enabled=low):
            logits_ba = self._network(planes_bcnn.to(torch.bfloat16 if low else torch.float32))
        return logits_ba.float()  # type: ignore[no-any-return]


class OpenVinoBackend:
    """The network traced once and compiled by OpenVINO, for each number format when it is asked."""

    def __init__(self, network: PolicyNetwork) -> None:
        from openvino import Core

        self._core, self._model = Core(), _openvino_model(network)
        self._compiled: dict[str, Any] = {}

    def logits(self, planes_bcnn: Tensor, precision: str) -> Tensor:
        """Return the logits, see `Backend`; a CPU without bfloat16 computes those in float32."""
        if precision not in self._compiled:
            self._compiled[precision] = self._compile(precision)
        planes_bnnc = planes_bcnn.permute(0, 2, 3, 1).contiguous().numpy()
        return torch.from_numpy(self._compiled[precision](planes_bnnc)[0])

    def _compile(self, precision: str) -> Any:
        """Return the compiled model, on as many threads as torch has."""
        options = {
            "INFERENCE_PRECISION_HINT": _HINTS[precision],
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        }
        return self._core.compile_model(self._model, "CPU", options)


def _openvino_model(network: PolicyNetwork) -> Any:
    """Return the network for OpenVINO, from int8 planes [B, N, N, C] to logits [B, A].

    The frontend is asked directly: the general converter takes several times as long.
    """
    from openvino import Layout, PartialShape, Type
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder
    from openvino.preprocess import PrePostProcessor

    side, planes = network.size, network.planes
    example = torch.zeros(2, planes, side, side)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # OpenVINO traces in the way that torch calls deprecated
        decoder = TorchScriptPythonDecoder(
            network, example_input=example, trace_kwargs={"check_trace": False}
        )
    frontend = FrontEndManager().load_by_framework("pytorch")
    inputs = frontend.load(decoder)
    inputs.set_partial_shape(inputs.get_inputs()[0], PartialShape([-1, planes, side, side]))
    steps = PrePostProcessor(frontend.convert(inputs))
    steps.input().tensor().set_element_type(Type.i8).set_layout(Layout("NHWC"))
    steps.input().model().set_layout(Layout("NCHW"))
    return steps.build()


class OnnxRuntimeBackend:
    """The network as ONNX in memory, run by onnxruntime; in float32 only."""

    def __init__(self, network: PolicyNetwork) -> None:
        from onnxruntime import InferenceSession, SessionOptions

        from gopolicy.policy.onnx_export import INPUT, onnx_model

        options = SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        self._session = InferenceSession(
            onnx_model(network).SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        self._input = INPUT

    def logits(self, planes_bcnn: Tensor, precision: str) -> Tensor:
        """Return the logits, see `Backend`; ConfigError for another precision than ``fp32``."""
        if precision != "fp32":
            raise ConfigError(f"onnxruntime computes in fp32 alone here, not in {precision}")
        planes = np.ascontiguousarray(planes_bcnn.to(torch.float32).numpy())
        (logits_ba,) = self._session.run(None, {self._input: planes})
        return torch.from_numpy(logits_ba)
