"""Fit what an outcome head says of scores and winners again, with many openings of even games.

    python tools/fit_scores.py WEIGHTS --counted counted --store store --out fitted

Only the last layers learn, behind the means and maxima over the board, so moves and owners of
points stay bit for bit, and every position is looked at once and then learned from many times.  Two
parts of three are drawn evenly from the training games of both stores, half from each; the last
third are openings of even games and of handicap games.  In openings without handicap stones winner
and score are learned only if the game is even, for a stronger White without komi sits at the same
positions as an equal one.
"""

import argparse
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from gopolicy.data.loader import encode_draw
from gopolicy.data.outcome_targets import outcome_targets
from gopolicy.data.sampling import Draw
from gopolicy.data.selection import GameSelection
from gopolicy.data.store import open_store
from gopolicy.data.table import GameTable
from gopolicy.errors import GoPolicyError
from gopolicy.features.encode import Encoder
from gopolicy.nets.outcome_head import (
    OutcomeHead,
    log_share_above,
    score_log_likelihood,
    tie_outcome,
    trunk_of,
)
from gopolicy.nets.weights import LoadedNetwork, load_weights, save_weights

FIRST, OPENING = 9, 41
"""Moves of the first positions and of an opening."""
UNEVEN_UNTIL = 30
"""Moves of uneven games that nothing is learned from."""
FULL_KOMI = 5
BATCH, EPOCHS, RATE, SCORE_WEIGHT, OPENING_WEIGHT = 256, 20, 0.003, 0.03, 1.5


class Known(NamedTuple):
    """What is known of P positions, for the player to move; C channels of the head."""

    means: Tensor
    """[P, C] over the board."""
    maxima: Tensor
    """[P, C] over the board."""
    color: Tensor
    """[P] 1 where Black is to move, -1 where White is."""
    owned: Tensor
    """[P] points by the head's owners."""
    komi: Tensor
    """[P] what the player has to be ahead by."""
    won: Tensor
    """[P] 1 or -1; 0 where nothing is to be learned."""
    scores: Tensor
    """[P] area before komi."""
    counted: Tensor
    """[P] whether the score is to be learned."""


