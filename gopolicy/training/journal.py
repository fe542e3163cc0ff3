"""What a run leaves in its folder for people: run.json, metrics.jsonl and TensorBoard files."""

import json
import platform
import subprocess
import threading
from pathlib import Path
from typing import Any

import torch

import gopolicy
from gopolicy.errors import ConfigError, OutputError
from gopolicy.files import parse_json, read_json, read_limited, write_text

DESCRIPTION, METRICS = "run.json", "metrics.jsonl"
MAX_LOG = 1 << 30
"""The longest log that is read, in bytes."""
_KINDS = {"config": dict, "store": str, "compute": dict}
_KINDS_IF_ANY = {"sittings": list, "store_path": str, "stores": list}  # older runs have none


def describe_run(**facts: Any) -> dict[str, Any]:
    """Return facts together with the versions that matter."""
    return {
        "format": 1,
        **facts,
        "gopolicy": gopolicy.__version__,
        "commit": _commit(),
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def write_run(run: Path, description: dict[str, Any]) -> None:
    """Write run.json."""
    write_text(run / DESCRIPTION, json.dumps(description, indent=2, ensure_ascii=False) + "\n")


def read_run(run: Path) -> dict[str, Any]:
    """Read run.json."""
    path = run / DESCRIPTION
    try:
        values = read_json(path)
    except FileNotFoundError:
        raise ConfigError(f"{run} holds no run to resume (no {DESCRIPTION})") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: cannot be read ({error})") from error
    if not isinstance(values, dict) or values.get("format") != 1:
        raise ConfigError(f"{path}: expected the description of a run in format 1")
    for key, kind in (_KINDS | _KINDS_IF_ANY).items():
        if not isinstance(values.get(key, None if key in _KINDS else kind()), kind):
            raise ConfigError(f"{path} is damaged: expected {key} to be {kind.__name__}")
    if not all(map(_is_sitting, values.get("sittings", []))):
        raise ConfigError(f"{path} is damaged: expected sittings with from and processes")
    return values


def _is_sitting(value: object) -> bool:
    """Say whether a part of a description tells from where on how many processes trained."""
    return isinstance(value, dict) and all(
        type(value.get(key)) is int and value[key] >= 0 for key in ("from", "processes")
    )


class Journal:
    """Appends figures to metrics.jsonl and to TensorBoard's files."""

    def __init__(self, run: Path, positions: int) -> None:
        """Open the logs of a run; entries after this many positions, now repeated, are dropped.

        ConfigError where there is a log that cannot be read; it is left as it is.
        """
        path = run / METRICS
        write_text(path, "".join(f"{line}\n" for line in _entries(path, positions)))
        self._usual_hook = threading.excepthook
        try:
            self._file = path.open("a", encoding="utf-8")
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror}") from error
        try:
            self._board = _summary_writer(run / "tensorboard", positions)
        except OutputError:
            self._file.close()
            raise
        threading.excepthook = self._on_thread_error

    def write(self, kind: str, positions: int, figures: dict[str, float]) -> None:
        """Log figures, named below kind, after this many positions."""
        entry = {"kind": kind, "positions": positions} | figures
        self._file.write(json.dumps(entry) + "\n")
        self._file.flush()
        if self._board is not None:
            for name, value in figures.items():
                self._board.add_scalar(f"{kind}/{name}", value, positions)

    def close(self) -> None:
        """Close the files."""
        try:
            if self._board is not None:
                self._board.close()
            self._file.close()
        finally:
            threading.excepthook = self._usual_hook

    def _on_thread_error(self, error: threading.ExceptHookArgs) -> None:
        """Let pass what TensorBoard's thread also raises in `write` or `close`: a full disk."""
        if not issubclass(error.exc_type, OSError):
            self._usual_hook(error)


def _entries(path: Path, positions: int) -> list[str]:
    """Return the lines of a log up to these positions, but none that a crash has spoilt."""
    try:
        lines = read_limited(path, MAX_LOG).decode("utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror or error})") from error
    return [line for line in lines if _position_of(line) <= positions]


def _position_of(line: str) -> float:
    """Return after how many positions a line was logged; infinity if it is no entry."""
    try:
        return float(parse_json(line)["positions"])
    except (ValueError, TypeError, KeyError):
        return float("inf")


def _summary_writer(folder: Path, positions: int) -> Any:
    """Return TensorBoard's writer, or None where it is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    try:
        return SummaryWriter(str(folder), purge_step=positions + 1 if positions else None)
    except OSError as error:
        raise OutputError(f"cannot write {folder}: {error.strerror or error}") from error


def _commit() -> str:
    """Return the git commit of a checkout, or nothing."""
    root = Path(gopolicy.__file__).parent.parent
    if not (root / ".git").exists():
        return ""
    try:
        found = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, timeout=5
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return found.stdout.strip()
