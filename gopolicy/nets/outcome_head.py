"""How a game will end, seen by a network: whose every point will be, and the score.

`OutcomeHead` is a second head on the trunk of an `alphago-res` network; the moves' own layers stay
as they are.  Everything is from the side of the player to move, counted by area before komi, so one
answer serves every komi.  A head may be told which color that player has, for planes leave it out,
and the same stones are worth some seven points more where White is to move: Black has had a move
more, and has to be ahead by the komi to be even.

The score is a mixture of logistic distributions over whole numbers (as Salimans et al. 2017,
PixelCNN++, have it for pixels), whose centers are what the ownership adds up to and a learned
difference.  B batch, A = N * N points, K components of the mixture.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrize

from gopolicy.errors import ConfigError
from gopolicy.nets.equivariance import RepeatedChannels, is_tied, tie_hidden
from gopolicy.nets.folding import folded_state
from gopolicy.nets.layers import Add, BoardMaximum, BoardMean, ConvBlock, ConvOptions, GlobalBias
from gopolicy.nets.network import LayerList
from gopolicy.nets.network_settings import completed, keyword_defaults
from gopolicy.nets.norm import NormOptions
from gopolicy.settings import Setting

HEADS = ("whole", "head")
"""What the layers of the moves may begin with; what comes before them is the trunk."""
_POINTS = 20.0
"""Points of score that one unit of a learned difference stands for."""
_LEAST_SCALE, _MOST_SCALE = 0.2, 15.0
"""Wider ones let winners be learned at the cost of the score: all scores alike probable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeSettings:
    """The settings of an outcome head."""

    channels: int = 32
    """Channels of its convolutions; a multiple of 8."""
    pairs: int = 1
    """Pairs of 3x3 convolutions on top of the trunk."""
    components: int = 4
    """Logistic distributions that make up that of the score."""
    normalization: str = "batch"
    """none or batch; folded away after training."""
    color: bool = False
    """Whether it is told which color is to move; where there are features."""
    features: int = 0
    """What is known of the whole board: numbers whose mean and maximum over it tell the score.

    A multiple of 8; 0 takes the channels.  Tied, eight of them have the same mean and maximum, so
    only an eighth are different: 64 channels would leave 8 numbers.
    """
    hidden: int = 64
    """Numbers between features and score, where there are features."""

    def __post_init__(self) -> None:
        numbers = (self.channels, self.pairs, self.components)
        if self.channels % 8 or not 8 <= self.channels <= 1024:
            raise ConfigError(f"expected outcome channels of a multiple of 8, got {self.channels}")
        if self.features % 8 or not 0 <= self.features <= 8192:
            raise ConfigError(f"expected features of a multiple of 8, got {self.features}")
        if self.color and not self.features:
            raise ConfigError("expected features where the color to move is told, got none")
        if not 1 <= self.hidden <= 8192:
            raise ConfigError(f"expected 1 to 8192 hidden numbers, got {self.hidden}")
        if not 0 <= self.pairs <= 100 or not 1 <= self.components <= 100:
            raise ConfigError(f"expected 0 to 100 pairs and 1 to 100 components, got {numbers}")
        if self.normalization not in ("none", "batch"):
            raise ConfigError(f"expected normalization none or batch, got {self.normalization!r}")


class OutcomeLogits(NamedTuple):
    """What an outcome head says of B positions, for the player to move."""

    ownership: Tensor
    """[B, A] logits that a point will be the player's and not the opponent's."""
    weights: Tensor
    """[B, K] logarithms of the shares of the components."""
    centers: Tensor
    """[B, K] in points."""
    scales: Tensor
    """[B, K] in points."""


class OutcomeHead(nn.Module):
    """Maps what a trunk knows, [B, C, N, N], to `OutcomeLogits`."""

    def __init__(self, inputs: int, settings: OutcomeSettings) -> None:
        super().__init__()
        self.settings = settings
        norm = NormOptions() if settings.normalization == "batch" else None
        hidden = ConvOptions(norm=norm)
        bare = ConvOptions(bias=False, activation="none")
        channels = settings.channels
        self.enter = ConvBlock(inputs, channels, 1, hidden)
        stack = [ConvBlock(channels, channels, 3, hidden) for _ in range(2 * settings.pairs)]
        self.stack = nn.Sequential(*stack)
        self.whole = GlobalBias(channels, channels, hidden)
        self.ownership = ConvBlock(channels, 1, 1, bare)
        self.mean, self.maximum, self.sum = BoardMean(), BoardMaximum(), Add()
        features = settings.features
        self.widen = ConvBlock(channels, features, 1, hidden) if features else None
        known, inner = (features, settings.hidden) if features else (channels, channels)
        self.from_mean = ConvBlock(known, inner, 1, bare)
        self.from_maximum = ConvBlock(known, inner, 1, bare)
        self.from_color = ConvBlock(1, inner, 1, bare) if settings.color else None
        self.score = ConvBlock(inner, 3 * settings.components, 1, ConvOptions(activation="none"))
        nn.init.zeros_(self.score.conv.weight)

    def forward(self, trunk: Tensor, color: Tensor) -> OutcomeLogits:
        """Map the trunk's output [B, C, N, N]; the answer is float32.

        color [B] is 1 where Black is to move and -1 where White is.
        """
        x = self.whole(self.stack(self.enter(trunk)))
        ownership = self.ownership(x).flatten(1).float()
        wide = x if self.widen is None else self.widen(x)
        pooled = self.sum(self.from_mean(self.mean(wide)), self.from_maximum(self.maximum(wide)))
        owned = torch.tanh(ownership.detach() / 2).sum(1, keepdim=True)
        return self.outcome(ownership, owned, self.score(F.relu(self.colored(pooled, color))))

    def colored(self, pooled: Tensor, color: Tensor) -> Tensor:
        """Add what the color to move [B] says to what is known of the board [B, C, 1, 1]."""
        if self.from_color is None:
            return pooled
        return self.sum(pooled, self.from_color(color.to(pooled.dtype).view(-1, 1, 1, 1)))  # type: ignore[no-any-return]

    def outcome(self, ownership: Tensor, owned: Tensor, raw: Tensor) -> OutcomeLogits:
        """Return what the numbers of the last layer [B, 3 * K, 1, 1] mean.

        owned [B, 1] is what the ownership [B, A] adds up to.
        """
        raw = raw.flatten(1).float()
        weights, shifts, scales = raw.view(len(raw), 3, -1).unbind(1)
        spread = torch.linspace(-0.5, 0.5, self.settings.components, device=raw.device)
        return OutcomeLogits(
            ownership,
            torch.log_softmax(weights, 1),
            owned + _POINTS * (shifts + spread),
            (_POINTS / 2 * torch.exp(scales)).clamp(_LEAST_SCALE, _MOST_SCALE),
        )


