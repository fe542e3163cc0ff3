"""The one way from positions to move probabilities.

Evaluation, the command line, engines and pictures all ask a `Predictor`; it knows about devices,
number formats, memory formats and averaging over symmetries, so that they need not.

Letters: B batch, C planes, N board side, A = N * N points.
"""

import numpy as np
import torch
from numpy.typing import NDArray

from gopolicy.engine.devices import has_fast_bfloat16, pick_device
from gopolicy.errors import ConfigError, WeightsError
from gopolicy.features.encode import Encoder
from gopolicy.go.board import Board
from gopolicy.go.kernels import BoardArrays
from gopolicy.go.symmetry import symmetry_table
from gopolicy.go.types import Color
from gopolicy.nets.registry import fold
from gopolicy.nets.weights import LoadedNetwork

PRECISIONS = ("auto", "fp32", "bf16")
SMALL_BATCH = 16
"""``auto`` keeps float32 for smaller batches: there it is at least as fast, and exact."""


class Predictor:
    """A network with everything that turns its output into probabilities."""

    def __init__(
        self,
        loaded: LoadedNetwork,
        *,
        device: str = "auto",
        symmetries: int = 1,
        precision: str = "auto",
    ) -> None:
        if symmetries not in (1, 8):
            raise ConfigError(f"expected 1 or 8 symmetries, got {symmetries}")
        if precision not in PRECISIONS:
            raise ConfigError(f"expected a precision of {', '.join(PRECISIONS)}, got {precision!r}")
        self.info = loaded.info
        self.device = pick_device(device)
        self.symmetries = symmetries
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
        self._turns = torch.from_numpy(symmetry_table(self.size).astype(np.int64)).to(self.device)

    @property
    def size(self) -> int:
        """The side of the boards it understands."""
        return self.info.size

    @property
    def plane_set(self) -> str:
        """The planes it wants."""
        return self.info.plane_set

    def precision_for(self, batch: int) -> str:
        """Return ``fp32`` or ``bf16``: what a batch of this many positions is computed in."""
        if self.precision != "auto":
            return self.precision
        return "bf16" if batch >= SMALL_BATCH and has_fast_bfloat16(self.device) else "fp32"

    def log_probabilities(self, planes_bcnn: NDArray[np.int8]) -> NDArray[np.float32]:
        """Return the natural logarithms of the move probabilities, [B, A], over all points."""
        with torch.inference_mode():
            flat_bac = self._flat(planes_bcnn)
            if self.symmetries == 1:
                total_ba = self._log_softmax(flat_bac)
            else:
                views = [self._seen_turned(flat_bac, turn_a) for turn_a in self._turns]
                total_ba = torch.logsumexp(torch.stack(views), 0) - np.log(len(views))
            result: NDArray[np.float32] = total_ba.float().cpu().numpy()
        return result

    def predict(self, board: Board, color: Color | None = None) -> NDArray[np.float32]:
        """Return the probability of every point for color, by default who is to move, [A].

        Legality is ignored; `Board.legal_mask` knows it.
        """
        if board.size != self.size:
            raise ConfigError(
                f"the network plays {self.size}x{self.size}, the board is {board.size}x{board.size}"
            )
        planes_cnn = self.planes_of(board.arrays, color or board.to_move)
        probabilities: NDArray[np.float32] = np.exp(self.log_probabilities(planes_cnn[None])[0])
        return probabilities

    def planes_of(self, arrays: BoardArrays, color: Color) -> NDArray[np.int8]:
        """Return the planes [C, N, N] that the network wants of a position with color to move."""
        return self.encoder.board(arrays, int(color))

    def _flat(self, planes_bcnn: NDArray[np.int8]) -> torch.Tensor:
        """Return the planes on the device as [B, A, C] bytes, point by point."""
        batch, planes = planes_bcnn.shape[:2]
        bnnc = np.ascontiguousarray(planes_bcnn.transpose(0, 2, 3, 1))
        return torch.from_numpy(bnnc).to(self.device).view(batch, -1, planes)

    def _seen_turned(self, flat_bac: torch.Tensor, turn_a: torch.Tensor) -> torch.Tensor:
        """Return the log-probabilities of the board as the network sees it turned."""
        back_a = torch.argsort(turn_a)  # turned[turn[p]] = flat[p]
        return self._log_softmax(flat_bac[:, back_a])[:, turn_a]

    def _log_softmax(self, flat_bac: torch.Tensor) -> torch.Tensor:
        """Run the network on one view; [B, A]."""
        batch, _, planes = flat_bac.shape
        planes_bcnn = flat_bac.view(batch, self.size, self.size, planes).permute(0, 3, 1, 2)
        low = self.precision_for(batch) == "bf16"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=low):
            logits_ba = self.network(planes_bcnn.to(torch.bfloat16 if low else torch.float32))
        return torch.log_softmax(logits_ba.float(), 1)
