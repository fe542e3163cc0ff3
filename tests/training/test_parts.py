"""Optimizers, averages, measurements and formats."""

import hashlib
import json
import signal
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from reference.fake_source import FakeSource
from torch import nn

from gopolicy.errors import ConfigError, WeightsError
from gopolicy.nets.network import PolicyNetwork
from gopolicy.nets.registry import build_network
from gopolicy.training.averaging import WeightAverage
from gopolicy.training.batches import to_tensors
from gopolicy.training.checkpoint import Parts, RunFacts, load_checkpoint, save_checkpoint
from gopolicy.training.compute import Compute, choose_compute
from gopolicy.training.config import OPTIMIZER_NAMES, TrainConfig, from_json, override, to_json
from gopolicy.training.interruption import stop_on_signals
from gopolicy.training.measure import LossTally, validate
from gopolicy.training.objective import Moves
from gopolicy.training.optimizers import OPTIMIZERS, make_optimizer, parameter_groups
from gopolicy.training.world import World

CPU = torch.device("cpu")
FORMATS = [
    Compute(precision, layout)
    for precision in ("fp32", "bf16")
    for layout in ("channels_last", "contiguous")
]


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(5)
    torch.set_num_threads(1)


def some_network() -> PolicyNetwork:
    return build_network("alphago", planes=3, size=5, filters=4, layers=2, normalization="batch")


def test_only_matrices_decay() -> None:
    network = some_network()
    decaying, others = parameter_groups(TrainConfig(weight_decay=0.5), network)
    assert (decaying["weight_decay"], others["weight_decay"]) == (0.5, 0.0)
    assert {parameter.ndim for parameter in decaying["params"]} == {4}
    assert {parameter.ndim for parameter in others["params"]} == {1}
    assert len(decaying["params"]) + len(others["params"]) == len(list(network.parameters()))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_goes_downhill(name: str) -> None:
    layer = nn.Linear(3, 1)
    config = TrainConfig(optimizer=name, lr=0.05, weight_decay=0.0)
    optimizer = make_optimizer(config, layer)
    x = torch.randn(64, 3)
    y = x.sum(1, keepdim=True)
    losses = []
    for _ in range(60):
        loss = (layer(x) - y).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]


def test_an_unknown_optimizer_is_refused() -> None:
    with pytest.raises(ConfigError, match="no optimizer called 'adam'; did you mean 'adamw'"):
        make_optimizer(TrainConfig(optimizer="adam"), some_network())


def test_the_average_trails_weights_and_statistics() -> None:
    network = some_network()
    average = WeightAverage(network, decay=0.75)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    with torch.no_grad():
        for tensor in network.state_dict().values():
            tensor += 1.0
    average.update(step=1000)
    for name, tensor in average.network.state_dict().items():
        assert torch.allclose(tensor, before[name] + 0.25, atol=1e-6)


def test_the_average_moves_quickly_at_first() -> None:
    network = some_network()
    average = WeightAverage(network, decay=0.999)
    with torch.no_grad():
        for tensor in network.state_dict().values():
            tensor += 1.0
    average.update(step=0)
    mine, theirs = average.network.state_dict(), network.state_dict()
    assert all(torch.allclose(mine[key], theirs[key] - 0.1, atol=1e-6) for key in mine)


def test_validation_is_the_mean_over_all_positions() -> None:
    source, network = FakeSource(), some_network().eval()
    found = validate(network, Moves(TrainConfig()), source.validation(), FORMATS[0], World(CPU))
    logits, targets = [], []
    for batch in source.validation():
        planes, target = to_tensors(batch, FORMATS[0], CPU)
        logits.append(network(planes))
        targets.append(target)
    log_p, played = torch.cat(logits).log_softmax(1), torch.cat(targets)
    assert found["positions"] == len(played) == 32
    assert found["top1"] == (log_p.argmax(1) == played).float().mean().item()
    assert found["nll"] == pytest.approx(-log_p[range(32), played].mean().item(), rel=1e-5)


def test_validation_leaves_the_network_as_it_was() -> None:
    network = some_network().train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    validate(network, Moves(TrainConfig()), FakeSource().validation(), FORMATS[0], World(CPU))
    assert network.training
    assert all(torch.equal(tensor, before[n]) for n, tensor in network.state_dict().items())


