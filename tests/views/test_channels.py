"""Peaks of channels against a plain search, and the stones behind them against other boards."""

import numpy as np
import pytest
import torch

from gopolicy.data.position_sample import PositionSample
from gopolicy.go.types import Point
from gopolicy.nets.probe import answers
from gopolicy.nets.receptive import receptive_field
from gopolicy.views.board_lens import BoardLens
from gopolicy.views.channels import ChannelOptions, channels_section, excitation, peaks_of


def all_maps(subject: BoardLens, sample: PositionSample, layer: str) -> np.ndarray:
    x = subject.input_of(sample.planes(subject.encoder, np.arange(len(sample))))
    with torch.no_grad():
        return answers(subject.network, x, [layer])[layer].numpy()


def test_peaks_are_the_largest_answers(subject: BoardLens, sample: PositionSample) -> None:
    first, second = peaks_of(subject, sample, ["conv1", "conv3"])
    for peaks in (first, second):
        maps = all_maps(subject, sample, peaks.layer)
        flat = maps.reshape(*maps.shape[:2], -1)
        assert peaks.values == pytest.approx(flat.max(axis=2), rel=1e-5)
        assert np.take_along_axis(flat, peaks.places[:, :, None], 2)[:, :, 0] == pytest.approx(
            flat.max(axis=2), rel=1e-5
        )
        assert peaks.active == pytest.approx((flat > 0).mean(axis=(0, 2)), abs=1e-6)
        assert peaks.spread == pytest.approx(flat.std(axis=(0, 2)), rel=1e-3, abs=1e-4)


def test_the_best_rows_come_from_different_games(
    subject: BoardLens, sample: PositionSample
) -> None:
    (peaks,) = peaks_of(subject, sample, ["conv2"])
    games = sample.games()
    for k in range(3):
        rows = peaks.best_rows(k, games, 4)
        assert len({int(games[row]) for row in rows}) == 4
        assert rows[0] == int(peaks.values[:, k].argmax())
        values = peaks.values[rows, k].tolist()
        assert values == sorted(values, reverse=True)


def test_silent_channels_are_known_and_not_chosen(
    subject: BoardLens, sample: PositionSample
) -> None:
    bias = dict(subject.network.named_modules())["conv2.conv"].bias
    old = bias.detach().clone()
    try:
        with torch.no_grad():
            bias[3] = -1000.0
        (peaks,) = peaks_of(subject, sample, ["conv2"])
    finally:
        with torch.no_grad():
            bias.copy_(old)
    assert peaks.silent[3]
    assert 3 not in peaks.most_selective(6)


def test_an_excitation_is_what_changes_without_each_stone(
    subject: BoardLens, sample: PositionSample
) -> None:
    (peaks,) = peaks_of(subject, sample, ["conv2"])
    row = int(peaks.values[:, 1].argmax())
    excited = excitation(subject, sample, peaks, 1, row)
    field = receptive_field(subject.network, "conv2", 9)
    assert field is not None
    top, left, bottom, right = field.area(excited.row, excited.column, 9, 9)
    position = sample.position(row)
    for point in np.flatnonzero(position.board.stones):
        inside = top <= point // 9 <= bottom and left <= point % 9 <= right
        if not inside:
            assert excited.support[point] == 0
            continue
        board = position.board
        board.setup(empty=[Point(int(point))])
        x = subject.input_of(subject.planes_of(board, position.to_play)[None])
        with torch.no_grad():
            out = answers(subject.network, x, ["conv2"])["conv2"]
        without = float(out[0, 1, excited.row, excited.column])
        assert excited.support[point] == pytest.approx(excited.value - without, abs=1e-4)


def test_positions_that_do_not_excite_a_channel_are_left_out(
    subject: BoardLens, sample: PositionSample
) -> None:
    bias = dict(subject.network.named_modules())["conv2.conv"].bias
    old = bias.detach().clone()
    try:
        (peaks,) = peaks_of(subject, sample, ["conv2"])
        best = peaks.values[peaks.best_rows(1, sample.games(), 5), 1]
        with torch.no_grad():
            bias[1] -= float(best[:2].mean())  # only the first one stays above 0
            bias[3] = -1000.0
        wanted = ChannelOptions(layers=["conv2"], channels=[1, 3], boards=3)
        section = channels_section(subject, sample, wanted)
    finally:
        with torch.no_grad():
            bias.copy_(old)
    shown = section.findings["layers"]["conv2"]["best"]
    assert [len(shown["1"]), len(shown["3"])] == [1, 0]
    assert all(each["value"] > 0 for each in shown["1"])
    assert "stands out" not in section.pictures[0].caption
