"""The outcome head: symmetry, the distribution of the score, and its place in a weight folder."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from gopolicy.errors import ConfigError, WeightsError
from gopolicy.nets.equivariance import share_statistics, tie
from gopolicy.nets.network import PolicyNetwork
from gopolicy.nets.outcome_head import (
    OutcomeHead,
    OutcomeLogits,
    OutcomeSettings,
    build_outcome,
    fold_outcome,
    log_share_above,
    outcome_loss,
    score_distribution,
    score_log_likelihood,
    tie_outcome,
    trunk_of,
)
from gopolicy.nets.registry import build_network
from gopolicy.nets.weights import describe_network, load_weights, save_weights

SIZE = 7
POINTS = SIZE * SIZE


def network(name: str = "alphago-res") -> PolicyNetwork:
    torch.manual_seed(3)
    made = build_network(name, planes=4, size=SIZE, filters=16, layers=4)
    return made.eval()


def colors(count: int) -> torch.Tensor:
    """Black to move, White, Black ..."""
    return 1 - 2 * (torch.arange(count) % 2)


def trained_head(
    inputs: int = 16, *, tied: bool = False, color: bool = True, features: int = 24
) -> OutcomeHead:
    """Return a head as training leaves one, its weights and statistics no longer fresh."""
    torch.manual_seed(5)
    head = OutcomeHead(
        inputs,
        OutcomeSettings(channels=16, components=3, color=color and features > 0, features=features),
    )
    torch.nn.init.normal_(head.score.conv.weight, std=0.3)
    if tied:
        tie_outcome(head)
    for _ in range(3):
        head.train()(torch.rand(8, inputs, SIZE, SIZE) * 3, colors(8))
    share_statistics(head)
    return head.eval()


def some_outcome(count: int = 5, components: int = 3) -> OutcomeLogits:
    torch.manual_seed(7)
    return OutcomeLogits(
        torch.randn(count, POINTS),
        torch.log_softmax(torch.randn(count, components), 1),
        10 * torch.randn(count, components),
        0.5 + 8 * torch.rand(count, components),
    )


@pytest.mark.parametrize("features", [0, 24])
def test_ownership_turns_with_the_board_and_the_score_does_not(features: int) -> None:
    policy = network()
    tie(policy)
    head, trunk = trained_head(tied=True, features=features), trunk_of(policy)
    x = torch.rand(2, 4, SIZE, SIZE)
    for quarter in range(4):
        for mirrored in (False, True):
            turned = (x.flip(3) if mirrored else x).rot90(quarter, (2, 3))
            before, after = head(trunk(x), colors(2)), head(trunk(turned), colors(2))
            board = before.ownership.view(2, SIZE, SIZE)
            board = (board.flip(2) if mirrored else board).rot90(quarter, (1, 2))
            torch.testing.assert_close(after.ownership.view(2, SIZE, SIZE), board)
            for mine, theirs in zip(before[1:], after[1:], strict=True):
                torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("features", [0, 24])
@pytest.mark.parametrize("tied", [False, True])
def test_a_folded_head_says_the_same(tied: bool, features: int) -> None:
    head = trained_head(tied=tied, features=features)
    x = torch.rand(3, 16, SIZE, SIZE)
    for mine, theirs in zip(head(x, colors(3)), fold_outcome(head)(x, colors(3)), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-4)


def test_the_color_to_move_changes_the_score_where_a_head_is_told_it() -> None:
    x = torch.rand(4, 16, SIZE, SIZE)
    black, white = torch.ones(4), -torch.ones(4)
    told, untold = trained_head(), trained_head(color=False, features=0)
    torch.testing.assert_close(told(x, black).ownership, told(x, white).ownership)
    assert (told(x, black).centers - told(x, white).centers).abs().min() > 1e-3
    for mine, theirs in zip(untold(x, black), untold(x, white), strict=True):
        assert torch.equal(mine, theirs)


def test_the_color_to_move_needs_features() -> None:
    with pytest.raises(ConfigError, match="expected features where the color"):
        OutcomeSettings(color=True)


def test_the_distribution_of_the_score_is_what_its_parts_say() -> None:
    outcome = some_outcome()
    shares = score_distribution(outcome, POINTS)
    assert shares.shape == (5, 2 * POINTS + 1)
    torch.testing.assert_close(shares.sum(1), torch.ones(5))
    for score in (-POINTS + 1, -3, 0, 8):  # the ends take all that is beyond them
        told = score_log_likelihood(outcome, torch.full((5,), score)).exp()
        torch.testing.assert_close(told, shares[:, score + POINTS], rtol=1e-3, atol=1e-6)
    above = shares[:, POINTS + 8 :].sum(1)  # more than 7.5
    komi = torch.full((5,), 7.5)
    torch.testing.assert_close(log_share_above(outcome, komi, torch.ones(5)).exp(), above)
    torch.testing.assert_close(log_share_above(outcome, komi, -torch.ones(5)).exp(), 1 - above)


def test_a_draw_counts_as_half() -> None:
    outcome = OutcomeLogits(
        torch.zeros(1, POINTS), torch.zeros(1, 1), torch.zeros(1, 1), torch.full((1, 1), 3.0)
    )
    shares = score_distribution(outcome, POINTS)[0]
    won = shares[POINTS + 1 :].sum() + shares[POINTS] / 2
    assert won.item() == pytest.approx(0.5)
    found = log_share_above(outcome, torch.zeros(1), torch.ones(1)).exp()
    assert found.item() == pytest.approx(0.5)


def test_far_scores_have_finite_likelihoods_and_gradients() -> None:
    outcome = some_outcome()
    centers = outcome.centers.clone().requires_grad_()
    far = outcome._replace(centers=centers, scales=torch.full_like(outcome.scales, 0.2))
    loss = -score_log_likelihood(far, torch.full((5,), 361.0)).sum()
    torch.autograd.backward(loss)
    assert math.isfinite(loss.item())
    assert torch.isfinite(centers.grad).all()  # type: ignore[arg-type]


def test_the_loss_is_that_of_the_positions_that_are_known() -> None:
    outcome = some_outcome()
    owners = torch.randint(-1, 2, (5, POINTS))
    scores = torch.tensor([3.0, -2.0, 9.0, 0.0, 50.0])
    known = torch.tensor([True, False, True, False, False])
    ownership, score = outcome_loss(outcome, owners, scores, known)
    by_hand = 0.0
    for b in (0, 2):
        shares = torch.sigmoid(outcome.ownership[b]).tolist()
        for share, owner in zip(shares, owners[b].tolist(), strict=True):
            mine = (owner + 1) / 2
            by_hand -= mine * math.log(share) + (1 - mine) * math.log(1 - share)
    assert ownership.item() == pytest.approx(by_hand / 2 / POINTS, rel=1e-4)
    told = score_log_likelihood(outcome, scores)
    assert score.item() == pytest.approx(-(told[0] + told[2]).item() / 2)
    nothing = outcome_loss(outcome, owners, scores, torch.zeros(5, dtype=torch.bool))
    assert [part.item() for part in nothing] == [0.0, 0.0]


def test_a_weight_folder_keeps_both_and_the_moves_stay(tmp_path: Path) -> None:
    policy, head = network(), fold_outcome(trained_head())
    info = save_weights(tmp_path / "w", policy, describe_network(policy, "alphago4"), head)
    kept = {"channels": 16, "pairs": 1, "components": 3, "normalization": "none"}
    assert info.outcome == kept | {"color": True, "features": 24, "hidden": 64}
    loaded = load_weights(tmp_path / "w")
    assert loaded.outcome is not None
    x = torch.rand(2, 4, SIZE, SIZE)
    assert torch.equal(loaded.network(x), policy(x))
    known = trunk_of(policy)(x)
    for mine, theirs in zip(head(known, colors(2)), loaded.outcome(known, colors(2)), strict=True):
        assert torch.equal(mine, theirs)


def test_a_head_of_the_first_kind_is_read(tmp_path: Path) -> None:
    policy, head = network(), fold_outcome(trained_head(color=False, features=0))
    save_weights(tmp_path / "w", policy, describe_network(policy, "alphago4"), head)
    description = json.loads((tmp_path / "w" / "model.json").read_text())
    for name in ("color", "features", "hidden"):
        del description["outcome"][name]
    (tmp_path / "w" / "model.json").write_text(json.dumps(description))
    loaded = load_weights(tmp_path / "w")
    assert loaded.outcome is not None
    known = trunk_of(policy)(torch.rand(2, 4, SIZE, SIZE))
    for mine, theirs in zip(head(known, colors(2)), loaded.outcome(known, colors(2)), strict=True):
        assert torch.equal(mine, theirs)


def test_damaged_descriptions_of_a_head_are_refused(tmp_path: Path) -> None:
    policy, head = network(), fold_outcome(trained_head())
    info = save_weights(tmp_path / "w", policy, describe_network(policy, "alphago4"), head)
    text = (tmp_path / "w" / "model.json").read_text()
    for wrong, message in (
        ('"channels": 12', "multiple of 8"),
        ('"channels": "x"', "int"),
        ('"channels": 24', "shape"),
        ('"chanels": 16', "chanels"),
    ):
        (tmp_path / "w" / "model.json").write_text(text.replace('"channels": 16', wrong))
        with pytest.raises(WeightsError, match=message):
            load_weights(tmp_path / "w")
    assert replace(info).outcome  # the description itself was fine


def test_only_networks_with_a_trunk_have_outcomes() -> None:
    with pytest.raises(ConfigError, match="alphago-res"):
        build_outcome(network("alphago"), {})
