"""The views of ``gopolicy visualize`` for networks that play Go; imports torch."""

import argparse
from collections.abc import Callable
from pathlib import Path

from gopolicy.cli.networks import short_name, weights_name
from gopolicy.cli.progress import TqdmProgress
from gopolicy.cli.samples import SAMPLE_GAME, SAMPLE_GAMES
from gopolicy.engine.predictor import Predictor
from gopolicy.errors import ConfigError
from gopolicy.evaluation.opinion import Moment, moment_before
from gopolicy.go.vertex import parse_vertex
from gopolicy.nets.weights import load_weights
from gopolicy.sgf.read import read_game
from gopolicy.viz import show_symmetries
from gopolicy.viz.fool import ROUNDS
from gopolicy.viz.gallery import Section
from gopolicy.viz.positions import PositionSample, sample_positions
from gopolicy.viz.show_activations import activations_section
from gopolicy.viz.show_boards import SearchOptions, boards_section
from gopolicy.viz.show_channels import ChannelOptions, channels_section
from gopolicy.viz.show_filters import filters_section
from gopolicy.viz.show_fool import fool_section
from gopolicy.viz.show_saliency import saliency_section
from gopolicy.viz.subject import GoSubject

_PICTURE_OPTIONS = ("classes", "l1", "names", "picture")
"""What only networks that look at pictures have a use for."""
SAMPLE_MOVE = 39
"""The position of the bundled game that is shown where no game is given."""


def section_of(args: argparse.Namespace) -> Section:
    """Return the section that the arguments ask for; ConfigError for views of pictures."""
    for option in _PICTURE_OPTIONS:
        if getattr(args, option, None) is not None:
            raise ConfigError(f"--{option} is for networks that look at pictures")
    name = weights_name(args)
    predictor = Predictor(load_weights(name), device=args.device, precision="fp32")
    return _VIEWS[args.view](args, GoSubject(short_name(name), predictor))


def _sample(args: argparse.Namespace, subject: GoSubject) -> PositionSample:
    """Return the real positions that were asked for."""
    paths: list[Path] = args.games or [SAMPLE_GAMES]
    return sample_positions(
        paths, subject.size, args.positions or args.usual_positions, TqdmProgress()
    )


def _moment(args: argparse.Namespace, subject: GoSubject) -> tuple[Moment, str]:
    """Return the position that was asked for, and what to call it."""
    path = args.file or SAMPLE_GAME
    number = args.move or (None if args.file else SAMPLE_MOVE)
    record = read_game(path)
    if record.size != subject.size:
        sizes = f"{subject.size}x{subject.size}, the game is on {record.size}x{record.size}"
        raise ConfigError(f"the network plays on {sizes}")
    moment = moment_before(record, number)
    return moment, f"{Path(path).name}, move {moment.number}"


def _filters(args: argparse.Namespace, subject: GoSubject) -> Section:
    return filters_section(subject, _sample(args, subject), top=args.top)


def _channels(args: argparse.Namespace, subject: GoSubject) -> Section:
    options = ChannelOptions(
        layers=args.layer,
        channels=args.channels,
        count=args.count or ChannelOptions().count,
        boards=args.boards,
    )
    return channels_section(subject, _sample(args, subject), options, TqdmProgress())


def _maximize(args: argparse.Namespace, subject: GoSubject) -> Section:
    moves = [parse_vertex(text, subject.size) for text in args.moves or []]
    if any(move < 0 for move in moves):
        raise ConfigError("expected points of the board for --moves, got a pass")
    defaults = SearchOptions()
    options = SearchOptions(
        layer=args.layer,
        channels=args.channels,
        moves=moves,
        count=args.count or defaults.count,
        steps=args.steps or defaults.steps,
        seed=args.seed,
    )
    return boards_section(subject, _sample(args, subject), options, TqdmProgress())


def _activations(args: argparse.Namespace, subject: GoSubject) -> Section:
    moment, title = _moment(args, subject)
    return activations_section(subject, moment, title)


def _saliency(args: argparse.Namespace, subject: GoSubject) -> Section:
    moment, title = _moment(args, subject)
    move = parse_vertex(args.at, subject.size) if args.at else None
    if move is not None and move < 0:
        raise ConfigError("expected a point of the board for --at, got a pass")
    return saliency_section(subject, moment, move=move, chains=args.chains, title=title)


def _symmetries(args: argparse.Namespace, subject: GoSubject) -> Section:
    if args.file or args.move:
        moment, title = _moment(args, subject)
        return show_symmetries.position_section(subject, moment.board, moment.to_play, title)
    return show_symmetries.sample_section(subject, _sample(args, subject), TqdmProgress())


def _fool(args: argparse.Namespace, subject: GoSubject) -> Section:
    return fool_section(
        subject,
        _sample(args, subject),
        rounds=ROUNDS if args.rounds is None else args.rounds,
        seed=args.seed,
        progress=TqdmProgress(),
    )


_VIEWS: dict[str, Callable[[argparse.Namespace, GoSubject], Section]] = {
    "filters": _filters,
    "channels": _channels,
    "maximize": _maximize,
    "activations": _activations,
    "saliency": _saliency,
    "symmetries": _symmetries,
    "fool": _fool,
}
