"""``gopolicy export``: a file that other programs read, and that answers as torch does."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from reference.tiny_games import write_weights

from gopolicy.__main__ import main
from gopolicy.nets.weights import load_weights
from gopolicy.policy import onnx_export

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxscript")
torch.set_num_threads(1)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_weights(tmp_path_factory.mktemp("weights")))


def test_the_file_says_what_it_wants_and_answers_as_torch(
    weights: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "net.onnx"
    assert main(["export", weights, "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["bytes"] == out.stat().st_size
    assert told["largest_difference"] < 1e-3
    model = onnx.load(out)
    onnx.checker.check_model(model, full_check=True)
    facts = {entry.key: entry.value for entry in model.metadata_props}
    assert facts == told["metadata"]
    assert (facts["gopolicy.plane_set"], facts["gopolicy.size"]) == ("alphago12", "9")
    assert len(json.loads(facts["gopolicy.planes"])) == 12
    (given,), (answer,) = model.graph.input, model.graph.output
    sides = [side.dim_value or side.dim_param for side in given.type.tensor_type.shape.dim]
    assert (given.name, sides) == ("planes", ["batch", 12, 9, 9])
    sides = [side.dim_value or side.dim_param for side in answer.type.tensor_type.shape.dim]
    assert (answer.name, sides) == ("logits", ["batch", 81])
    planes = np.random.default_rng(1).integers(0, 2, (5, 12, 9, 9)).astype(np.float32)
    (found,) = onnx.reference.ReferenceEvaluator(model).run(None, {"planes": planes})
    with torch.inference_mode():
        expected = load_weights(weights).network(torch.from_numpy(planes)).numpy()
    assert found == pytest.approx(expected, abs=1e-4)


def test_the_file_tells_nothing_about_this_machine(weights: str, tmp_path: Path) -> None:
    out = tmp_path / "net.onnx"
    assert main(["export", weights, "--out", str(out)]) == 0
    assert str(Path(onnx_export.__file__).parents[2]).encode() not in out.read_bytes()
    assert b".py" not in out.read_bytes()


def test_a_file_that_answers_otherwise_is_not_written(
    weights: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "net.onnx"
    out.write_bytes(b"before")
    monkeypatch.setattr(onnx_export, "TOLERANCE", -1.0)
    assert main(["export", weights, "--out", str(out)]) == 1
    assert "is not written: its logits are" in capsys.readouterr().err
    assert out.read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir()] == ["net.onnx"]


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["nowhere", "--out", "net.onnx"], 1, "nowhere"),
        (["alphago-64x8", "--out", "net.txt"], 2, "expected a file that ends in .onnx"),
        (["alphago-64x8"], 2, "--out"),
    ],
)
def test_wrong_words_are_one_line(
    words: list[str],
    status: int,
    message: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["export", *words]) == status
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_missing_packages_are_told(
    weights: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(onnx_export, "missing", lambda name: ["onnxruntime", "onnx"])
    assert main(["export", weights, "--out", str(tmp_path / "net.onnx")]) == 1
    assert "pip install 'gopolicy[export]'" in capsys.readouterr().err
