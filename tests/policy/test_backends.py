"""Libraries that compute: the same logits as torch, a fair trial, and fallbacks that are told."""

from pathlib import Path

import numpy as np
import pytest
import torch
from reference.tiny_games import random_record, write_weights
from torch import Tensor

import gopolicy as gp
from gopolicy.errors import ConfigError
from gopolicy.features.encode import Encoder
from gopolicy.nets.folding import fold
from gopolicy.nets.network import PolicyNetwork
from gopolicy.nets.registry import build_network
from gopolicy.nets.weights import load_weights
from gopolicy.policy import backend_choice
from gopolicy.policy.backend_choice import TRIAL_AFTER, BackendChoice
from gopolicy.policy.backends import BACKENDS, make_backend, missing
from gopolicy.policy.policy import Policy

torch.set_num_threads(1)
CPU = torch.device("cpu")
NETWORKS: dict[str, dict[str, object]] = {
    "alphago": {"filters": 6, "layers": 3},
    "alphago-res": {"filters": 6, "layers": 4, "pooled": 3, "normalization": "batch"},
    "dense": {"units": 8, "layers": 1},
    "image": {"filters": 4, "layers": 2, "padding": "same", "subsampling": "average"},
}
OTHERS = [
    pytest.param(name, marks=pytest.mark.skipif(bool(missing(name)), reason=f"no {name}"))
    for name in BACKENDS
    if name not in ("auto", "torch")
]


@pytest.fixture(scope="module")
def planes() -> Tensor:
    """Return the positions of a random game on 9x9."""
    return torch.from_numpy(Encoder("alphago12", 9).game(random_record(3).events)[0])


def network_named(name: str) -> PolicyNetwork:
    """Return a network with random weights, whose normalizations have seen something."""
    torch.manual_seed(2)
    network = build_network(name, planes=12, size=9, **NETWORKS[name])  # type: ignore[arg-type]
    network.train()(torch.rand(8, 12, 9, 9))
    return fold(network.eval())


@pytest.mark.parametrize("backend", OTHERS)
@pytest.mark.parametrize("name", NETWORKS)  # for onnxruntime one must do: exporting takes seconds
def test_logits_are_those_of_torch_in_batches_of_any_size(
    name: str, backend: str, planes: Tensor
) -> None:
    if backend == "onnxruntime" and name != "alphago-res":
        return
    network = network_named(name)
    other = make_backend(backend, network, CPU)
    for batch in (1, 33, 2, 7, 1):
        with torch.inference_mode():
            expected = network(planes[:batch].float())
            found = other.logits(planes[:batch], "fp32")
        assert found.dtype == torch.float32
        assert found.numpy() == pytest.approx(expected.numpy(), abs=1e-4)
        assert expected.std() > 0.01  # there is something to compare


@pytest.mark.parametrize("backend", [name for name in OTHERS if "openvino" in name.values])
def test_bfloat16_is_close(backend: str, planes: Tensor) -> None:
    network = network_named("alphago-res")
    other = make_backend(backend, network, CPU)
    exact, low = (other.logits(planes, precision) for precision in ("fp32", "bf16"))
    assert torch.softmax(low, 1).numpy() == pytest.approx(torch.softmax(exact, 1).numpy(), abs=0.02)


@pytest.mark.parametrize("symmetries", [1, 8])
@pytest.mark.parametrize("backend", OTHERS[:1])
def test_a_policy_gives_the_same_probabilities(
    backend: str, symmetries: int, tmp_path: Path, planes: Tensor
) -> None:
    weights = write_weights(tmp_path)
    ours, theirs = (
        gp.load(weights, backend=name, device="cpu", precision="fp32", symmetries=symmetries)
        for name in ("torch", backend)
    )
    assert theirs.backend_for("fp32") == backend
    found = theirs.log_probabilities(planes.numpy())
    assert found == pytest.approx(ours.log_probabilities(planes.numpy()), abs=1e-4)


@pytest.mark.parametrize("backend", OTHERS[:1])
def test_weights_without_finite_answers_are_told(
    backend: str, tmp_path: Path, planes: Tensor
) -> None:
    loaded = load_weights(write_weights(tmp_path))
    with torch.no_grad():
        for parameter in loaded.network.parameters():
            parameter.fill_(3e38)
    policy = Policy(loaded, device="cpu", precision="fp32", backend=backend)
    with pytest.raises(gp.GoPolicyError, match="not finite"):
        policy.log_probabilities(planes.numpy())


class Rival:
    """A library for tests: torch plus an error."""

    def __init__(self, network: PolicyNetwork, error: float = 0.0) -> None:
        self.network, self.error, self.calls = network, error, 0

    def logits(self, planes_bcnn: Tensor, precision: str) -> Tensor:
        self.calls += 1
        logits_ba: Tensor = self.network(planes_bcnn.float()).clone()
        logits_ba[:, 0] += self.error
        return logits_ba


