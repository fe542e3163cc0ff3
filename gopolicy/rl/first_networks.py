"""The networks that a run of policy gradient begins with."""

import copy

import torch

from gopolicy.errors import ConfigError
from gopolicy.features.planes import plane_set
from gopolicy.nets.equivariance import keeps_when_tied, tie
from gopolicy.nets.network import PolicyNetwork
from gopolicy.nets.registry import build_network
from gopolicy.nets.weights import load_weights
from gopolicy.policy.load import load
from gopolicy.policy.other_sizes import at_size
from gopolicy.policy.policy import Policy
from gopolicy.rl.reinforce_config import ReinforceConfig
from gopolicy.training.run_folder import UNTIED

_SOFT = 0.1
"""What the last kernel of a random network is multiplied by."""


def first_policy(config: ReinforceConfig, *, goes_on: bool = False) -> PolicyNetwork:
    """Return the network that a run begins with: that of the weights, or a random one.

    goes_on: only the shape matters, since a checkpoint has the rest; weights are not looked for.
    """
    learning = config.learning
    if learning.start and not goes_on:
        network = at_size(load_weights(learning.start).network, config.size)
        if learning.equivariant and not keeps_when_tied(network):
            raise ConfigError(UNTIED.format(learning.start))
    else:
        planes = plane_set(learning.planes).count
        settings = learning.settings
        network = build_network(learning.network, planes=planes, size=config.size, **settings)
        _soften(network)
    if learning.equivariant:
        tie(network)
    return network


@torch.no_grad()
def _soften(network: PolicyNetwork) -> None:
    """Make the moves of random weights about equally probable, in place."""
    for parameter in network.get_submodule("head").parameters():
        parameter.mul_(_SOFT)


@torch.no_grad()
def first_critic(config: ReinforceConfig, network: PolicyNetwork) -> PolicyNetwork | None:
    """Return a network that says whose every point will be, or None where none is wanted.

    It begins as a copy of the policy whose head knows nothing.
    """
    if config.baseline != "ownership":
        return None
    critic = copy.deepcopy(network)
    head = critic.get_submodule("head")
    for parameter in [*head.parameters(), *critic.get_submodule("position_bias").parameters()]:
        parameter.zero_()
    return critic


def judge_of(config: ReinforceConfig, device: str) -> Policy | None:
    """Return the network that says who is ahead after candidates, or None without candidates.

    `ConfigError` for one that has learned moves alone.
    """
    if not config.candidates:
        return None
    precision = config.learning.precision
    judge = load(
        config.judge, device=device, precision=precision, backend="torch", size=config.size
    )
    if not judge.info.outcome:
        raise ConfigError(f"the judge {config.judge} has not learned who wins; see its card")
    return judge
