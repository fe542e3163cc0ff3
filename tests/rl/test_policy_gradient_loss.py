"""The terms of the loss: against torch's distributions, and the gradient against its definition."""

from collections.abc import Callable

import pytest
import torch
from torch.distributions import Categorical, kl_divergence

from gopolicy.rl.policy_gradient_loss import (
    clipped_gain,
    divergence,
    entropy_of,
    masked_log_softmax,
)


def drawn_logits(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return logits and choices of a few rows, [6, 9]."""
    draw = torch.Generator().manual_seed(seed)
    choices_ba = torch.rand(6, 9, generator=draw) < 0.5
    choices_ba[:, 4] = True
    choices_ba[0] = False
    choices_ba[0, 4] = True  # nothing to choose
    return 3 * torch.randn(6, 9, generator=draw), choices_ba


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_probabilities_are_those_of_the_choices_alone(temperature: float) -> None:
    logits_ba, choices_ba = drawn_logits(1)
    logs_ba = masked_log_softmax(logits_ba, choices_ba, temperature)
    for logits_a, choices_a, logs_a in zip(logits_ba, choices_ba, logs_ba, strict=True):
        expected = Categorical(logits=logits_a[choices_a] / temperature)
        torch.testing.assert_close(logs_a[choices_a], expected.logits)
        assert torch.isneginf(logs_a[~choices_a]).all()
        torch.testing.assert_close(entropy_of(logs_a[None])[0], expected.entropy())  # type: ignore[no-untyped-call]


def test_divergence_is_that_of_kullback_and_leibler() -> None:
    logits_ba, choices_ba = drawn_logits(1)
    logs_ba = masked_log_softmax(logits_ba, choices_ba, 1.0)
    from_ba = masked_log_softmax(drawn_logits(2)[0], choices_ba, 1.0)
    for row in range(6):
        kept = choices_ba[row]
        mine, other = (Categorical(logits=each[row][kept]) for each in (logs_ba, from_ba))
        torch.testing.assert_close(
            divergence(logs_ba, from_ba)[row], kl_divergence(mine, other), atol=1e-6, rtol=1e-5
        )


@pytest.mark.parametrize("term", [entropy_of, lambda logs: divergence(logs, logs.detach() - 1e-3)])
def test_gradients_are_finite_where_nothing_could_be_played(
    term: Callable[[torch.Tensor], torch.Tensor],
) -> None:
    logits_ba, choices_ba = drawn_logits(3)
    logits_ba.requires_grad_()
    term(masked_log_softmax(logits_ba, choices_ba, 1.0)).sum().backward()  # type: ignore[no-untyped-call]
    assert logits_ba.grad is not None
    assert torch.isfinite(logits_ba.grad).all()
    assert (logits_ba.grad[~choices_ba] == 0).all()
    assert (logits_ba.grad[0] == 0).all()


def test_the_gradient_is_that_of_reinforce_and_ends_where_enough_has_changed() -> None:
    growth_b = torch.zeros(4, requires_grad=True)
    advantages_b = torch.tensor([1.0, -2.0, 0.5, 0.0])
    clipped_gain(growth_b, advantages_b, 0.2).backward()  # type: ignore[no-untyped-call]
    torch.testing.assert_close(growth_b.grad, advantages_b / 4)
    grown_b = torch.tensor([0.3, -0.3, 0.3, -0.3], requires_grad=True)
    advantages_b = torch.tensor([1.0, -1.0, -1.0, 1.0])
    clipped_gain(grown_b, advantages_b, 0.2).backward()  # type: ignore[no-untyped-call]
    assert grown_b.grad is not None
    assert grown_b.grad[:2].tolist() == [0.0, 0.0]
    torch.testing.assert_close(grown_b.grad[2:], (grown_b.detach().exp() * advantages_b)[2:] / 4)


def test_a_bad_move_that_has_become_very_probable_costs_no_more_than_a_bound() -> None:
    grown_b = torch.tensor([20.0], requires_grad=True)
    gain = clipped_gain(grown_b, torch.tensor([-0.5]), 0.2)
    gain.backward()  # type: ignore[no-untyped-call]
    assert gain.item() == -1.5
    assert grown_b.grad is not None
    assert grown_b.grad.item() == 0.0
    assert clipped_gain(grown_b, torch.tensor([-0.5]), 0.0).item() < -1e6