def uneven_games(table: GameTable, games: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which games have no handicap stones, and yet no full komi or unequal players."""
    equal = table.black_rank[games] == table.white_rank[games]
    even = (table.komi[games] >= FULL_KOMI) & equal
    return np.asarray((table.handicap[games] < 2) & ~even)


def any_positions(part: GameSelection, count: int, dice: np.random.Generator) -> NDArray[np.int64]:
    """Return the ids of count positions of games."""
    return part.position_ids(dice.choice(part.positions, count, replace=False))


def opening_positions(
    part: GameSelection, count: int, dice: np.random.Generator
) -> NDArray[np.int64]:
    """Return ids of count positions in openings of even and handicap games, many of the first."""
    table, games = part.table, part.games
    games = games[~uneven_games(table, games)]
    drawn = dice.choice(games, count, replace=count > len(games))
    is_first = dice.random(count) < 0.4
    at = np.where(is_first, dice.integers(0, FIRST, count), dice.integers(0, OPENING, count))
    last = table.position_offsets[drawn + 1] - 1
    return np.asarray(np.minimum(table.position_offsets[drawn] + at, last), np.int64)


def look(loaded: LoadedNetwork, table: GameTable, ids: NDArray[np.int64]) -> Known:
    """Run trunk and head over positions."""
    head, trunk = head_of(loaded), trunk_of(loaded.network)
    encoder = Encoder(loaded.info.plane_set, table.size)
    found = []
    for first in tqdm(range(0, len(ids), BATCH // 2), unit="batches", dynamic_ncols=True):
        part = ids[first : first + BATCH // 2]
        draw = Draw(part, np.zeros(len(part), np.int8), np.zeros(len(part), np.bool_))
        planes = torch.from_numpy(encode_draw(table, encoder, draw).planes).bfloat16()
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            x = trunk(planes.contiguous(memory_format=torch.channels_last))
            x = head.whole(head.stack(head.enter(x)))
            owned = torch.tanh(head.ownership(x).flatten(1).float() / 2).sum(1)
            wide = head.widen(x) if head.widen else x
            pooled = [each(wide).flatten(1).float() for each in (head.mean, head.maximum)]
        targets, located = outcome_targets(table, draw), table.locate(part)
        hidden = (located.indices < UNEVEN_UNTIL) & uneven_games(table, located.games)
        counted = np.asarray(targets.counted, np.bool_) & ~hidden
        found.append(
            Known(
                means=pooled[0],
                maxima=pooled[1],
                color=torch.from_numpy(targets.color),
                owned=owned,
                komi=torch.from_numpy(targets.komi),
                won=torch.from_numpy(np.where(hidden, 0, targets.won)),
                scores=torch.from_numpy(targets.scores),
                counted=torch.from_numpy(counted),
            )
        )
    return Known(*map(torch.cat, zip(*found, strict=True)))


def fit(head: OutcomeHead, known: Known, weights: Tensor, epochs: int = EPOCHS) -> None:
    """Fit the last layers of a tied head to positions with weights [P], in place."""
    torch.manual_seed(0)
    head.requires_grad_(False)
    tie_outcome(head)
    last = [p for part in last_layers(head) for p in part.parameters()]
    for parameter in last:
        parameter.requires_grad_(True)
    optimizer = torch.optim.AdamW(last, lr=RATE, weight_decay=0.0)
    steps = epochs * (len(weights) // BATCH)
    plan = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: 0.5 * (1 + math.cos(math.pi * step / max(steps, 1)))
    )
    for _ in range(epochs):
        order = torch.randperm(len(weights))
        for first in range(0, len(order) - BATCH + 1, BATCH):
            rows = order[first : first + BATCH]
            optimizer.zero_grad()
            loss_of(head, Known(*(each[rows] for each in known)), weights[rows]).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            plan.step()


def loss_of(head: OutcomeHead, known: Known, weights: Tensor) -> Tensor:
    """Return the weighed mean of the logarithms of winners and, a little, of scores."""
    pooled = (each[:, :, None, None] for each in (known.means, known.maxima))
    hidden = head.sum(head.from_mean(next(pooled)), head.from_maximum(next(pooled)))
    hidden = head.colored(hidden, known.color)
    said = head.outcome(torch.empty(0), known.owned[:, None], head.score(F.relu(hidden)))
    results = log_share_above(said, known.komi, known.won.float())
    scores = score_log_likelihood(said, known.scores)
    has_won, counted = weights * (known.won != 0), weights * known.counted
    return -(results * has_won).sum() / has_won.sum().clamp(min=1) - SCORE_WEIGHT * (
        scores * counted
    ).sum() / counted.sum().clamp(min=1)


def last_layers(head: OutcomeHead) -> list[torch.nn.Module]:
    """Return the layers behind the means and maxima over the board."""
    told = [head.from_color.conv] if head.from_color else []
    return [head.from_mean.conv, head.from_maximum.conv, *told, head.score.conv]


def head_of(loaded: LoadedNetwork) -> OutcomeHead:
    """Return the outcome head of a network that has one."""
    if loaded.outcome is None:
        raise SystemExit(f"{loaded.name} says nothing of how games end")
    return loaded.outcome


def main() -> None:
    """Run the tool."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights")
    parser.add_argument("--counted", type=Path, required=True, help="of tools/count_finished.py")
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--positions", type=int, default=30_000)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    loaded = load_weights(args.weights)
    parts = [open_store(path).training for path in (args.counted, args.store)]
    third = args.positions // 3
    dice, others = np.random.default_rng(3), np.random.default_rng(2)
    drawn = [(part.table, any_positions(part, third, dice)) for part in parts]
    for part, count in zip(parts, (third // 4, third - third // 4), strict=True):
        drawn.append((part.table, opening_positions(part, count, others)))
    seen = [look(loaded, table, ids) for table, ids in drawn]
    weights = [torch.full((len(ids),), 1.0) for _, ids in drawn[:2]]
    weights += [torch.full((len(ids),), OPENING_WEIGHT) for _, ids in drawn[2:]]
    learned = head_of(load_weights(args.weights))
    fit(learned, Known(*map(torch.cat, zip(*seen, strict=True))), torch.cat(weights))
    with torch.no_grad():
        for old, new in zip(last_layers(head_of(loaded)), last_layers(learned), strict=True):
            for name in ("weight", "bias"):
                if getattr(old, name) is not None:
                    getattr(old, name).copy_(getattr(new, name))
    save_weights(args.out, loaded.network, loaded.info, loaded.outcome)
    print(f"{sum(map(len, weights)):,} positions; {args.out}")


if __name__ == "__main__":
    try:
        main()
    except GoPolicyError as error:
        raise SystemExit(f"fit_scores: {error}") from None
