"""The predictor: formats, symmetries, and what it refuses."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from reference.tiny_games import random_record, write_outcome_weights, write_weights

from gopolicy.errors import ConfigError, WeightsError
from gopolicy.features.encode import Encoder
from gopolicy.go.board import Board
from gopolicy.go.types import Color
from gopolicy.nets.devices import pick_device
from gopolicy.nets.registry import build_network
from gopolicy.nets.weights import LoadedNetwork, describe_network, load_weights
from gopolicy.policy import policy as policy_module
from gopolicy.policy.policy import SMALL_BATCH, Policy
from gopolicy.sgf.positions import position_before

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> LoadedNetwork:
    return load_weights(write_weights(tmp_path_factory.mktemp("weights")))


@pytest.fixture(scope="module")
def planes() -> np.ndarray:
    return Encoder("alphago12", 9).game(random_record(3).events)[0]


def test_probabilities_add_up_to_one(loaded: LoadedNetwork, planes: np.ndarray) -> None:
    for symmetries in (1, 8):
        policy = Policy(loaded, device="cpu", symmetries=symmetries)
        rows = np.exp(policy.log_probabilities(planes))
        assert rows.dtype == np.float32
        assert rows.shape == (len(planes), 81)
        assert rows.sum(1) == pytest.approx(np.ones(len(planes)), rel=1e-4)


def test_it_is_the_softmax_of_the_network(loaded: LoadedNetwork, planes: np.ndarray) -> None:
    found = Policy(loaded, device="cpu", precision="fp32").log_probabilities(planes)
    with torch.inference_mode():
        logits = loaded.network(torch.from_numpy(planes).float())
    assert found == pytest.approx(torch.log_softmax(logits, 1).numpy(), abs=1e-5)


def test_low_precision_is_close(loaded: LoadedNetwork, planes: np.ndarray) -> None:
    exact, low = (
        Policy(loaded, device="cpu", precision=precision).log_probabilities(planes)
        for precision in ("fp32", "bf16")
    )
    assert low == pytest.approx(exact, abs=0.1)


def test_eight_symmetries_make_the_view_of_a_turned_board_the_turned_view(
    loaded: LoadedNetwork, planes: np.ndarray
) -> None:
    policy = Policy(loaded, device="cpu", symmetries=8, precision="fp32")
    upright = policy.log_probabilities(planes)
    mirrored = policy.log_probabilities(np.ascontiguousarray(planes[..., ::-1]))
    back = mirrored.reshape(-1, 9, 9)[..., ::-1].reshape(-1, 81)
    assert back == pytest.approx(upright, abs=1e-4)


def test_small_batches_stay_exact() -> None:
    network = build_network("alphago", planes=4, size=5, filters=2, layers=1)
    policy = Policy(LoadedNetwork(network, describe_network(network, "alphago4")), device="cpu")
    assert policy.precision_for(SMALL_BATCH - 1) == "fp32"


def test_rough_answers_are_close_and_fast_numbers_where_the_cpu_has_them(
    loaded: LoadedNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = Policy(loaded, device="cpu", backend="torch")
    boards = [Board(loaded.info.size) for _ in range(3)]
    boards[1].play("C3")
    colors = [board.to_move for board in boards]
    asked: list[str] = []
    logits = policy._backend.logits

    def noted(planes: torch.Tensor, precision: str) -> torch.Tensor:
        asked.append(precision)
        return logits(planes, precision)

    monkeypatch.setattr(policy_module, "has_fast_bfloat16", lambda _: True)
    monkeypatch.setattr(policy._backend, "logits", noted)
    exact = policy.probabilities(boards, colors)
    rough = policy.probabilities(boards, colors, rough=True)
    policy.probabilities(boards[:1], colors[:1], rough=True)
    assert asked == ["fp32", "bf16", "fp32"]
    assert rough == pytest.approx(exact, abs=0.01)
    assert not np.array_equal(rough, exact)


def test_normalization_is_folded_without_changing_the_answer(planes: np.ndarray) -> None:
    torch.manual_seed(1)
    network = build_network(
        "alphago", planes=12, size=9, filters=4, layers=2, normalization="batch"
    )
    network.train()(torch.from_numpy(planes).float())
    loaded = LoadedNetwork(network.eval(), describe_network(network, "alphago12"))
    policy = Policy(loaded, device="cpu", precision="fp32")
    assert len(policy.network.state_dict()) < len(network.state_dict())
    with torch.inference_mode():
        logits = network(torch.from_numpy(planes).float())
    expected = torch.log_softmax(logits, 1).numpy()
    assert policy.log_probabilities(planes) == pytest.approx(expected, abs=1e-4)


def test_the_color_to_move_can_be_said(loaded: LoadedNetwork) -> None:
    policy = Policy(loaded, device="cpu")
    board = Board(9)
    board.play("C3")
    white, black = policy.predict(board), policy.predict(board, Color.BLACK)
    assert not np.allclose(white, black)
    board.play("pass")
    assert policy.predict(board, Color.WHITE).shape == (81,)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"symmetries": 3}, "1 or 8 symmetries"),
        ({"precision": "fp8"}, "expected a precision"),
        ({"device": "abacus"}, "abacus"),
    ],
)
def test_impossible_settings_are_refused(
    settings: dict[str, Any], message: str, loaded: LoadedNetwork
) -> None:
    with pytest.raises(ConfigError, match=message):
        Policy(loaded, **settings)


def test_another_count_of_planes_is_refused(loaded: LoadedNetwork) -> None:
    other = LoadedNetwork(loaded.network, dataclasses.replace(loaded.info, plane_set="alphago48"))
    with pytest.raises(WeightsError, match="trained on 12 planes; alphago48 has 48"):
        Policy(other, device="cpu")


def test_planes_that_nobody_knows_name_the_network(loaded: LoadedNetwork) -> None:
    info = dataclasses.replace(loaded.info, plane_set="alphago84")
    for name, words in (("mine", "mine"), ("", "the network")):
        other = LoadedNetwork(loaded.network, info, name=name)
        with pytest.raises(WeightsError, match=f"^{words}: no plane set called 'alphago84'"):
            Policy(other, device="cpu")


def test_a_board_of_another_size_is_refused(loaded: LoadedNetwork) -> None:
    with pytest.raises(ConfigError, match="plays 9x9, the board is 13x13"):
        Policy(loaded, device="cpu").predict(Board(13))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_missing_device_is_one_clear_error() -> None:
    with pytest.raises(ConfigError, match="no CUDA device"):
        pick_device("cuda")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_agrees_with_the_processor(
    loaded: LoadedNetwork, planes: np.ndarray, tmp_path: Path
) -> None:
    again = load_weights(write_weights(tmp_path))
    exact = Policy(loaded, device="cpu", precision="fp32").log_probabilities(planes)
    gpu = Policy(again, device="cuda", precision="fp32").log_probabilities(planes)
    assert gpu == pytest.approx(exact, abs=2e-2)


@pytest.mark.parametrize("symmetries", [1, 8])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_finite_weights_whose_answers_are_not_finite_are_told(
    planes: np.ndarray, precision: str, symmetries: int
) -> None:
    network = build_network("alphago", planes=12, size=9, filters=4, layers=3)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(3e38)
    huge = LoadedNetwork(network, describe_network(network, "alphago12"))
    policy = Policy(huge, device="cpu", precision=precision, symmetries=symmetries)
    with pytest.raises(WeightsError, match="answers with numbers that are not finite"):
        policy.log_probabilities(planes)


def test_views_say_how_the_game_may_end_where_the_network_knows(tmp_path: Path) -> None:
    policy = Policy(load_weights(write_outcome_weights(tmp_path / "w")), device="cpu")
    record = random_record(3, komi=6.5)
    asked = [position_before(record, number) for number in (1, 8, 9)]
    expected = policy.outlooks([at.board for at in asked], [at.to_play for at in asked])
    assert expected is not None
    for view, outlook in zip(policy(asked), expected, strict=True):
        assert view.outlook is not None
        assert view.outlook.black_wins == pytest.approx(outlook.black_wins, abs=1e-5)
        np.testing.assert_allclose(view.outlook.ownership, outlook.ownership, atol=1e-5)
    more = asked[1].board.copy()
    more.komi += 10
    richer, before = policy(more).outlook, policy(asked[1]).outlook
    assert richer is not None
    assert before is not None
    assert richer.lead == pytest.approx(before.lead - 10, abs=1e-3)
    assert richer.black_wins < before.black_wins


def test_views_of_networks_that_know_moves_alone_say_no_end(loaded: LoadedNetwork) -> None:
    policy = Policy(loaded, device="cpu")
    assert policy(Board(policy.size)).outlook is None


@pytest.mark.parametrize("symmetries", [1, 8])
def test_one_look_says_what_two_say(tmp_path: Path, symmetries: int) -> None:
    loaded = load_weights(write_outcome_weights(tmp_path / "w"))
    policy = Policy(loaded, device="cpu", backend="torch", symmetries=symmetries)
    asked = [position_before(random_record(3), number) for number in (1, 8, 9)]
    planes = np.stack([policy.planes_of(at.board.arrays, at.to_play) for at in asked])
    colors, komis = [at.to_play for at in asked], [0.5, 6.5, -7.0]
    logs, ends = policy.look(planes, colors, komis)
    assert np.array_equal(logs, policy.log_probabilities(planes))
    alone = policy.outlooks_from(planes, colors, komis)
    assert ends is not None
    assert alone is not None
    for one, other in zip(ends, alone, strict=True):
        assert (one.lead, one.black_wins) == (other.lead, other.black_wins)
        assert np.array_equal(one.ownership, other.ownership)


def test_eight_symmetries_are_the_mean_of_turned_boards_turned_back(tmp_path: Path) -> None:
    loaded = load_weights(write_outcome_weights(tmp_path / "w"))
    record = random_record(3, komi=6.5)
    planes = Policy(loaded, device="cpu").planes_of
    board = position_before(record, 20).board
    upright = planes(board.arrays, Color.BLACK)
    owned, leads, wins = [], [], []
    alone = Policy(loaded, device="cpu", precision="fp32")
    for mirrored in (False, True):
        for quarters in range(4):
            seen = upright[:, :, ::-1] if mirrored else upright
            seen = np.ascontiguousarray(np.rot90(seen, quarters, (1, 2)))
            (one,) = alone.outlooks_from(seen[None], [Color.BLACK], [6.5]) or []
            back = np.rot90(one.ownership.reshape(9, 9), -quarters)
            owned.append(back[:, ::-1] if mirrored else back)
            leads.append(one.lead)
            wins.append(one.black_wins)
    together = Policy(loaded, device="cpu", precision="fp32", symmetries=8)
    (found,) = together.outlooks([board], [Color.BLACK]) or []
    assert np.ptp(leads) > 0.1  # the views differ
    assert found.lead == pytest.approx(np.mean(leads), abs=1e-3)
    assert found.black_wins == pytest.approx(np.mean(wins), abs=1e-5)
    expected = np.mean(owned, axis=0).ravel()
    np.testing.assert_allclose(found.ownership, expected, atol=1e-5)
