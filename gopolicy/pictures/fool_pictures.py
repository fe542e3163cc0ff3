"""The view ``fool`` for pictures: noise that a network is sure of, and pictures in disguise.

A disguise is a small change that nobody would notice.  Every step moves each pixel a little in the
direction of the gradient and stays within a budget around the original (projected gradient ascent:
Madry et al. 2018); the budget grows until the network is sure of the wrong class.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gopolicy.draw.gallery import Section, Shown
from gopolicy.draw.raster import image_png
from gopolicy.draw.sheet import SheetRow, Tile, draw_sheet, in_rows
from gopolicy.pictures.maximize_pictures import Climb, maximize, output_layer
from gopolicy.pictures.picture_lens import PictureLens, as_picture
from gopolicy.pictures.picture_set import Pixels
from gopolicy.progress import SILENT, Progress

BUDGETS = (1, 2, 4, 8, 12, 16, 24, 32, 48, 64)
"""How far a pixel may move, of 255; tried in this order."""
STEPS = 30


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Disguise:
    """A picture changed so that it is taken for another class."""

    target: int
    """The class that the network is to see."""
    picture: Tensor
    """[C, H, W] from 0 to 1."""
    probability: float
    """Of the target."""
    budget: int
    """How far pixels were allowed to move, of 255."""
    fooled: bool
    """Whether the network is as sure as was asked for."""


def disguise(
    subject: PictureLens, picture: Tensor, targets: Sequence[int], sure: float = 0.5
) -> list[Disguise]:
    """Return the picture [1, C, H, W] disguised as each of the targets, all of them in one batch.

    With the smallest of `BUDGETS` at which the network gives the target at least the probability
    sure, or the largest where none does: then it is not fooled.
    """
    done: dict[int, Disguise] = {}
    for budget in BUDGETS:
        left = [target for target in targets if target not in done]
        if not left:
            break
        changed = _within(subject, picture, left, budget / 255)
        for row, target in enumerate(left):
            share = float(subject.probabilities(changed[row : row + 1])[0, target])
            if share >= sure or budget == BUDGETS[-1]:
                done[target] = Disguise(
                    target=target,
                    picture=changed[row],
                    probability=share,
                    budget=budget,
                    fooled=share >= sure,
                )
    return [done[target] for target in targets]


def _within(subject: PictureLens, picture: Tensor, targets: Sequence[int], reach: float) -> Tensor:
    """Return the picture moved toward each target, no pixel further than reach, [T, C, H, W]."""
    base = picture.expand(len(targets), -1, -1, -1)
    low, high = (base - reach).clamp(0, 1), (base + reach).clamp(0, 1)
    wanted = torch.tensor(list(targets), device=subject.device)
    x = base.clone().requires_grad_()
    for _ in range(STEPS):
        logits = torch.log_softmax(subject.network(x), 1)
        (slope,) = torch.autograd.grad(logits.gather(1, wanted[:, None]).sum(), x)
        moved = x.detach() + reach / 8 * torch.sign(slope)
        x = torch.minimum(torch.maximum(moved, low), high).requires_grad_()
    return x.detach()


SIDE = 112
SURE = 0.5
"""From this probability on the network is fooled by a disguise."""
MOST = 10
"""At most this many classes."""


def disguise_section(
    subject: PictureLens,
    picture: tuple[Pixels, str] | None = None,
    *,
    seed: int = 0,
    progress: Progress = SILENT,
) -> Section:
    """Return pictures that fool the network: from noise, and from a given picture [C, H, W]."""
    pictures, findings = _from_noise(subject, seed, progress)
    headline = {"noise taken for a class": f"{findings['least_probability']:.1%} sure or more"}
    shown = [pictures]
    if picture is not None:
        more, disguised = _in_disguise(subject, *picture)
        shown.append(more)
        findings["disguises"] = disguised
        smallest = min((each["budget"] for each in disguised if each["fooled"]), default=None)
        findings["smallest_change"] = smallest
        headline["smallest change"] = "not fooled" if smallest is None else f"{smallest} of 255"
    return Section(
        view="fool",
        title="Fooled: pictures that are not what the network is sure they are",
        text=(
            "Above, pictures made from noise until the network is sure of each class (Nguyen, "
            "Yosinski, Clune 2015). Below, if a picture was given, the same picture with the "
            "smallest change of its pixels that was found to pass it off as another class: the "
            f"network is at least {SURE:.0%} sure of it. Otherwise it says: not fooled."
        ),
        network=subject.name,
        headline=headline,
        findings=findings,
        pictures=shown,
    )


def _from_noise(
    subject: PictureLens, seed: int, progress: Progress
) -> tuple[Shown, dict[str, Any]]:
    labels = list(range(min(MOST, len(subject.classes))))
    found = maximize(subject, output_layer(subject), labels, Climb(seed=seed), progress)
    rows = subject.probabilities(found.pictures)
    shares = [float(rows[place, label]) for place, label in enumerate(labels)]
    tiles = [
        Tile(as_picture(x, SIDE), f"{subject.classes[label]}: {share:.2%}")
        for x, label, share in zip(found.pictures, labels, shares, strict=True)
    ]
    note = "Made by gradient ascent from noise, without any regularization; pixels from 0 to 1."
    title = f"{subject.name}: what it is sure these are"
    sheet = draw_sheet(title, in_rows(tiles, 5), note)
    noise = [
        {"class": subject.classes[label], "probability": share}
        for label, share in zip(labels, shares, strict=True)
    ]
    return Shown("noise", image_png(sheet), note), {
        "noise": noise,
        "least_probability": min(shares),
    }


def _in_disguise(
    subject: PictureLens, pixels: Pixels, name: str
) -> tuple[Shown, list[dict[str, Any]]]:
    x = subject.input_of(pixels[None])
    row = subject.probabilities(x)[0]
    order = [int(label) for label in (-row).argsort(kind="stable")]
    targets = order[1 : 1 + min(5, MOST)]
    found = disguise(subject, x, targets, SURE)
    seen = f"{name}: seen as {subject.classes[order[0]]}, {row[order[0]]:.1%}"
    rows = [
        SheetRow(
            [Tile(as_picture(x[0], SIDE), f"{subject.classes[order[0]]}: {row[order[0]]:.1%}")]
        )
    ]
    rows.append(SheetRow([_tile(subject, each) for each in found], "disguised as another class"))
    changes = [Tile(as_picture(_difference(x[0], each), SIDE), _change(each)) for each in found]
    rows.append(SheetRow(changes, "what was changed, enlarged: gray is nothing"))
    note = f"{seen}. No pixel of a disguise moved further than the budget below it."
    sheet = draw_sheet(f"{subject.name}: the same picture in disguise", rows, note)
    described = [
        {
            "class": subject.classes[each.target],
            "probability": each.probability,
            "budget": each.budget,
            "fooled": each.fooled,
            "mean_change": float((each.picture - x[0]).abs().mean()),
        }
        for each in found
    ]
    return Shown("disguises", image_png(sheet), note), described


def _tile(subject: PictureLens, each: Disguise) -> Tile:
    failed = "" if each.fooled else ", not fooled"
    caption = f"{subject.classes[each.target]}: {each.probability:.1%}{failed}"
    return Tile(as_picture(each.picture, SIDE), caption)


def _difference(x: torch.Tensor, each: Disguise) -> torch.Tensor:
    """Return what was changed, stretched around gray."""
    return 0.5 + 0.5 * (each.picture - x) * 255 / each.budget


def _change(each: Disguise) -> str:
    return f"at most {each.budget} of 255"
