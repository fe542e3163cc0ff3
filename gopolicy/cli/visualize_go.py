"""The views of ``gopolicy visualize`` for networks that play Go; imports torch."""

import argparse
from collections.abc import Callable
from pathlib import Path

from gopolicy.cli.networks import load_network, policy_for, weights_name
from gopolicy.cli.progress_bar import TqdmProgress
from gopolicy.data.position_sample import PositionSample, sample_positions
from gopolicy.draw.gallery import Section
from gopolicy.errors import ConfigError
from gopolicy.go.vertex import parse_vertex
from gopolicy.nets.weight_info import short_name
from gopolicy.samples import SAMPLE_GAME, SAMPLE_GAMES
from gopolicy.sgf.positions import Position, position_before
from gopolicy.sgf.read import read_game
from gopolicy.views import symmetries as show_symmetries
from gopolicy.views.activations import activations_section
from gopolicy.views.board_lens import BoardLens
from gopolicy.views.channels import ChannelOptions, channels_section
from gopolicy.views.filters import filters_section
from gopolicy.views.fool import ROUNDS, fool_section
from gopolicy.views.maximize import SearchOptions, boards_section
from gopolicy.views.saliency import saliency_section

_PICTURE_OPTIONS = ("classes", "l1", "names", "picture")
"""What only networks that look at pictures have a use for."""
SAMPLE_MOVE = 39
"""The position of the bundled game that is shown where no game is given."""


def go_section(args: argparse.Namespace) -> Section:
    """Return the section that the arguments ask for; ConfigError for views of pictures."""
    for option in _PICTURE_OPTIONS:
        if getattr(args, option, None) is not None:
            raise ConfigError(f"--{option} is for networks that look at pictures")
    args.precision = "fp32"
    loaded = load_network(args)
    file = getattr(args, "file", None)
    size = read_game(file).size if file else loaded.info.size
    policy = policy_for(args, loaded, size)
    return _VIEWS[args.view](args, BoardLens(short_name(weights_name(args)), policy))


def _sample(args: argparse.Namespace, subject: BoardLens) -> PositionSample:
    paths: list[Path] = args.games or [SAMPLE_GAMES]
    return sample_positions(
        paths, subject.size, args.positions or args.usual_positions, TqdmProgress()
    )


def _moment(args: argparse.Namespace, subject: BoardLens) -> tuple[Position, str]:
    """Return the position that was asked for, and what to call it."""
    path = args.file or SAMPLE_GAME
    number = args.move or (None if args.file else SAMPLE_MOVE)
    record = read_game(path)
    if record.size != subject.size:
        sizes = f"{subject.size}x{subject.size}, the game is on {record.size}x{record.size}"
        raise ConfigError(f"{path}: the network plays on {sizes}")
    position = position_before(record, number)
    return position, f"{Path(path).name}, move {position.number}"


def _filters(args: argparse.Namespace, subject: BoardLens) -> Section:
    return filters_section(subject, _sample(args, subject), top=args.top)


def _channels(args: argparse.Namespace, subject: BoardLens) -> Section:
    options = ChannelOptions(
        layers=args.layer,
        channels=args.channels,
        count=args.count or ChannelOptions().count,
        boards=args.boards,
    )
    return channels_section(subject, _sample(args, subject), options, TqdmProgress())


def _maximize(args: argparse.Namespace, subject: BoardLens) -> Section:
    moves = [parse_vertex(text, subject.size) for text in args.moves or []]
    if any(move < 0 for move in moves):
        raise ConfigError("expected points of the board for --moves, got a pass")
    defaults = SearchOptions()
    options = SearchOptions(
        layer=args.layer or "",
        channels=args.channels,
        moves=moves,
        count=args.count or defaults.count,
        steps=args.steps or defaults.steps,
        seed=args.seed,
    )
    return boards_section(subject, _sample(args, subject), options, TqdmProgress())


def _activations(args: argparse.Namespace, subject: BoardLens) -> Section:
    position, title = _moment(args, subject)
    return activations_section(subject, position, title)


def _saliency(args: argparse.Namespace, subject: BoardLens) -> Section:
    position, title = _moment(args, subject)
    move = parse_vertex(args.at, subject.size) if args.at else None
    if move is not None and move < 0:
        raise ConfigError("expected a point of the board for --at, got a pass")
    return saliency_section(subject, position, move=move, chains=args.chains, title=title)


def _symmetries(args: argparse.Namespace, subject: BoardLens) -> Section:
    if args.file or args.move:
        position, title = _moment(args, subject)
        return show_symmetries.position_section(subject, position.board, position.to_play, title)
    return show_symmetries.sample_section(subject, _sample(args, subject), TqdmProgress())


def _fool(args: argparse.Namespace, subject: BoardLens) -> Section:
    return fool_section(
        subject,
        _sample(args, subject),
        rounds=ROUNDS if args.rounds is None else args.rounds,
        seed=args.seed,
        progress=TqdmProgress(),
    )


_VIEWS: dict[str, Callable[[argparse.Namespace, BoardLens], Section]] = {
    "filters": _filters,
    "channels": _channels,
    "maximize": _maximize,
    "activations": _activations,
    "saliency": _saliency,
    "symmetries": _symmetries,
    "fool": _fool,
}
