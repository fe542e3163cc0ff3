"""Which library computes the logits: the one asked for, or the faster one by a short trial."""

import time
import warnings
from collections.abc import Callable

import torch
from torch import Tensor

from gopolicy.errors import ConfigError, unknown
from gopolicy.nets.network import PolicyNetwork
from gopolicy.policy.backends import BACKENDS, Backend, TorchBackend, make_backend, missing
from gopolicy.timing import Work, best_rates

TRIAL_AFTER = 64
"""Positions in one number format after which a trial pays: nobody waits for it at a few."""
_TRIAL_SECONDS = 0.1
_CLEARLY = 1.05
"""How many times as fast as torch another library has to be."""
_CLOSE = {"fp32": 0.01, "bf16": 0.1}
"""How far probabilities of two libraries may be apart, by number format."""

Remark = Callable[[str], None]


class BackendChoice:
    """Computes logits with the library that is asked for, or with the faster one of two.

    ``auto`` begins with torch, and tries the other one once it is clear that there is much to do.
    """

    def __init__(
        self,
        network: PolicyNetwork,
        device: torch.device,
        wanted: str = "auto",
        remark: Remark | None = None,
    ) -> None:
        if wanted not in BACKENDS:
            raise ConfigError(unknown("backend", wanted, BACKENDS))
        self._network, self._device, self._remark = network, device, remark
        self._torch = TorchBackend(network, device)
        self._rival = _rival(device) if wanted == "auto" else None
        """The library that ``auto`` compares with torch, while it may still win."""
        self._others: dict[str, Backend] = {}
        self._chosen: dict[str, str] = {}  # by number format
        self._asked = {"fp32": 0, "bf16": 0}
        self._version = _version(network)
        if wanted not in ("auto", "torch"):
            self._others[wanted] = make_backend(wanted, network, device)
            self._chosen = {"fp32": wanted, "bf16": wanted}

    def name_for(self, precision: str) -> str:
        """Return the library that computes in a number format now."""
        return self._chosen.get(precision, "torch")

    def stays_torch(self, precision: str) -> bool:
        """Say whether torch computes in a number format, and no other library may yet do so."""
        decided = self._rival is None or precision in self._chosen
        return decided and self.name_for(precision) == "torch"

    def logits(self, planes_bcnn: Tensor, precision: str) -> Tensor:
        """Return the float32 logits [B, A] of planes in int8, computed in ``fp32`` or ``bf16``."""
        if self._rival and precision not in self._chosen:
            if self._asked[precision] >= TRIAL_AFTER:
                some = planes_bcnn[:TRIAL_AFTER]  # of a large batch a part tells enough
                self._chosen[precision] = self._faster(self._rival, some, precision)
            self._asked[precision] += len(planes_bcnn)
        name = self.name_for(precision)
        if name != "torch" and self._has_changed():
            self._say(f"the weights have changed since {name} took them: computing with torch")
            self._chosen, self._rival, name = {}, None, "torch"
        backend = self._torch if name == "torch" else self._others[name]
        return backend.logits(planes_bcnn, precision)

    def _has_changed(self) -> bool:
        """Say whether somebody has changed the weights; other libraries have a copy of them."""
        return self._version != _version(self._network)

    def _faster(self, rival: str, planes_bcnn: Tensor, precision: str) -> str:
        """Return the name of the faster library for such batches, and say it."""
        if rival == "onnxruntime" and precision != "fp32":
            return "torch"
        try:
            if rival not in self._others:
                self._others[rival] = make_backend(rival, self._network, self._device)
                self._version = _version(self._network)
            other = self._others[rival]
            ours = self._torch.logits(planes_bcnn, precision)
            if not torch.isfinite(ours).all():
                return "torch"  # the network is damaged, whoever computes it
            apart = _apart(ours, other.logits(planes_bcnn, precision))
            times = _times_as_fast(other, self._torch, planes_bcnn, precision)
        except Exception as error:  # whatever a library raises, torch goes on
            self._rival = None
            text = f"{rival} cannot run the network ({type(error).__name__}: {error})"
            warn(self._remark, f"{text}: computing with torch")
            return "torch"
        if not apart <= _CLOSE[precision]:
            warn(self._remark, f"{rival} answers {apart:.2g} off torch: computing with torch")
            return "torch"
        if times <= _CLEARLY:
            return "torch"
        batch = f"batches of {len(planes_bcnn)} in {precision}"
        self._say(f"computing with {rival}: {times:.2f} times as fast as torch, {batch}")
        return rival

    def _say(self, text: str) -> None:
        """Tell it to whoever listens."""
        if self._remark:
            self._remark(text)


def warn(remark: Remark | None, text: str) -> None:
    """Announce a fallback, as a warning of Python where nobody listens."""
    if remark:
        remark(" ".join(text.split()))
    else:
        warnings.warn(" ".join(text.split()), stacklevel=2)


def _rival(device: torch.device) -> str | None:
    """Return the library that may be faster than torch on a device, if one is installed."""
    if device.type != "cpu":
        return None
    return next((name for name in ("openvino", "onnxruntime") if not missing(name)), None)


def _version(network: PolicyNetwork) -> tuple[tuple[int, int], ...]:
    """Return something that differs after a step of training, or once weights are loaded."""
    return tuple(
        (id(tensor), 0 if tensor.is_inference() else tensor._version)
        for tensor in network.parameters()
    )


def _apart(one_ba: Tensor, other_ba: Tensor) -> float:
    """Return the largest difference of probabilities between two answers."""
    return float((torch.softmax(one_ba, 1) - torch.softmax(other_ba, 1)).abs().max())


def _times_as_fast(
    backend: Backend, reference: Backend, planes_bcnn: Tensor, precision: str
) -> float:
    """Return how many times as fast as a reference a backend is, taking turns."""
    works = {
        name: Work(lambda b=which: b.logits(planes_bcnn, precision), len(planes_bcnn))  # type: ignore[misc]
        for name, which in (("it", backend), ("reference", reference))
    }
    rates = best_rates(works, seconds=_TRIAL_SECONDS, rounds=2, clock=time.perf_counter)
    return rates["it"] / rates["reference"]
