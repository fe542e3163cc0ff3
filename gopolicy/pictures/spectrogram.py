"""Sounds as pictures: how strong each frequency is at each moment.

To a network a spectrogram is just another picture: gray, low frequencies at the bottom, time from
left to right, the loudest point white, and black what is 80 dB weaker.
"""

import os
import wave

import numpy as np
import numpy.typing as npt

from gopolicy.errors import PictureError
from gopolicy.files import open_regular

WINDOW = 512
"""Waveform in one moment; half of it plus one is the number of frequencies."""
HOP = 128
"""Waveform from one moment to the next."""
_TOGETHER = 4096
"""Moments that are looked at together: those of a long sound would fill the memory."""
RANGE_DB = 80.0
"""What is weaker than the loudest point by this is black."""
MAX_SAMPLES = 1 << 26
"""The longest sound: 25 minutes at 44,100 samples a second."""

Waveform = npt.NDArray[np.float64]


def read_wav(path: str | os.PathLike[str]) -> Waveform:
    """Read a WAV file of 8, 16 or 32 bit numbers as samples from -1 to 1; channels are averaged."""
    try:
        with open_regular(path) as source, wave.open(source, "rb") as file:
            channels, width, frames = file.getnchannels(), file.getsampwidth(), file.getnframes()
            if frames * channels > MAX_SAMPLES:
                raise PictureError(f"{path}: a sound of {frames:,} samples is too long")
            data = file.readframes(frames)
    except (wave.Error, EOFError, RuntimeError) as error:  # the last one for impossible lengths
        cause = str(error) or "cut short or of impossible lengths"
        raise PictureError(f"{path}: not a readable WAV file ({cause})") from error
    except OSError as error:
        raise PictureError(f"{path}: {error.strerror or error}") from error
    kinds = {1: ("u1", 128.0, 128.0), 2: ("<i2", 0.0, 32768.0), 4: ("<i4", 0.0, 2.0**31)}
    if width not in kinds:
        raise PictureError(f"{path}: samples of {8 * width} bits, expected 8, 16 or 32")
    kind, zero, full = kinds[width]
    missing = frames * channels * width - len(data)
    if missing:
        raise PictureError(f"{path}: cut short, {missing:,} bytes of sound are missing")
    samples = (np.frombuffer(data, np.dtype(kind)).astype(np.float64) - zero) / full
    return np.asarray(samples.reshape(-1, channels).mean(1))


def spectrogram(samples: Waveform) -> npt.NDArray[np.uint8]:
    """Return the picture of a sound, [frequencies, moments]; silence is black throughout."""
    short = WINDOW - len(samples)
    if short > 0:
        samples = np.pad(samples, (0, short))
    moments = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP]
    blocks = [moments[at : at + _TOGETHER] for at in range(0, len(moments), _TOGETHER)]
    loudest = max(_strength(block).max() for block in blocks)
    if not loudest > 0:
        return np.zeros((WINDOW // 2 + 1, len(moments)), np.uint8)
    return np.concatenate([_gray(_strength(block) / loudest) for block in blocks]).T[::-1]


def _strength(moments: Waveform) -> Waveform:
    """Return how strong each frequency is, [moments, frequencies]."""
    return np.abs(np.fft.rfft(moments * np.hanning(WINDOW), axis=1))


def _gray(strength: Waveform) -> npt.NDArray[np.uint8]:
    """Return shares of the greatest strength as shades."""
    decibels = 20 * np.log10(np.maximum(strength, 10 ** (-RANGE_DB / 20)))
    return np.rint((decibels / RANGE_DB + 1) * 255).astype(np.uint8)