def choice(
    monkeypatch: pytest.MonkeyPatch, *, error: float = 0.0, times: float = 2.0
) -> tuple[BackendChoice, Rival, list[str]]:
    """Return an automatic choice whose other library is a `Rival`, and what it says."""
    network, said = network_named("alphago"), list[str]()
    rival = Rival(network, error)
    monkeypatch.setattr(backend_choice, "_rival", lambda device: "openvino")
    monkeypatch.setattr(backend_choice, "make_backend", lambda *_: rival)
    monkeypatch.setattr(backend_choice, "_times_as_fast", lambda *_: times)
    return BackendChoice(network, CPU, "auto", said.append), rival, said


def ask(chosen: BackendChoice, planes: Tensor, positions: int) -> None:
    """Ask about so many positions, one by one."""
    with torch.inference_mode():
        for _ in range(positions):
            chosen.logits(planes[:1], "fp32")


def test_a_faster_library_takes_over_once_there_is_much_to_do(
    monkeypatch: pytest.MonkeyPatch, planes: Tensor
) -> None:
    chosen, rival, said = choice(monkeypatch)
    ask(chosen, planes, TRIAL_AFTER)
    assert (rival.calls, said) == (0, [])
    ask(chosen, planes, 3)
    assert rival.calls == 4  # one to compare the answers
    assert chosen.name_for("fp32") == "openvino"
    assert chosen.name_for("bf16") == "torch"
    assert said == ["computing with openvino: 2.00 times as fast as torch, batches of 1 in fp32"]


def test_a_slower_library_is_tried_once(monkeypatch: pytest.MonkeyPatch, planes: Tensor) -> None:
    chosen, rival, said = choice(monkeypatch, times=0.9)
    ask(chosen, planes, TRIAL_AFTER + 5)
    assert rival.calls == 1
    assert chosen.name_for("fp32") == "torch"
    assert said == []


def test_a_library_that_answers_otherwise_is_not_used(
    monkeypatch: pytest.MonkeyPatch, planes: Tensor
) -> None:
    chosen, _, said = choice(monkeypatch, error=5.0)
    ask(chosen, planes, TRIAL_AFTER + 1)
    assert chosen.name_for("fp32") == "torch"
    assert "off torch" in said[0]


def test_a_library_that_fails_is_told_and_torch_goes_on(
    monkeypatch: pytest.MonkeyPatch, planes: Tensor
) -> None:
    chosen, rival, said = choice(monkeypatch)

    def fail(*_: object) -> None:
        raise RuntimeError("no such\noperation")

    monkeypatch.setattr(rival, "logits", fail)
    ask(chosen, planes, TRIAL_AFTER + 3)
    assert said == [
        "openvino cannot run the network (RuntimeError: no such operation): computing with torch"
    ]


def test_without_a_listener_a_fallback_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, planes: Tensor
) -> None:
    choice(monkeypatch, error=5.0)
    silent = BackendChoice(network_named("alphago"), CPU)
    with pytest.warns(UserWarning, match="off torch"):
        ask(silent, planes, TRIAL_AFTER + 1)


def test_weights_that_change_are_computed_by_torch(
    monkeypatch: pytest.MonkeyPatch, planes: Tensor
) -> None:
    chosen, rival, said = choice(monkeypatch)
    ask(chosen, planes, TRIAL_AFTER + 1)
    with torch.no_grad():
        next(rival.network.parameters()).mul_(1.5)
    calls = rival.calls
    ask(chosen, planes, 2)
    assert rival.calls == calls
    assert said[1:] == ["the weights have changed since openvino took them: computing with torch"]


def test_what_is_not_there_is_one_clear_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    weights = write_weights(tmp_path)
    with pytest.raises(ConfigError, match="no backend called 'opnvino'; did you mean 'openvino'"):
        gp.load(weights, backend="opnvino")
    monkeypatch.setattr("gopolicy.policy.backends.missing", lambda name: ["openvino"])
    with pytest.raises(ConfigError, match="not installed here; pip install openvino adds it"):
        gp.load(weights, backend="openvino")
    with pytest.raises(ConfigError, match="computes on the CPU alone"):
        make_backend("openvino", network_named("alphago"), torch.device("cuda"))


@pytest.mark.skipif(bool(missing("onnxruntime")), reason="no onnxruntime")
def test_onnxruntime_refuses_bfloat16(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = write_weights(tmp_path)
    with pytest.raises(ConfigError, match="fp32 alone"):
        gp.load(weights, backend="onnxruntime", precision="bf16")
    policy = gp.load(weights, backend="torch")
    monkeypatch.setattr(policy, "backend_for", lambda precision: "onnxruntime")
    assert policy.precision_for(256) == "fp32"


def test_a_policy_passes_the_number_format_on(tmp_path: Path, planes: Tensor) -> None:
    weights = write_weights(tmp_path)
    low, exact = (
        gp.load(weights, backend="torch", device="cpu", precision=precision).log_probabilities(
            planes.numpy()
        )
        for precision in ("bf16", "fp32")
    )
    assert not np.array_equal(low, exact)
