"""The views of ``gopolicy visualize`` for networks that look at pictures; imports torch."""

import argparse
from collections.abc import Callable
from pathlib import Path

from torch import Tensor

from gopolicy.cli.image_options import load_picture_network
from gopolicy.cli.progress_bar import TqdmProgress
from gopolicy.draw.gallery import Section
from gopolicy.errors import ConfigError, WeightsError
from gopolicy.nets.devices import pick_device
from gopolicy.nets.weight_info import read_description, short_name
from gopolicy.pictures.class_folders import Fit, picture_sides, read_picture
from gopolicy.pictures.dream import DreamOptions, dream_section
from gopolicy.pictures.fool_pictures import disguise_section
from gopolicy.pictures.maximize_pictures import AscentOptions, ascent_section
from gopolicy.pictures.picture_lens import PictureLens
from gopolicy.pictures.picture_set import Pixels
from gopolicy.pictures.picture_views import (
    picture_activations,
    picture_filters_section,
    picture_saliency,
)
from gopolicy.pictures.picture_weights import find_image
from gopolicy.pictures.style import StyleOptions, style_section

_GO_OPTIONS = ("games", "positions", "moves", "move", "chains", "rounds")
"""What only networks that play Go have a use for."""


def is_for_pictures(args: argparse.Namespace) -> bool:
    """Return whether the weights, or else the view, are those of a network for pictures."""
    if args.network or args.view in ("dream", "style"):
        return True
    if not args.weights:
        return False
    try:
        return read_description(find_image(args.weights)).get("kind") == "image"
    except WeightsError:  # no folder with a description: a shipped name, or nothing at all
        return False


def picture_section(args: argparse.Namespace) -> Section:
    """Return the section that the arguments ask for; ConfigError for views of Go."""
    if args.view not in _VIEWS:
        raise ConfigError(f"the view {args.view} is for networks that play Go")
    for option in _GO_OPTIONS:
        value = getattr(args, option, None)
        if value is not None and value is not False:
            raise ConfigError(f"--{option} is for networks that play Go")
    if not args.weights:
        raise ConfigError(f"{args.view} needs --weights of a network for pictures; none is shipped")
    loaded = load_picture_network(args, include_top=args.view not in ("dream", "style"))
    subject = PictureLens(short_name(args.weights), loaded, pick_device(args.device))
    return _VIEWS[args.view](args, subject)


def _picture(subject: PictureLens, path: Path | None) -> tuple[Pixels, str]:
    """Return a picture [C, H, W] in the network's form, and its name."""
    if path is None:
        raise ConfigError("expected a picture to look at")
    shape = subject.shape
    return read_picture(path, Fit(shape.channels, shape.height, shape.width)), path.name


def _canvas(subject: PictureLens, path: Path, side: int) -> Tensor:
    """Return a picture [1, C, H, W] in its own proportions, no side longer than side."""
    height, width = picture_sides(path)
    factor = min(1.0, side / max(height, width))
    sides = max(1, round(height * factor)), max(1, round(width * factor))
    return subject.input_of(read_picture(path, Fit(subject.shape.channels, *sides))[None])


def _filters(args: argparse.Namespace, subject: PictureLens) -> Section:
    return picture_filters_section(subject, top=args.top)


def _maximize(args: argparse.Namespace, subject: PictureLens) -> Section:
    defaults = AscentOptions()
    options = AscentOptions(
        layers=[args.layer] if args.layer else [],
        units=args.channels,
        count=args.count or defaults.count,
        l1=defaults.l1 if args.l1 is None else args.l1,
        steps=args.steps or defaults.steps,
        seed=args.seed,
        names=args.classes or [],
    )
    return ascent_section(subject, options, TqdmProgress())


def _activations(args: argparse.Namespace, subject: PictureLens) -> Section:
    return picture_activations(subject, *_picture(subject, args.file))


def _saliency(args: argparse.Namespace, subject: PictureLens) -> Section:
    return picture_saliency(subject, *_picture(subject, args.file), args.at)


def _fool(args: argparse.Namespace, subject: PictureLens) -> Section:
    picture = _picture(subject, args.picture) if args.picture else None
    return disguise_section(subject, picture, seed=args.seed, progress=TqdmProgress())


def _dream(args: argparse.Namespace, subject: PictureLens) -> Section:
    options = DreamOptions(octaves=args.octaves, steps=args.steps, seed=args.seed)
    picture = _canvas(subject, args.file, args.side)
    name, layer = args.file.name, args.layer or ""
    return dream_section(subject, picture, name, layer, options, TqdmProgress())


def _style(args: argparse.Namespace, subject: PictureLens) -> Section:
    options = StyleOptions(
        content_layer=args.content_layer or "",
        style_layers=args.style_layers,
        strength=args.strength,
        steps=args.steps,
    )
    content = _canvas(subject, args.file, args.side), args.file.name
    style = _canvas(subject, args.style, args.side), args.style.name
    return style_section(subject, content, style, options, TqdmProgress())


_VIEWS: dict[str, Callable[[argparse.Namespace, PictureLens], Section]] = {
    "filters": _filters,
    "maximize": _maximize,
    "activations": _activations,
    "saliency": _saliency,
    "fool": _fool,
    "dream": _dream,
    "style": _style,
}
