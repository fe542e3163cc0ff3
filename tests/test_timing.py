"""Timing: noticing that work has become slow."""

from gopolicy.timing import SpeedWatch


def test_a_halved_speed_is_noticed_after_some_time_and_then_less_often() -> None:
    watch = SpeedWatch()
    told = [watch.halved(speed, 5.0) for speed in [100, 120, 55, 70, 55, 55, 50]]
    assert told == [False] * 6 + [True]
    told = [watch.halved(speed, 5.0) for speed in [50, 50, 20, 20, 20, 20, 20, 20]]
    assert told == [False] * 7 + [True]