def build_outcome(network: LayerList, settings: Mapping[str, Setting]) -> OutcomeHead:
    """Return a fresh outcome head for a network; ConfigError for one that cannot have it."""
    trunk_of(network)
    defaults = keyword_defaults(OutcomeSettings)
    chosen = OutcomeSettings(**completed("outcome", defaults, settings))  # type: ignore[arg-type]
    return OutcomeHead(int(cast(int, network.settings["filters"])), chosen)


def fold_outcome(head: OutcomeHead) -> OutcomeHead:
    """Return the same function without ties and normalizations; for a head done training."""
    if head.settings.normalization == "none" and not is_tied(head):
        return head
    inputs = head.enter.conv.in_channels
    with torch.device("meta"):  # shapes only
        plain = OutcomeHead(inputs, replace(head.settings, normalization="none"))
    plain.load_state_dict(folded_state(head), assign=True)
    return plain.eval()


def trunk_of(network: LayerList) -> nn.Sequential:
    """Return the layers of an `alphago-res` network that come before those of the moves."""
    return trunk_and_moves(network)[0]


def trunk_and_moves(network: LayerList) -> tuple[nn.Sequential, nn.Sequential]:
    """Return the trunk of an `alphago-res` network, and the layers of the moves behind it."""
    if network.name != "alphago-res":
        raise ConfigError(
            f"only networks of the kind alphago-res know outcomes, not {network.name}"
        )
    trunk, moves = nn.Sequential(), nn.Sequential()
    for name, layer in network.named_children():
        (moves if moves or name in HEADS else trunk).add_module(name, layer)
    return trunk, moves


def tie_outcome(head: OutcomeHead) -> None:
    """Tie the kernels of a head, in place: ownership turns with the board, the score does not.

    The trunk's channels must come in families of eight images, as those of a tied network do.
    """
    alike = [head.from_mean, head.from_maximum] if head.widen else [head.score]
    free = [head.score, head.from_color] if head.widen else []
    for name, block in list(head.named_modules()):
        if not isinstance(block, ConvBlock) or block in free:
            continue
        if block in alike:  # its inputs are the same for all images of a channel
            parametrize.register_parametrization(block.conv, "weight", RepeatedChannels(1))
        else:
            tie_hidden(name, block)


def score_log_likelihood(outcome: OutcomeLogits, scores_b: Tensor) -> Tensor:
    """Return [B] the logarithm of the probability of exactly these whole scores [B]."""
    z = (scores_b.float()[:, None] - outcome.centers) / outcome.scales
    half = 0.5 / outcome.scales
    inside = F.logsigmoid(z + half) + F.logsigmoid(half - z) + torch.log(-torch.expm1(-2 * half))
    return torch.logsumexp(outcome.weights + inside, 1)


def log_share_above(outcome: OutcomeLogits, komi_b: Tensor, sign_b: Tensor) -> Tensor:
    """Return [B] the logarithm of the probability that sign * (score - komi) > 0.

    komi [B] is what the player to move gives (Black) or gets (White, as a negative number); a whole
    number counts a draw as half.  sign [B] is 1 for winning and -1 for losing.
    """
    z = (outcome.centers - komi_b[:, None]) / outcome.scales
    return torch.logsumexp(outcome.weights + F.logsigmoid(sign_b[:, None] * z), 1)


def score_distribution(outcome: OutcomeLogits, points: int) -> Tensor:
    """Return [B, 2 * points + 1] the probability of every score from -points to points."""
    edges = torch.arange(-points, points, device=outcome.centers.device) + 0.5
    below = torch.sigmoid((edges[:, None] - outcome.centers[:, None]) / outcome.scales[:, None])
    below = (outcome.weights.exp()[:, None] * below).sum(2)
    ends = F.pad(F.pad(below, (1, 0), value=0.0), (0, 1), value=1.0)
    return ends.diff(dim=1)


def outcome_loss(
    outcome: OutcomeLogits, ownership_ba: Tensor, scores_b: Tensor, known_b: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the mean losses of ownership and score over the positions whose outcome is known.

    ownership_ba: 1, -1 or 0 for the player's, the opponent's or nobody's points; scores_b: whole.
    """
    share_ba = (ownership_ba.float() + 1) / 2
    each_ba = F.binary_cross_entropy_with_logits(outcome.ownership, share_ba, reduction="none")
    known = known_b.float()
    count = known.sum().clamp(min=1.0)
    ownership = (each_ba.mean(1) * known).sum() / count
    score = -(score_log_likelihood(outcome, scores_b) * known).sum() / count
    return ownership, score
