"""The predictor: formats, symmetries, and what it refuses."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from reference.tiny_games import random_record, write_weights

from gopolicy.engine.devices import pick_device
from gopolicy.engine.predictor import SMALL_BATCH, Predictor
from gopolicy.errors import ConfigError, WeightsError
from gopolicy.features.encode import Encoder
from gopolicy.go.board import Board
from gopolicy.go.types import Color
from gopolicy.nets.registry import build_network
from gopolicy.nets.weights import LoadedNetwork, describe, load_weights

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> LoadedNetwork:
    return load_weights(write_weights(tmp_path_factory.mktemp("weights")))


@pytest.fixture(scope="module")
def planes() -> np.ndarray:
    return Encoder("alphago12", 9).game(random_record(3).events)[0]


def test_probabilities_add_up_to_one(loaded: LoadedNetwork, planes: np.ndarray) -> None:
    for symmetries in (1, 8):
        predictor = Predictor(loaded, device="cpu", symmetries=symmetries)
        rows = np.exp(predictor.log_probabilities(planes))
        assert rows.dtype == np.float32
        assert rows.shape == (len(planes), 81)
        assert rows.sum(1) == pytest.approx(np.ones(len(planes)), rel=1e-4)


def test_it_is_the_softmax_of_the_network(loaded: LoadedNetwork, planes: np.ndarray) -> None:
    found = Predictor(loaded, device="cpu", precision="fp32").log_probabilities(planes)
    with torch.inference_mode():
        logits = loaded.network(torch.from_numpy(planes).float())
    assert found == pytest.approx(torch.log_softmax(logits, 1).numpy(), abs=1e-5)


def test_low_precision_is_close(loaded: LoadedNetwork, planes: np.ndarray) -> None:
    exact, low = (
        Predictor(loaded, device="cpu", precision=precision).log_probabilities(planes)
        for precision in ("fp32", "bf16")
    )
    assert low == pytest.approx(exact, abs=0.1)


def test_eight_symmetries_make_the_view_of_a_turned_board_the_turned_view(
    loaded: LoadedNetwork, planes: np.ndarray
) -> None:
    predictor = Predictor(loaded, device="cpu", symmetries=8, precision="fp32")
    upright = predictor.log_probabilities(planes)
    mirrored = predictor.log_probabilities(np.ascontiguousarray(planes[..., ::-1]))
    back = mirrored.reshape(-1, 9, 9)[..., ::-1].reshape(-1, 81)
    assert back == pytest.approx(upright, abs=1e-4)


def test_small_batches_stay_exact() -> None:
    network = build_network("alphago", planes=4, size=5, filters=2, layers=1)
    predictor = Predictor(LoadedNetwork(network, describe(network, "alphago4")), device="cpu")
    assert predictor.precision_for(SMALL_BATCH - 1) == "fp32"


def test_normalization_is_folded_without_changing_the_answer(planes: np.ndarray) -> None:
    torch.manual_seed(1)
    network = build_network(
        "alphago", planes=12, size=9, filters=4, layers=2, normalization="batch"
    )
    network.train()(torch.from_numpy(planes).float())
    loaded = LoadedNetwork(network.eval(), describe(network, "alphago12"))
    predictor = Predictor(loaded, device="cpu", precision="fp32")
    assert len(predictor.network.state_dict()) < len(network.state_dict())
    with torch.inference_mode():
        logits = network(torch.from_numpy(planes).float())
    expected = torch.log_softmax(logits, 1).numpy()
    assert predictor.log_probabilities(planes) == pytest.approx(expected, abs=1e-4)


def test_the_color_to_move_can_be_said(loaded: LoadedNetwork) -> None:
    predictor = Predictor(loaded, device="cpu")
    board = Board(9)
    board.play("C3")
    white, black = predictor.predict(board), predictor.predict(board, Color.BLACK)
    assert not np.allclose(white, black)
    board.play("pass")
    assert predictor.predict(board, Color.WHITE).shape == (81,)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"symmetries": 3}, "1 or 8 symmetries"),
        ({"precision": "fp8"}, "expected a precision"),
        ({"device": "abacus"}, "abacus"),
    ],
)
def test_impossible_settings_are_refused(
    settings: dict[str, object], message: str, loaded: LoadedNetwork
) -> None:
    with pytest.raises(ConfigError, match=message):
        Predictor(loaded, **settings)


def test_another_count_of_planes_is_refused(loaded: LoadedNetwork) -> None:
    other = LoadedNetwork(loaded.network, dataclasses.replace(loaded.info, plane_set="alphago48"))
    with pytest.raises(WeightsError, match="trained on 12 planes; alphago48 has 48"):
        Predictor(other, device="cpu")


def test_a_board_of_another_size_is_refused(loaded: LoadedNetwork) -> None:
    with pytest.raises(ConfigError, match="plays 9x9, the board is 13x13"):
        Predictor(loaded, device="cpu").predict(Board(13))


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
    exact = Predictor(loaded, device="cpu", precision="fp32").log_probabilities(planes)
    gpu = Predictor(again, device="cuda", precision="fp32").log_probabilities(planes)
    assert gpu == pytest.approx(exact, abs=2e-2)
