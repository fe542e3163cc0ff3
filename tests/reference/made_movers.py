"""Stand-ins for networks in self-play."""

import numpy as np
import numpy.typing as npt


class UniformMover:
    """Finds all points alike probable."""

    plane_set = "stones"

    def __init__(self, size: int) -> None:
        self.size = size
        self.batches: list[int] = []

    def log_probabilities(self, planes_bcnn: npt.NDArray[np.int8]) -> npt.NDArray[np.float32]:
        """Return the same for all points, [B, N * N]."""
        self.batches.append(len(planes_bcnn))
        return np.full((len(planes_bcnn), self.size**2), -2.0, np.float32)


class LineMover(UniformMover):
    """Prefers points by a fixed rule that depends on the planes, each position for itself."""

    def log_probabilities(self, planes_bcnn: npt.NDArray[np.int8]) -> npt.NDArray[np.float32]:
        """Return more for points beside stones, [B, N * N]."""
        self.batches.append(len(planes_bcnn))
        stones = np.abs(planes_bcnn[:, 0].astype(np.float32))
        near = np.zeros(stones.shape, np.float32)
        near[:, 1:] += stones[:, :-1]
        near[:, :, 1:] += stones[:, :, :-1]
        flat: npt.NDArray[np.float32] = near.reshape(len(stones), -1) - np.float32(3)
        return flat
