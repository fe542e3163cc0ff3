"""Weight folders for Go and for pictures: loaded and asked; an answer has to be probabilities."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from fuzz.harness import Execution, Finding, fresh
from fuzz.mutate import damaged, flipped, sha256, with_wrong_field
from fuzz.seeds import write_weights
from gopolicy.go.board import Board
from gopolicy.nets.network import PictureShape
from gopolicy.nets.weight_info import DESCRIPTION, TENSORS
from gopolicy.nets.weights import load_weights
from gopolicy.pictures.picture_accuracy import probabilities
from gopolicy.pictures.picture_networks import build_image_network
from gopolicy.pictures.picture_weights import describe_image, load_image, save_image
from gopolicy.policy.policy import Policy
from gopolicy.settings import Setting

_Files = dict[str, bytes]
_LENGTH = 8  # bytes of a safetensors file that say how long its header is


def make(folder: Path) -> Execution:
    """Return one execution."""
    kinds: list[tuple[_Files, Callable[[Path], None]]] = [
        (_files(write_weights(folder / "plain")), _ask_go),
        (_files(write_weights(folder / "residual", "alphago-res")), _ask_go),
        (_files(_write_picture_weights(folder / "pictures")), _ask_pictures),
    ]

    def execute(dice: random.Random) -> None:
        files, ask = dice.choice(kinds)
        place = fresh(folder)
        place.mkdir()
        for name, data in damaged_tensors(dice, files, TENSORS, DESCRIPTION).items():
            (place / name).write_bytes(data)
        ask(place)

    return execute


def damaged_tensors(dice: random.Random, files: _Files, tensors: str, facts: str) -> _Files:
    """Return tensors and the JSON with their checksum after damage to the one or the other."""
    files, kind = dict(files), dice.random()
    values, data = json.loads(files[facts]), files[tensors]
    if kind < 0.2:
        files[facts] = damaged(dice, files[facts])
        return files
    if kind < 0.5:
        files[facts] = json.dumps(with_wrong_field(dice, values)).encode()
        return files
    end = _LENGTH + int.from_bytes(data[:_LENGTH], "little")
    if kind < 0.65:
        header = json.dumps(with_wrong_field(dice, json.loads(data[_LENGTH:end]))).encode()
        data = len(header).to_bytes(_LENGTH, "little") + header + data[end:]
    elif kind < 0.8:
        data = flipped(dice, data, 0, end)
    else:
        data = dice.choice((damaged(dice, data), flipped(dice, data, end)))
    values["sha256"] = sha256(data) if kind < 0.98 else values["sha256"]
    return files | {tensors: data, facts: json.dumps(values).encode()}


def _files(folder: Path) -> _Files:
    """Return the files in a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def _write_picture_weights(folder: Path) -> Path:
    """Write an untrained network for pictures."""
    torch.manual_seed(1)
    settings: dict[str, Setting] = {"filters": 2, "units": 4, "normalization": "batch"}
    network = build_image_network("image", PictureShape(1, 12, 12), 3, settings)
    save_image(folder, network, describe_image(network, ["a", "b", "c"]))
    return folder


def _ask_go(folder: Path) -> None:
    """Load a network and ask it about the empty board."""
    loaded = load_weights(folder)
    json.dumps(loaded.info.accuracy, allow_nan=False)
    _check(Policy(loaded, device="cpu").predict(Board(loaded.info.size)))


def _ask_pictures(folder: Path) -> None:
    """Load a network for pictures and ask it about a black one."""
    loaded = load_image(folder)
    shape = (1, loaded.info.channels, loaded.info.height, loaded.info.width)
    _check(np.asarray(probabilities(loaded.network, np.zeros(shape, np.uint8)))[0])


def _check(answer: "np.ndarray[tuple[int, ...], np.dtype[np.float32]]") -> None:
    """Raise a finding unless these are probabilities."""
    if not np.isfinite(answer).all() or abs(float(answer.sum()) - 1) > 1e-3:
        raise Finding("the answer is no distribution")