def test_a_tally_starts_again_when_taken() -> None:
    tally = LossTally(CPU)
    logits = torch.tensor([[0.0, 1.0], [0.0, 1.0], [1.0, 0.0], [1.0, 0.0]])
    tally.add(torch.tensor(2.0), logits, torch.tensor([1, 0, 0, 0]))
    assert tally.take(World(CPU)) == (0.5, 0.75)
    assert tally.take(World(CPU)) is None


@pytest.mark.parametrize("compute", FORMATS, ids=str)
def test_planes_reach_the_network_in_its_formats(compute: Any) -> None:
    batch = FakeSource().batch(0)
    planes, targets = to_tensors(batch, compute, CPU)
    assert planes.dtype == compute.dtype
    assert planes.is_contiguous(memory_format=compute.layout)
    assert (planes.float().numpy() == batch.planes).all()
    assert (targets.numpy() == batch.targets).all()
    logits = compute.forward(compute.place(some_network(), CPU), planes)
    assert logits.dtype == torch.float32


def test_the_trial_of_formats_changes_nothing() -> None:
    network = some_network()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    state = torch.get_rng_state()
    compute, why = choose_compute(TrainConfig(), network, 3, 5, CPU)
    assert compute in FORMATS
    assert "positions/s" in why
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(tensor, before[n]) for n, tensor in network.state_dict().items())


def test_given_formats_are_not_measured() -> None:
    config = override(TrainConfig(), ["precision=bf16", "memory_format=contiguous"])
    compute, why = choose_compute(config, some_network(), 3, 5, CPU)
    assert compute == Compute("bf16", "contiguous")
    assert why == "computing in bf16, contiguous"


def test_the_second_interrupt_is_the_usual_one() -> None:
    with stop_on_signals() as request:
        signal.raise_signal(signal.SIGINT)
        assert request.signal == signal.SIGINT
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', "[" * 100_000], ids=range(5))
def test_a_damaged_checkpoint_is_one_clear_error(tmp_path: Path, text: str) -> None:
    network = some_network()
    parts = Parts(network, make_optimizer(TrainConfig(), network))
    folder = save_checkpoint(tmp_path, parts, RunFacts(step=3))
    assert load_checkpoint(folder, parts).step == 3
    (folder / "state.json").write_text(text)
    with pytest.raises(ConfigError, match="checkpoint-000000003"):
        load_checkpoint(folder, parts)


@pytest.mark.parametrize(
    "field", ["step", "seconds", "validation", "optimizer", "sha256", "format"]
)
def test_a_checkpoint_with_a_damaged_field_is_one_clear_error(tmp_path: Path, field: str) -> None:
    network = some_network()
    parts = Parts(network, make_optimizer(TrainConfig(), network))
    folder = save_checkpoint(tmp_path, parts, RunFacts(step=3))
    values = json.loads((folder / "state.json").read_text())
    wrongs: tuple[Any, ...] = (
        None,
        "x",
        -1,
        [],
        {"top1": "x"},
        {"optimizer/999/step": 1.0},
        10**400,
    )
    for wrong in wrongs:
        if field == "validation" and wrong == {"optimizer/999/step": 1.0}:
            continue  # a figure nobody knows
        (folder / "state.json").write_text(json.dumps(values | {field: wrong}))
        with pytest.raises(ConfigError, match="checkpoint-000000003"):
            load_checkpoint(folder, parts)


def test_a_checkpoint_that_says_another_step_than_its_folder_is_refused(tmp_path: Path) -> None:
    network = some_network()
    parts = Parts(network, make_optimizer(TrainConfig(), network))
    folder = save_checkpoint(tmp_path, parts, RunFacts(step=3))
    values = json.loads((folder / "state.json").read_text())
    for step in (0, 4, 2**62):  # positions of the last need more than 64 bits
        (folder / "state.json").write_text(json.dumps(values | {"step": step}))
        with pytest.raises(ConfigError, match=f"000003: state.json is of step {step}"):
            load_checkpoint(folder, parts)


