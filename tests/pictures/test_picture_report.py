"""The report on named pictures."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from gopolicy.pictures.picture_accuracy import judge_pictures
from gopolicy.pictures.picture_report import write_picture_report
from gopolicy.pictures.picture_set import PictureSet


def test_the_mistakes_say_how_sure_the_network_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = PictureSet(np.zeros((2, 1, 2, 2), np.uint8), np.array([0, 1]), ("a", "b", "c"))
    logs = np.log(np.array([[0.1, 0.6, 0.3], [0.15, 0.05, 0.8]], np.float32))
    titles: list[str] = []
    monkeypatch.setattr(
        Figure, "savefig", lambda f, *_, **__: titles.extend(a.get_title() for a in f.axes)
    )
    write_picture_report(tmp_path / "report", judge_pictures(logs, pictures), pictures, logs)
    mistakes = [title for title in titles if title.startswith("named")]
    assert mistakes == ["named c: 80%\nis b", "named b: 60%\nis a"]  # the surest first
