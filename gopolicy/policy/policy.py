"""The one way from positions to move probabilities.

Evaluation, the command line, engines and pictures all ask a `Policy`; it knows about devices,
libraries, number formats, memory formats and averaging over symmetries, so that they need not.

Letters: B batch, C planes, N board side, A = N * N points.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar, cast, overload

import numpy as np
import torch
from numpy.typing import NDArray

from gopolicy.errors import ConfigError, WeightsError, unknown, wrong_kind
from gopolicy.features.encode import Encoder
from gopolicy.features.planes import PLANE_SETS
from gopolicy.go.board import Board
from gopolicy.go.kernels import BoardArrays
from gopolicy.go.symmetry import symmetry_table
from gopolicy.go.types import Color, player
from gopolicy.nets.devices import has_fast_bfloat16, pick_device
from gopolicy.nets.folding import fold
from gopolicy.nets.network import finite
from gopolicy.nets.outcome_head import OutcomeHead, OutcomeLogits, fold_outcome, trunk_and_moves
from gopolicy.nets.weights import LoadedNetwork
from gopolicy.policy.backend_choice import BackendChoice, Remark
from gopolicy.policy.outlook import Ends, Outlook, ends_of, outlooks
from gopolicy.policy.view import View
from gopolicy.sgf.positions import Position, position_of

Seen = TypeVar("Seen")
PRECISIONS = ("auto", "fp32", "bf16")
BATCH = 256
"""Positions that one look of the network takes, where a list of them is asked about."""
SMALL_BATCH = 16
"""``auto`` keeps float32 for smaller batches: there it is at least as fast, and exact."""
_ROUGH_BATCH = 2
"""The same where fewer digits do."""


class Policy:
    """A network with everything that turns its output into probabilities."""

    def __init__(
        self,
        loaded: LoadedNetwork,
        *,
        device: str = "auto",
        symmetries: int = 1,
        precision: str = "auto",
        backend: str = "auto",
        remark: Remark | None = None,
    ) -> None:
        """Get ready; remark is told which library computes, where ``auto`` has found out.

        Raises ConfigError for a setting that is impossible here, WeightsError where the planes are
        not those of the network.
        """
        if not isinstance(loaded, LoadedNetwork):
            raise wrong_kind("a loaded network (gopolicy.load returns a Policy)", loaded)
        if symmetries not in (1, 8):
            raise wrong_kind("1 or 8 symmetries", symmetries)
        if precision not in PRECISIONS:
            raise wrong_kind(f"a precision of {', '.join(PRECISIONS)}", precision)
        if backend == "onnxruntime" and precision == "bf16":
            raise ConfigError("onnxruntime computes in fp32 alone here; choose the precision fp32")
        self.info, self.name = loaded.info, loaded.name
        only_cpu = device == "auto" and backend in ("openvino", "onnxruntime")
        self.device = pick_device("cpu" if only_cpu else device)
        self.symmetries = symmetries
        if self.plane_set not in PLANE_SETS:
            name = self.name or "the network"
            raise WeightsError(f"{name}: {unknown('plane set', self.plane_set, PLANE_SETS)}")
        self.encoder = Encoder(self.plane_set, self.size)
        planes = self.encoder.plane_set.count
        if self.info.planes != planes:
            raise WeightsError(
                f"the network was trained on {self.info.planes} planes; "
                f"{self.plane_set} has {planes} here"
            )
        self.precision = precision
        network = fold(loaded.network.eval()).to(self.device)
        self.network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._outcome = fold_outcome(loaded.outcome).to(self.device) if loaded.outcome else None
        if self._outcome:
            self._trunk, self._moves = trunk_and_moves(self.network)
        self._backend = BackendChoice(self.network, self.device, backend, remark)
        self._turns = torch.from_numpy(symmetry_table(self.size).astype(np.int64)).to(self.device)

    @overload
    def __call__(self, asked: Board | Position) -> View: ...

    @overload
    def __call__(self, asked: Iterable[Board | Position]) -> list[View]: ...

    def __call__(self, asked: Board | Position | Iterable[Board | Position]) -> View | list[View]:
        """Return the view of a board or of a position of a game, for who is to move there.

        A list of them is answered with a list, and costs one look of the network per
        `BATCH` of them.  Raises ConfigError for a board of another size.
        """
        if isinstance(asked, Board | Position):
            return self._views([asked])[0]
        if isinstance(asked, str | bytes) or not isinstance(asked, Iterable):
            raise wrong_kind("a Board, a Position or a list of them", asked)
        several = list(asked)
        for each in several:
            if not isinstance(each, Board | Position):
                raise wrong_kind("a list of Boards and Positions", each)
        views: list[View] = []
        for start in range(0, len(several), BATCH):
            views += self._views(several[start : start + BATCH])
        return views

    def _views(self, asked: Sequence[Board | Position]) -> list[View]:
        positions = [at if isinstance(at, Position) else position_of(at) for at in asked]
        for position in positions:
            self._check_size(position.board)
        planes = [self.planes_of(at.board.arrays, at.to_play) for at in positions]
        movers = [at.to_play for at in positions]
        komis = [at.board.komi for at in positions]
        logs_ba, known = self.look(np.stack(planes), movers, komis)
        ends: Sequence[Outlook | None] = known or [None] * len(positions)
        return [
            View(
                probabilities=shares_a,
                legal=position.board.legal_mask(position.to_play),
                position=position,
                outlook=end,
            )
            for shares_a, position, end in zip(np.exp(logs_ba), positions, ends, strict=True)
        ]

    def __repr__(self) -> str:
        """Return which network it is in one line."""
        return (
            f"<Policy {self.name or 'without a name'}: {self.info.network} for"
            f" {self.size}x{self.size}, planes {self.plane_set},"
            f" {self.info.positions:,} positions in its last training>"
        )

    def _check_size(self, board: Board) -> None:
        """Raise ConfigError for a board of another size, and for what is no board."""
        if not isinstance(board, Board):
            raise wrong_kind("a Board", board)
        if board.size != self.size:
            raise ConfigError(
                f"the network plays {self.size}x{self.size}, the board is"
                f" {board.size}x{board.size}; gopolicy.load(..., size={board.size}) plays there"
            )

    @property
    def size(self) -> int:
        """The side of the boards it understands."""
        return self.info.size

    @property
    def plane_set(self) -> str:
        """The planes it wants."""
        return self.info.plane_set

    def precision_for(self, batch: int, small: int = SMALL_BATCH) -> str:
        """Return ``fp32`` or ``bf16``: what a batch of this many positions is computed in.

        Below small it is fp32, unless bf16 is asked for.
        """
        if self.precision != "auto":
            return self.precision
        if self.backend_for("bf16") == "onnxruntime":
            return "fp32"
        return "bf16" if batch >= small and has_fast_bfloat16(self.device) else "fp32"

    @staticmethod
    def small_batch(rough: bool) -> int:
        """Return what `precision_for` takes as small; rough says that fewer digits do."""
        return _ROUGH_BATCH if rough else SMALL_BATCH

    def backend_for(self, precision: str) -> str:
        """Return ``torch``, ``openvino`` or ``onnxruntime``: what computes in a number format."""
        return self._backend.name_for(precision)

    @property
    def knows_outcomes(self) -> bool:
        """Whether the network says how games end, too."""
        return self._outcome is not None

    def look(
        self, planes_bcnn: NDArray[np.int8], colors: Sequence[Color], komis: Sequence[float]
    ) -> tuple[NDArray[np.float32], list[Outlook] | None]:
        """Return what `log_probabilities` and `outlooks_from` do, for little more than one costs.

        All planes [B, C, N, N] are one batch; the answers are [B, A] and B.
        """
        if self._outcome is None:
            return self.log_probabilities(planes_bcnn), None
        with torch.inference_mode():
            logs, ends = [], []
            for view_bac, turn_a in self._turned(planes_bcnn):
                logs_ba, known = self._both(view_bac, colors)
                logs.append(logs_ba[:, turn_a])
                ends.append(known.turned(turn_a))
            return _mean_of_logs(logs), outlooks(_mean_of_ends(ends), colors, komis)

    def log_probabilities(
        self, planes_bcnn: NDArray[np.int8], small: int = SMALL_BATCH
    ) -> NDArray[np.float32]:
        """Return the natural logarithms of the move probabilities, [B, A], over all points.

        small is what `precision_for` takes.  WeightsError where the network answers with numbers
        that are not finite.
        """
        with torch.inference_mode():
            views = self._turned(planes_bcnn)
            logs = [self._log_softmax(view, small)[:, turn_a] for view, turn_a in views]
            return _mean_of_logs(logs)

    def predict(self, board: Board, color: Color | None = None) -> NDArray[np.float32]:
        """Return the probability of every point for color, by default who is to move, [A].

        Legality is ignored; `Board.legal_mask` knows it.
        """
        self._check_size(board)
        color = board.to_move if color is None else player(color)
        planes_cnn = self.planes_of(board.arrays, color)
        probabilities: NDArray[np.float32] = np.exp(self.log_probabilities(planes_cnn[None])[0])
        return probabilities

    def probabilities(
        self, boards: Sequence[Board], colors: Sequence[Color], *, rough: bool = False
    ) -> NDArray[np.float32]:
        """Return the probability of every point on each board for its color, [B, A].

        The boards are one batch; legality is ignored.  rough says that fewer digits do, which is
        faster for a few boards where the CPU has bfloat16.
        """
        for board in boards:
            self._check_size(board)
        planes = [
            self.planes_of(board.arrays, color)
            for board, color in zip(boards, map(player, colors), strict=True)
        ]
        small = self.small_batch(rough)
        found: NDArray[np.float32] = np.exp(self.log_probabilities(np.stack(planes), small))
        return found

    def outlooks(
        self,
        boards: Sequence[Board],
        colors: Sequence[Color] | None = None,
        *,
        rough: bool = False,
    ) -> list[Outlook] | None:
        """Return how the games may end, counted with the komi of each board.

        colors are to move, by default whose turn it is; rough says that fewer digits do.  None
        where the network has learned moves alone.
        """
        if self._outcome is None:
            return None
        found: list[Outlook] = []
        small = self.small_batch(rough)
        movers = [board.to_move for board in boards] if colors is None else list(colors)
        for start in range(0, len(boards), BATCH):
            part, to_move = boards[start : start + BATCH], movers[start : start + BATCH]
            planes = [
                self.planes_of(board.arrays, color)
                for board, color in zip(part, to_move, strict=True)
            ]
            komis = [board.komi for board in part]
            found += self.outlooks_from(np.stack(planes), to_move, komis, small) or []
        return found

    def outlooks_from(
        self,
        planes_bcnn: NDArray[np.int8],
        colors: Sequence[Color],
        komis: Sequence[float],
        small: int = SMALL_BATCH,
    ) -> list[Outlook] | None:
        """Return how games may end from planes [B, C, N, N], with colors to move and komis.

        All of them are one batch; small is what `precision_for` takes.  None where the network has
        learned moves alone; WeightsError where it answers with numbers that are not finite.
        """
        if self._outcome is None:
            return None
        with torch.inference_mode():
            views = self._turned(planes_bcnn)
            ends = [self._ends(view, colors, small).turned(turn_a) for view, turn_a in views]
            return outlooks(_mean_of_ends(ends), colors, komis)

    def planes_of(self, arrays: BoardArrays, color: Color) -> NDArray[np.int8]:
        """Return the planes [C, N, N] that the network wants of a position with color to move."""
        return self.encoder.board(arrays, int(color))

    def _flat(self, planes_bcnn: NDArray[np.int8]) -> torch.Tensor:
        """Return the planes on the device as [B, A, C] bytes, point by point."""
        batch, planes = planes_bcnn.shape[:2]
        bnnc = np.ascontiguousarray(planes_bcnn.transpose(0, 2, 3, 1))
        return torch.from_numpy(bnnc).to(self.device).view(batch, -1, planes)

    def _turned(
        self, planes_bcnn: NDArray[np.int8]
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor | slice]]:
        """Yield each view [B, A, C] to ask about, and the columns that turn answers [B, A] back."""
        flat_bac = self._flat(planes_bcnn)
        if self.symmetries == 1:
            yield flat_bac, slice(None)
            return
        for turn_a in self._turns:
            yield flat_bac[:, torch.argsort(turn_a)], turn_a  # turned[turn[p]] = flat[p]

    def _log_softmax(self, flat_bac: torch.Tensor, small: int = SMALL_BATCH) -> torch.Tensor:
        """Run the network on one view; [B, A]."""
        precision = self.precision_for(len(flat_bac), small)
        return torch.log_softmax(self._backend.logits(self._planes(flat_bac), precision), 1)

    def _ends(
        self, flat_bac: torch.Tensor, colors: Sequence[Color], small: int = SMALL_BATCH
    ) -> Ends:
        """Run trunk and outcome head on one view, by torch."""
        low = self.precision_for(len(flat_bac), small) == "bf16"

        def ends(planes_bcnn: torch.Tensor) -> Ends:
            return self._head_on(self._trunk(planes_bcnn), colors)

        return self._by_torch(ends, flat_bac, low)

    def _both(self, flat_bac: torch.Tensor, colors: Sequence[Color]) -> tuple[torch.Tensor, Ends]:
        """Return what `_log_softmax` and `_ends` do; where torch computes both, by one trunk."""
        precision = self.precision_for(len(flat_bac))
        if not self._backend.stays_torch(precision):
            return self._log_softmax(flat_bac), self._ends(flat_bac, colors)

        def both(planes_bcnn: torch.Tensor) -> tuple[torch.Tensor, Ends]:
            known = self._trunk(planes_bcnn)
            return self._moves(known).float(), self._head_on(known, colors)

        logits_ba, ends = self._by_torch(both, flat_bac, precision == "bf16")
        return torch.log_softmax(logits_ba, 1), ends

    def _head_on(self, known: torch.Tensor, colors: Sequence[Color]) -> Ends:
        """Return what the outcome head makes of the trunk's output, with colors [B] to move."""
        head = cast(OutcomeHead, self._outcome)
        signs = [1.0 if color == Color.BLACK else -1.0 for color in colors]
        outcome: OutcomeLogits = head(known, torch.tensor(signs, device=known.device))
        finite(outcome.ownership)
        return ends_of(outcome)

    def _by_torch(
        self, part: Callable[[torch.Tensor], Seen], flat_bac: torch.Tensor, low: bool
    ) -> Seen:
        """Run a part of the network on one view, in bfloat16 if low."""
        planes_bcnn = self._planes(flat_bac)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=low):
            return part(planes_bcnn.to(torch.bfloat16 if low else torch.float32))

    def _planes(self, flat_bac: torch.Tensor) -> torch.Tensor:
        """Return the planes [B, C, N, N] of one view, in int8, the channels last in memory."""
        batch, _, planes = flat_bac.shape
        return flat_bac.view(batch, self.size, self.size, planes).permute(0, 3, 1, 2)


def _mean_of_logs(logs: Sequence[torch.Tensor]) -> NDArray[np.float32]:
    """Return the logarithm of the mean probability of views [B, A]; they must be finite."""
    mean_ba = logs[0]
    if len(logs) > 1:
        mean_ba = torch.logsumexp(torch.stack(list(logs)), 0) - np.log(len(logs))
    result: NDArray[np.float32] = finite(mean_ba.float().cpu()).numpy()
    return result


def _mean_of_ends(ends: Sequence[Ends]) -> Ends:
    """Return the mean over views of owners and of scores."""
    return Ends(*(torch.stack(part).mean(0) for part in zip(*ends, strict=True)))
