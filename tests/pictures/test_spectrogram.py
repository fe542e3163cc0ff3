"""Sounds as pictures."""

import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from gopolicy.errors import PictureError
from gopolicy.pictures.class_folders import Fit, read_picture
from gopolicy.pictures.spectrogram import HOP, WINDOW, read_wav, spectrogram

RATE = 8000


def write_wav(path: Path, samples: npt.ArrayLike, width: int = 2, channels: int = 1) -> None:
    """Write samples from -1 to 1."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scaled = np.asarray(samples) * (2 ** (8 * width - 1) - 1)
    kind = {1: "u1", 2: "<i2", 4: "<i4"}[width]
    data = (scaled + (128 if width == 1 else 0)).astype(kind).tobytes()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(RATE)
        file.writeframes(data)


def tone(frequency: float, seconds: float = 0.5) -> npt.NDArray[np.float64]:
    return 0.8 * np.sin(2 * np.pi * frequency * np.arange(int(seconds * RATE)) / RATE)


@pytest.mark.parametrize("frequency", [500, 1000, 3000])
def test_a_tone_is_a_line_at_its_height(frequency: int) -> None:
    picture = spectrogram(tone(frequency))
    assert picture.shape == (WINDOW // 2 + 1, (4000 - WINDOW) // HOP + 1)
    line = WINDOW // 2 - frequency * WINDOW // RATE  # from the top
    assert (picture.argmax(0) == line).all()
    assert picture[line].min() > 250
    assert picture[abs(np.arange(len(picture)) - line) > 6].max() < 60


def test_a_rising_tone_rises_in_the_picture() -> None:
    seconds = np.arange(RATE) / RATE
    picture = spectrogram(np.sin(2 * np.pi * (300 + 1200 * seconds) * seconds))
    tops = picture.argmax(0)
    assert (np.diff(tops) <= 1).all()
    assert tops[0] - tops[-1] > 100


def test_silence_and_a_click_shorter_than_a_moment() -> None:
    assert not spectrogram(np.zeros(3000)).any()
    assert spectrogram(np.ones(3)).shape == (WINDOW // 2 + 1, 1)


@pytest.mark.parametrize("width", [1, 2, 4])
def test_samples_are_read_from_minus_1_to_1(tmp_path: Path, width: int) -> None:
    write_wav(tmp_path / "x.wav", [0.0, 0.5, -0.5, 1.0], width)
    assert read_wav(tmp_path / "x.wav") == pytest.approx([0.0, 0.5, -0.5, 1.0], abs=0.01)


def test_channels_are_averaged(tmp_path: Path) -> None:
    write_wav(tmp_path / "x.wav", [0.5, 0.1, -0.5, 0.1], channels=2)
    assert read_wav(tmp_path / "x.wav") == pytest.approx([0.3, -0.2], abs=0.001)


def test_a_sound_is_read_like_a_picture(tmp_path: Path) -> None:
    write_wav(tmp_path / "x.wav", tone(1000))
    picture = read_picture(tmp_path / "x.wav", Fit(1, 32, 32))
    assert picture.shape == (1, 32, 32)
    rows = picture[0].argmax(0)
    assert ((rows == 23) | (rows == 24)).all()  # 1000 of 4000 Hz, from the bottom


FORMAT = b"WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RIFF",
        b"RIFF\x24\0\0\0WAVEfmt " + bytes(30),
        b"RIFF\x28\0\0\0" + FORMAT + b"LIST\x99\0\0\0" + bytes(200),  # longer than the whole
    ],
)
def test_a_damaged_sound_is_refused_and_says_why(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.wav").write_bytes(data)
    with pytest.raises(PictureError, match=r"x\.wav: .*\(.+\)$"):
        read_wav(tmp_path / "x.wav")


@pytest.mark.parametrize("lost", [1, 2, 500])
def test_a_sound_that_was_cut_is_refused(tmp_path: Path, lost: int) -> None:
    write_wav(tmp_path / "x.wav", tone(500))
    data = (tmp_path / "x.wav").read_bytes()
    (tmp_path / "x.wav").write_bytes(data[:-lost])
    with pytest.raises(PictureError, match=rf"x\.wav: cut short, {lost} bytes"):
        read_wav(tmp_path / "x.wav")


def test_a_long_sound_is_the_same_picture_looked_at_in_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    samples = np.random.default_rng(1).normal(size=RATE) * np.linspace(0, 1, RATE)
    whole = spectrogram(samples)
    monkeypatch.setattr("gopolicy.pictures.spectrogram._TOGETHER", 7)
    assert np.array_equal(spectrogram(samples), whole)
