"""Reinforcement learning: Go as a gymnasium environment, `gopolicy/Go-v0`.

Importing this package registers the environment, as gymnasium wants it::

    import gymnasium, gopolicy.rl

    env = gymnasium.make("gopolicy/Go-v0", size=9)
    many = gymnasium.make_vec("gopolicy/Go-v0", num_envs=256, size=9)

``gymnasium.make("gopolicy.rl:gopolicy/Go-v0")`` does both in one line.  `GoSettings` lists what can
be set, `GoEnv` and `GoVectorEnv` say what comes back.
"""

import importlib
from typing import TYPE_CHECKING, Any

import gymnasium

if TYPE_CHECKING:
    from gopolicy.rl.environment import GoEnv
    from gopolicy.rl.go_settings import GoSettings
    from gopolicy.rl.vector_environment import GoVectorEnv

_HOMES = {
    "GoEnv": "environment",
    "GoSettings": "go_settings",
    "GoVectorEnv": "vector_environment",
}
"""Where the public names come from; they are loaded when used, since help needs none of them."""

__all__ = ["GoEnv", "GoSettings", "GoVectorEnv"]

gymnasium.register(
    "gopolicy/Go-v0",
    entry_point="gopolicy.rl.environment:GoEnv",
    vector_entry_point="gopolicy.rl.vector_environment:GoVectorEnv",
)


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module 'gopolicy.rl' has no attribute {name!r}")
    return getattr(importlib.import_module(f"gopolicy.rl.{_HOMES[name]}"), name)
