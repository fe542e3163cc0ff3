"""The script that trains in pieces, with a command `gopolicy` that only notes what it is asked."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / "tools" / "train_in_pieces.sh"
FAKE = """#!/bin/bash
echo "$*" >> {log}
case "$1" in
    prepare) mkdir "${{@: -1}}" ;;
    train)
        [[ "$*" == *--resume* ]] && exit {end}
        trap 'mkdir -p {folder}/run/checkpoint-000000001; exit 143' TERM
        for _ in $(seq 600); do sleep 0.05; done
        exit 9 ;;
esac
"""

pytestmark = pytest.mark.skipif(not shutil.which("timeout"), reason="needs timeout")


class Machine:
    """A folder to train in, and a `gopolicy` that ends a resumed run with a status."""

    def __init__(self, base: Path, end: int = 0) -> None:
        self.folder, self.log = base / "strong", base / "log"
        command = base / "bin" / "gopolicy"
        command.parent.mkdir()
        command.write_text(FAKE.format(log=self.log, folder=self.folder, end=end))
        command.chmod(0o755)
        self.path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"

    def call(self, *words: str) -> int:
        env = os.environ | {"PATH": self.path}
        done = subprocess.run(["bash", SCRIPT, *words], env=env, capture_output=True, check=False)
        return done.returncode

    def piece(self) -> int:
        return self.call(str(self.folder), "0.01", "a.zip", "b.zip", "--", "--recipe", "gpu-hour")

    @property
    def asked(self) -> list[str]:
        text = self.log.read_text("utf-8") if self.log.exists() else ""
        return text.replace(str(self.folder), "HERE").splitlines()


def test_a_run_is_begun_stopped_and_resumed(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    assert machine.piece() == 75
    assert machine.piece() == 0
    assert machine.asked == [
        "prepare a.zip b.zip --out HERE/store",
        "train --data HERE/store --out HERE/run --recipe gpu-hour",
        "train --data HERE/store --out HERE/run --resume",
    ]


def test_an_error_of_training_is_passed_on(tmp_path: Path) -> None:
    machine = Machine(tmp_path, end=3)
    assert machine.piece() == 75
    assert machine.piece() == 3


@pytest.mark.parametrize("words", [[], ["x", "5"], ["x", "soon", "a.zip"], ["x", "5", "--"]])
def test_wrong_words_train_nothing(tmp_path: Path, words: list[str]) -> None:
    machine = Machine(tmp_path)
    assert machine.call(*words) == 2
    assert machine.asked == []