def test_whole_numbers_in_the_settings_of_a_run_are_read_as_fractions() -> None:
    config = from_json(to_json(TrainConfig()) | {"momentum": 0, "lr": 1})
    assert [type(config.momentum), type(config.lr)] == [float, float]
    make_optimizer(config, some_network())


def test_a_checkpoint_of_numbers_that_are_not_finite_is_refused(tmp_path: Path) -> None:
    network = some_network()
    parts = Parts(network, make_optimizer(TrainConfig(), network))
    with torch.no_grad():
        next(network.parameters()).view(-1)[0] = float("inf")
    folder = save_checkpoint(tmp_path, parts, RunFacts(step=3))
    with pytest.raises(
        WeightsError, match=r"000003: tensor network/\S* holds numbers that are not"
    ):
        load_checkpoint(folder, parts)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_muon_steps_along_the_orthogonal_factor_of_the_gradient(
    layout: torch.memory_format,
) -> None:
    kernel = nn.Parameter(torch.randn(8, 4, 3, 3).to(memory_format=layout))
    before = kernel.detach().clone()
    config = TrainConfig(optimizer="muon", lr=0.01, weight_decay=0.0)
    optimizer = make_optimizer(config, nn.ParameterList([kernel]))
    kernel.grad = torch.randn(8, 4, 3, 3)
    optimizer.step()
    step = (before - kernel.detach()).reshape(8, 36) / (0.01 * 0.2 * 36**0.5)
    left, _, right = torch.linalg.svd(kernel.grad.reshape(8, 36), full_matrices=False)
    sizes = torch.linalg.svdvals(step)
    assert ((sizes > 0.6) & (sizes < 1.3)).all()
    assert torch.cosine_similarity(step.flatten(), (left @ right).flatten(), dim=0) > 0.98


def test_muon_leaves_vectors_and_single_outputs_to_adamw() -> None:
    network = some_network()
    optimizer = make_optimizer(TrainConfig(optimizer="muon"), network)
    shapes = [[tuple(p.shape) for p in group["params"]] for group in optimizer.param_groups]
    assert shapes[0] == [(4, 3 * 25), (4, 4 * 9)]
    assert (1, 4, 1, 1) in shapes[1]
    assert all(len(shape) == 1 for shape in shapes[2])


def test_every_optimizer_name_has_its_optimizer() -> None:
    assert set(OPTIMIZER_NAMES) == set(OPTIMIZERS)


@pytest.mark.parametrize("optimizer", ["adamw", "sgd", "muon"])
def test_a_state_of_the_optimizer_has_the_shape_of_its_parameter(
    tmp_path: Path, optimizer: str
) -> None:
    network = some_network()
    parts = Parts(
        network, make_optimizer(override(TrainConfig(), [f"optimizer={optimizer}"]), network)
    )
    for parameter in network.parameters():
        parameter.grad = torch.ones_like(parameter)
    parts.optimizer.step()
    folder = save_checkpoint(tmp_path, parts, RunFacts(step=3))
    assert load_checkpoint(folder, parts).step == 3
    tensors = safetensors.torch.load((folder / "state.safetensors").read_bytes())
    facts = json.loads((folder / "state.json").read_text())
    states = [name for name in tensors if name.startswith("optimizer/")]
    wrong = {name: torch.zeros(3, 7) for name in states}
    wrong |= {f"optimizer/{index}/exp_avg": torch.zeros(1) for index in ("-1", "999", "x")}
    changed = [tensors | {name: tensor} for name, tensor in wrong.items()]
    others = {name: tensor for name, tensor in tensors.items() if name not in states}
    changed.append(others | {f"{name}x": tensors[name] for name in states})
    moments = [name for name in states if "exp_avg" in name]
    if moments:
        changed.append({name: each for name, each in tensors.items() if name not in moments})
    steps = [name for name in states if name.endswith("/step")]
    changed += [tensors | {name: torch.tensor(-1.0)} for name in steps[:1]]
    for each in changed:
        data = safetensors.torch.save(each)
        (folder / "state.safetensors").write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        (folder / "state.json").write_text(json.dumps(facts | {"sha256": digest}))
        with pytest.raises(ConfigError, match="does not fit this network"):
            load_checkpoint(folder, parts)
