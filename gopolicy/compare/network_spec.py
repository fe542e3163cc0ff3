"""What takes part in a comparison, and one training of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from gopolicy.settings import Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSpec:
    """A network of a certain size."""

    title: str
    """What people read, unique within a group."""
    network: str
    settings: Mapping[str, Setting] = field(default_factory=dict)
    """Its settings; those left out keep their defaults."""

    @property
    def slug(self) -> str:
        """A name for files; networks that would train alike share it."""
        parts = [self.network, *(f"{key}-{self.settings[key]}" for key in sorted(self.settings))]
        return re.sub(r"[^\w.-]", "-", "_".join(parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One training of a network."""

    spec: NetworkSpec
    lr: float
    """The learning rate at its highest."""
    seed: int
    """Decides the first weights and the order of examples."""
    examples: int
    """Positions or pictures to train on in all."""
    final: bool
    """Measured in full and kept; otherwise it only tries a learning rate."""

    @property
    def folder(self) -> str:
        """Where it is kept, below the folder of all runs."""
        kind = f"seed-{self.seed}" if self.final else f"rate-{self.lr:g}"
        return f"{self.spec.slug}/{kind}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Networks that answer one question together."""

    key: str
    """A name for files."""
    title: str
    question: str
    """What is asked, in a sentence or two."""
    specs: tuple[NetworkSpec, ...]
    reference: str
    """The title of the network that the others are compared with."""
    matched: str = ""
    """What is about equal in all: parameters, multiply_adds, or nothing."""
    in_steps: bool = False
    """Whether each network is compared with the one before, not with the reference."""
