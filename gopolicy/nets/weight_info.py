"""What a weight folder says about its network, and where it lies; found out without torch."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_origin, get_type_hints

import gopolicy
from gopolicy.errors import WeightsError
from gopolicy.files import read_json
from gopolicy.settings import Setting

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

FORMAT = 1
TENSORS, DESCRIPTION, BESIDE = "model.safetensors", "model.json", ".next-model.safetensors"
_OPTIONAL = ("outcome", "data", "precision", "version", "kind", "format")
"""Fields that older folders may lack."""
Info = TypeVar("Info", bound="DataclassInstance")


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsInfo:
    """What `model.json` says about a trained network."""

    network: str
    """The name it is built by."""
    settings: dict[str, Setting]
    """The settings it is built with."""
    plane_set: str
    """The planes it was trained on, by name."""
    planes: int
    """How many planes that is."""
    size: int
    """The side of the board it was trained on."""
    outcome: dict[str, Setting] = field(default_factory=dict)
    """The settings of its outcome head; empty where it has none."""
    data: str = ""
    """Digest of the store it was trained on."""
    positions: int = 0
    """How many positions it has seen in its last training, repetitions counted."""
    accuracy: dict[str, Any] = field(default_factory=dict)
    """Measured figures with their protocol, such as {"top1": 0.5, "protocol": "..."}."""
    precision: str = "fp32"
    """How its matrices are kept on disk: fp32 or fp16.  They are always loaded as fp32."""
    version: str = gopolicy.__version__
    """The version of this package that wrote it."""
    format: int = FORMAT
    """The version of the folder's format."""
    sha256: str = ""
    """Hash of the file of tensors."""


def read_description(folder: Path) -> dict[str, Any]:
    """Read the description in a weight folder: a JSON object of this format."""
    path = folder / DESCRIPTION
    try:
        values = read_json(path)
    except OSError as error:
        raise WeightsError(f"{path}: {error.strerror or error}") from error
    except ValueError as error:
        raise WeightsError(f"{path}: expected JSON ({error})") from error
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        found = values.get("format") if isinstance(values, dict) else values
        raise WeightsError(f"{path}: expected weight format {FORMAT}, got {found!r}")
    return values


def parse_description(kind: type[Info], values: Mapping[str, Any], path: Path) -> Info:
    """Return a description as its class; fields that the class does not know are left out.

    WeightsError unless every field has a value of its type; those of `_OPTIONAL` may be missing.
    """
    known = {field.name: values[field.name] for field in fields(kind) if field.name in values}
    for name, hint in get_type_hints(kind).items():
        wanted, found = get_origin(hint) or hint, known.get(name)
        if type(found) is not wanted and (name in known or name not in _OPTIONAL):
            raise WeightsError(f"{path}: expected {name} to be {wanted.__name__}, got {found!r}")
    return kind(**known)


def read_info(folder: Path) -> WeightsInfo:
    """Read the description in a weight folder without loading the network."""
    return _parse_info(read_description(folder), folder / DESCRIPTION)


def find_weights(name_or_path: str | os.PathLike[str]) -> Path:
    """Return the weight folder for a path, or for the name of a shipped network."""
    path = Path(name_or_path)
    for folder in (path, path.parent, shipped_root() / path):
        inside = folder != path.parent or path.name in (TENSORS, DESCRIPTION)
        if inside and (folder / DESCRIPTION).is_file():
            return folder
    of_run = path / "weights"
    if (of_run / DESCRIPTION).is_file():
        read_info(of_run)  # one for pictures is refused as such
        raise WeightsError(f"{path}: a run; its weight folder is {of_run}")
    if path.exists():
        raise WeightsError(f"{path}: expected a folder with {DESCRIPTION}")
    shipped = ", ".join(shipped_weights()) or "none"
    raise WeightsError(f"no weights at or called {str(path)!r}; shipped: {shipped}")


def short_name(weights: str) -> str:
    """Return what to call weights in a picture: a shipped name, or the last folder that says more.

    >>> short_name("alphago-64x8"), short_name("runs/first/weights"), short_name("w/vgg16.h5")
    ('alphago-64x8', 'first', 'vgg16')
    """
    path = Path(weights)
    if path.name in ("model.safetensors", "model.json"):
        path = path.parent
    if path.name == "weights" and path.parent.name:
        path = path.parent
    return path.stem if path.suffix in (".h5", ".hdf5", ".safetensors") else path.name or weights


def check_weights(name_or_path: str | os.PathLike[str]) -> None:
    """Raise WeightsError where there is no weight folder for a path or name, or part of it lacks.

    This takes no time and does not look at the tensors, as loading them does.
    """
    folder = find_weights(name_or_path)
    read_info(folder)
    if not any((folder / name).is_file() for name in (TENSORS, BESIDE)):
        raise WeightsError(f"{folder / TENSORS}: no such file")


def shipped_root() -> Path:
    """Return the folder of the shipped networks, in a checkout or an installed package."""
    package = Path(gopolicy.__file__).parent
    installed = package / "_weights"
    return installed if installed.is_dir() else package.parent / "weights"


def shipped_weights() -> list[str]:
    """Return the names of the shipped networks, sorted."""
    return sorted(path.parent.name for path in shipped_root().glob(f"*/{DESCRIPTION}"))


def default_weights(*, outcome: bool = False) -> str:
    """Return the name of the shipped network with the best recorded top-1.

    With outcome it is one that knows who is ahead, if there is one.
    """
    names = shipped_weights()
    if outcome:
        names = [name for name in names if read_info(shipped_root() / name).outcome] or names
    if not names:
        raise WeightsError(f"no network is shipped in {shipped_root()}; give the path of one")
    return max(names, key=lambda name: _recorded_top1(read_info(shipped_root() / name)))


def _recorded_top1(info: WeightsInfo) -> float:
    top1 = info.accuracy.get("top1", 0.0)
    return float(top1) if isinstance(top1, int | float) else 0.0


def _parse_info(values: Mapping[str, Any], path: Path) -> WeightsInfo:
    """Return the description of a network for Go."""
    if values.get("kind", "policy") != "policy":
        raise WeightsError(f"{path}: a network for pictures, not for Go; see gopolicy image")
    return parse_description(WeightsInfo, values, path)
