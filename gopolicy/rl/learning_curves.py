"""The picture of a run of policy gradient: its log as curves."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from gopolicy.draw.figure import BLUE, GREEN, ORANGE, new_axes, new_figure, write_figure
from gopolicy.errors import ConfigError
from gopolicy.files import parse_json, read_limited
from gopolicy.training.journal import MAX_LOG, METRICS

PICTURE = "learning.png"
_SMOOTH = 40
"""Points that a curve of games is averaged down to, so that chance does not hide its course."""


def draw_learning_curves(run: Path) -> Path | None:
    """Draw the curves of a run into its folder; return the picture, None where nothing is logged.

    ConfigError where the log cannot be read.
    """
    entries = list(_entries(run / METRICS))
    played = [entry for entry in entries if entry["kind"] == "play"]
    if not played:
        return None
    figure = new_figure(9, 6.5)
    strength, varied, length, speed = new_axes(figure, 2, 2)
    _draw_strength(strength, entries, played)
    _draw(varied, played, "entropy", "entropy of a decision, nats")
    _draw(length, played, "length", "moves of a game")
    _draw(speed, played, "games_per_second", "games per second")
    for axes in (strength, varied, length, speed):
        axes.set_xlabel("games played")
        axes.set_xlim(left=0)
    path = run / PICTURE
    write_figure(path, figure)
    return path


def _entries(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the entries of a log; a last line that a crash has cut off does not count."""
    try:
        lines = read_limited(path, MAX_LOG).decode("utf-8").splitlines()
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: cannot be read ({error})") from error
    for number, line in enumerate(lines, 1):
        try:
            entry = parse_json(line)
        except ValueError as error:
            if number == len(lines):
                return
            raise ConfigError(f"{path}, line {number}: expected JSON ({error})") from error
        if not isinstance(entry, dict) or not {"kind", "games"} <= entry.keys():
            raise ConfigError(f"{path}, line {number}: expected an entry of gopolicy reinforce")
        yield entry


def _draw_strength(axes: Axes, entries: list[dict[str, Any]], played: list[dict[str, Any]]) -> None:
    """Draw the rate of wins against the parent with its interval, and that against the pool."""
    measured = [entry for entry in entries if entry["kind"] == "parent"]
    if measured:
        games = [entry["games"] for entry in measured]
        axes.plot(games, [entry["win_rate"] for entry in measured], color=BLUE, label="parent")
        low, high = ([entry[end] for entry in measured] for end in ("low", "high"))
        axes.fill_between(games, low, high, color=BLUE, alpha=0.2, linewidth=0)
    pooled = [entry for entry in played if "pool_win_rate" in entry]
    if pooled:
        games, rates = _averaged(pooled, "pool_win_rate")
        axes.plot(games, rates, color=ORANGE, label="past selves", linewidth=1)
    axes.set_ylim(0, 1)
    axes.set_ylabel("rate of wins against")
    if measured or pooled:
        axes.legend(frameon=False, loc="lower right")


def _draw(axes: Axes, played: list[dict[str, Any]], name: str, label: str) -> None:
    """Draw one figure of the games."""
    axes.plot(*_averaged(played, name), color=GREEN)
    axes.set_ylabel(label)
    axes.set_ylim(bottom=0)


def _averaged(entries: list[dict[str, Any]], name: str) -> tuple[list[float], list[float]]:
    """Return games and a figure, both as means over runs of neighbors."""
    width = -(-len(entries) // _SMOOTH)
    parts = [entries[at : at + width] for at in range(0, len(entries), width)]
    means = [
        [sum(entry[key] for entry in part) / len(part) for part in parts] for key in ("games", name)
    ]
    return means[0], means[1]
