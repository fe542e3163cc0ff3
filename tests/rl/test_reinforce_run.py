"""`gopolicy reinforce` end to end on a small board: learning, resuming, kills, damage, errors."""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from reference.listener import Listener
from reference.tiny_games import write_outcome_weights, write_weights

from gopolicy.__main__ import main
from gopolicy.cli.reinforce import details
from gopolicy.errors import ConfigError
from gopolicy.nets.registry import build_network
from gopolicy.nets.weights import LoadedNetwork, describe_network, load_weights
from gopolicy.policy.policy import Policy
from gopolicy.progress import SILENT
from gopolicy.rl.decisions import decisions_of
from gopolicy.rl.learner import Learner, Networks
from gopolicy.rl.learning_curves import draw_learning_curves
from gopolicy.rl.mirrored_games import GamesGivenUpError, MirroredGames, play_settings
from gopolicy.rl.pool import Pool
from gopolicy.rl.reinforce_config import (
    ReinforceConfig,
    override_reinforce,
    reinforce_from_json,
    reinforce_to_json,
)
from gopolicy.rl.reinforce_folder import begun_reinforce, resumed_reinforce
from gopolicy.rl.reinforce_run import Limits, reinforce
from gopolicy.rl.self_play import FinishedGame, SelfPlay
from gopolicy.training.checkpoint import checkpoints
from gopolicy.training.compute import Compute
from gopolicy.training.world import World

pytestmark = pytest.mark.usefixtures("one_thread")

SMALL = [
    *("size=5", "planes=alphago4", "filters=8", "layers=3", "games=4", "batch_size=16"),
    *("precision=fp32", "measure_every=2", "measure_games=4", "pool_every=1"),
]
OWNERSHIP = ("baseline=ownership", "trace=0.9", "ema=0.9", "optimizer=muon", "equivariant=true")
VARIANTS = {
    "color": (),
    "ownership": OWNERSHIP,
    "kl": ("kl=0.1", "pool_share=0.5", "entropy=0.01"),
    "later": (*OWNERSHIP, "critic_first=150", "weight_decay=0.1"),
}


@pytest.fixture(autouse=True)
def _without_pictures(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Draw no curves, which takes longer than a small run, but where a test is about them."""
    if "picture" not in request.node.name:
        monkeypatch.setattr("gopolicy.rl.reinforce_run.draw_learning_curves", lambda run: None)


def small(*changes: str) -> ReinforceConfig:
    """Return settings of a run that takes no time."""
    return override_reinforce(ReinforceConfig(), [*SMALL, *changes])


def words(out: Path, *more: str) -> list[str]:
    """Return a command with the same settings."""
    given = [word for change in SMALL for word in ("--set", change)]
    return ["reinforce", "--out", str(out), "--device", "cpu", *given, *more]


def state_of(out: Path) -> tuple[str, bytes, bytes]:
    """Return the last checkpoint and the weights, as bytes."""
    last = checkpoints(out)[-1]
    tensors = (last / "state.safetensors").read_bytes()
    return last.name, tensors, (out / "weights" / "model.safetensors").read_bytes()


def entries(out: Path) -> list[dict[str, Any]]:
    """Return the log, without what depends on the clock."""
    lines = (out / "metrics.jsonl").read_text("utf-8").splitlines()
    clock = {"games_per_second", "play_share"}
    return [{k: v for k, v in json.loads(line).items() if k not in clock} for line in lines]


def run(out: Path, iterations: int, *changes: str, resume: bool = False) -> Any:
    """Run so many iterations."""
    limits = Limits(iterations=iterations)
    return reinforce(out, small(*changes), limits=limits, resume=resume, device="cpu")


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_run_that_goes_on_equals_one_that_never_stopped(tmp_path: Path, variant: str) -> None:
    changes = VARIANTS[variant]
    whole = run(tmp_path / "whole", 4, *changes)
    for sitting in range(2):
        parts = run(tmp_path / "parts", 2, *changes, resume=sitting > 0)
    assert (parts.iterations, parts.games, parts.positions) == (4, 16, whole.positions)
    assert state_of(tmp_path / "parts") == state_of(tmp_path / "whole")
    assert entries(tmp_path / "parts") == entries(tmp_path / "whole")
    assert parts.parent == whole.parent
    assert sorted(p.name for p in (tmp_path / "parts" / "pool").iterdir()) == [
        f"{number:06d}" for number in range(5)
    ]


def test_a_run_leaves_weights_a_log_and_a_picture(tmp_path: Path) -> None:
    result = run(tmp_path, 2)
    assert not result.complete
    loaded = load_weights(tmp_path / "weights", plane_set="alphago4", size=5)
    assert loaded.info.positions == result.positions > 0
    assert loaded.info.settings["normalization"] == "none"
    assert (tmp_path / "learning.png").read_bytes().startswith(b"\x89PNG")
    kinds = [entry["kind"] for entry in entries(tmp_path)]
    assert kinds == ["play", "play", "parent"]
    played, _, measured = entries(tmp_path)
    assert played["length"] > 10
    assert 0 < played["entropy"] < np.log(25)
    assert measured["low"] <= measured["win_rate"] <= measured["high"]
    parent = load_weights(tmp_path / "pool" / "000000").network.state_dict()
    learned = loaded.network.state_dict()
    assert all(not torch.equal(learned[name], parent[name]) for name in parent)


@pytest.mark.parametrize("changes", [("baseline=none",), ("baseline=pair", "softness=3")])
def test_what_won_becomes_more_probable(changes: tuple[str, ...]) -> None:
    torch.manual_seed(1)
    config = small("lr=0.003", "warmup=0", "games=32", "batch_size=128", *changes)
    settings = config.learning.settings
    network = build_network("alphago-res", planes=4, size=5, **settings)
    policy = Policy(LoadedNetwork(network, describe_network(network, "alphago4")), device="cpu")
    games = sorted(
        SelfPlay([policy], play_settings(config), seed=1).play(32), key=lambda g: g.number
    )
    world, compute = World(torch.device("cpu")), Compute("fp32", "channels_last")
    learner = Learner(config, Networks(policy=network), compute, world)
    decisions = decisions_of(games)
    lead = np.array([game.score for game in games]) - config.komi
    won = np.sign(lead)[decisions.games] == np.where(decisions.colors == 1, 1, -1)
    before = played_logs(learner, games, policy)
    for _ in range(6):
        steps, figures = learner.learn(games, 0, np.random.default_rng(1), policy)
    after = played_logs(learner, games, policy)
    assert steps == len(decisions) // 128 > 2
    growth = after - before
    assert growth[won].mean() > growth[~won].mean() + 0.01
    assert figures["kl"] == figures["ownership_loss"] == 0.0


def played_logs(learner: Learner, games: Iterable[Any], policy: Policy) -> np.ndarray:
    """Return how probable each decision is for the policy as it is now."""
    lesson, _ = learner._prepare(list(games), np.random.default_rng(5), policy)
    return learner._played(lesson)


def test_games_teach_to_win(tmp_path: Path) -> None:
    changes = ["games=32", "batch_size=64", "lr=0.005", "warmup=0", "measure_every=12"]
    changes += ["measure_games=64", "baseline=ownership", "softness=5", "pool_every=4"]
    result = run(tmp_path, 12, *changes)
    assert result.parent["low"] > 0.55, result.parent


def test_kills_lose_no_more_than_the_games_under_way(tmp_path: Path) -> None:
    run(tmp_path / "whole", 6)
    out, draw = tmp_path / "killed", random.Random(time.time_ns())
    run(out, 1)
    command = [sys.executable, "-m", "gopolicy", *words(out, "--resume", "--iterations", "5")]
    with subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE) as child:
        wait_for_entries(child, out, len(entries(out)))
        time.sleep(draw.uniform(0.0, 0.2))
        child.kill()
    left = 6 - run_iterations(out)
    assert 0 <= left <= 5
    if left:
        run(out, left, resume=True)
    assert state_of(out) == state_of(tmp_path / "whole")
    assert entries(out) == entries(tmp_path / "whole")


def run_iterations(out: Path) -> int:
    """Return how many iterations the last checkpoint has behind it."""
    facts = json.loads((checkpoints(out)[-1] / "state.json").read_text())
    return int(facts["counts"]["iteration"])


def environment() -> dict[str, str]:
    """Return the environment of a child with one thread."""
    root = Path(__file__).parents[2]
    return os.environ | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}


def wait_for_entries(child: subprocess.Popen[bytes], out: Path, count: int) -> None:
    """Return when the log of a child is so long, or the child has ended."""
    deadline = time.monotonic() + 120
    while child.poll() is None and time.monotonic() < deadline:
        if len((out / "metrics.jsonl").read_text("utf-8").splitlines()) > count:
            return
        time.sleep(0.02)


def test_ctrl_c_ends_a_run_that_can_go_on(tmp_path: Path, capsys: Any) -> None:
    run(tmp_path, 1)
    command = [sys.executable, "-m", "gopolicy", *words(tmp_path, "--resume")]
    with subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE) as child:
        wait_for_entries(child, tmp_path, 3)
        child.send_signal(signal.SIGINT)
        assert child.stderr is not None
        said = child.stderr.read().decode()
    assert child.returncode == 130, said
    assert "stopped by SIGINT; go on with --resume" in said
    done = run_iterations(tmp_path)
    assert run(tmp_path, 1, resume=True).iterations == done + 1


def test_a_measurement_that_was_given_up_is_made_up_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run(tmp_path / "whole", 3)
    plain, calls = MirroredGames.play, []

    def play(self: MirroredGames, movers: Any, count: int, seed: list[int], **more: Any) -> Any:
        calls.append(seed)
        if len(calls) == 3:  # the first measurement
            raise GamesGivenUpError("asked to stop")
        return plain(self, movers, count, seed, **more)

    monkeypatch.setattr(MirroredGames, "play", play)
    assert run(tmp_path / "parts", 3).iterations == 2
    parts = run(tmp_path / "parts", 1, resume=True)
    assert entries(tmp_path / "parts") == entries(tmp_path / "whole")
    assert state_of(tmp_path / "parts") == state_of(tmp_path / "whole")
    assert parts.parent == whole.parent
    assert whole.parent["iteration"] == 2


def test_free_kernels_are_not_tied_by_a_run_that_begins_with_them(tmp_path: Path) -> None:
    start = write_weights(tmp_path / "start", 5, "alphago4")
    changes = [f"start={start}", "games=4", "batch_size=16"]
    with pytest.raises(ConfigError, match="not tied"):
        begun_reinforce(ReinforceConfig(), [*changes, "equivariant=true"])
    config = begun_reinforce(ReinforceConfig(), changes)
    config = replace(config, learning=replace(config.learning, equivariant=True))
    with pytest.raises(ConfigError, match="not tied"):
        reinforce(tmp_path / "run", config, limits=Limits(iterations=1), device="cpu")
    assert not (tmp_path / "run").exists()


def test_a_run_goes_on_without_the_weights_it_began_with(tmp_path: Path) -> None:
    start = write_weights(tmp_path / "start", 5, "alphago4")
    config = begun_reinforce(
        ReinforceConfig(), [f"start={start}", "games=4", "batch_size=16", "measure_every=0"]
    )
    limits = Limits(iterations=1)
    reinforce(tmp_path / "run", config, limits=limits, device="cpu")
    shutil.rmtree(start)
    again = resumed_reinforce(tmp_path / "run", [])
    result = reinforce(tmp_path / "run", again, limits=limits, resume=True, device="cpu")
    assert result.iterations == 2


def test_games_with_few_decisions_or_none(tmp_path: Path) -> None:
    listener = Listener()
    config = small("batch_size=300", "positions_per_game=40")
    limits = Limits(iterations=2)
    reinforce(tmp_path, config, limits=limits, device="cpu", progress=listener)
    count = entries(tmp_path)[0]["decisions"]
    assert 0 < count < 300
    (told,) = [text for text in listener.said if "decisions" in text]
    assert f"only {count:,.0f} decisions in an iteration, which count as batch_size 300" in told
    torch.manual_seed(1)
    network = build_network("alphago-res", planes=4, size=5, **config.learning.settings)
    policy = Policy(LoadedNetwork(network, describe_network(network, "alphago4")), device="cpu")
    world, compute = World(torch.device("cpu")), Compute("fp32", "channels_last")
    learner = Learner(config, Networks(policy=network), compute, world)
    passes = np.array([1023 + 1024, 1023 + 2048], np.uint16)
    owners = np.zeros(25, np.int8)
    game = FinishedGame(
        number=0,
        events=passes,
        start=0,
        black=0,
        white=0,
        score=0,
        ownership=owners,
        ended="passes",
    )
    with pytest.raises(ConfigError, match="no decision to learn from"):
        learner.learn([game], 0, np.random.default_rng(1), policy)


def test_a_damaged_past_self_is_named_and_left_out(tmp_path: Path) -> None:
    run(tmp_path, 2)
    broken = tmp_path / "pool" / "000001" / "model.safetensors"
    broken.write_bytes(broken.read_bytes()[:-4] + b"\0\0\0\1")
    listener = Listener()
    pool = Pool(tmp_path / "pool", "alphago4", "cpu", listener)
    draw = np.random.default_rng(1)
    drawn = {pool.draw(1, 5, draw, "fp32").info.sha256 for _ in range(12)}  # type: ignore[union-attr]
    assert drawn == {load_weights(tmp_path / "pool" / "000000").info.sha256}
    (said,) = listener.said
    assert "past self 1 is left out" in said
    assert "sha256" in said
    assert Pool(tmp_path / "nothing", "alphago4", "cpu", SILENT).draw(5, 5, draw, "fp32") is None
    assert run(tmp_path, 2, resume=True).iterations == 4


def test_weights_of_another_size_are_carried_over(
    tmp_path: Path, tiny_weights: Path, capsys: Any
) -> None:
    command = ["reinforce", "--weights", str(tiny_weights), "--size", "5", "--games", "2"]
    command += ["--iterations", "1", "--batch-size", "16", "--out", str(tmp_path), "--json"]
    assert main(command) == 0
    said = capsys.readouterr()
    assert f"{tiny_weights} is carried over from 19x19 to 5x5" in said.err
    found = json.loads(said.out)
    assert (found["iterations"], found["games"], found["complete"]) == (1, 2, False)
    assert (
        load_weights(tmp_path / "weights", plane_set="alphago48", size=5).info.network == "alphago"
    )


def test_an_outcome_head_that_is_not_kept_is_named(tmp_path: Path) -> None:
    knows = write_outcome_weights(tmp_path / "knows", size=5, planes="alphago4")
    listener = Listener()
    for out, start in (("a", knows), ("b", write_weights(tmp_path / "moves", size=5))):
        limits = Limits(iterations=1)
        config = begun_reinforce(small(), [f"start={start}"])
        reinforce(tmp_path / out, config, limits=limits, device="cpu", progress=listener)
    assert [text for text in listener.said if "head" in text] == [
        f"the outcome head of {knows} is not kept"
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["nonsense=1"], "nonsense"),
        (["mix=a=1"], "mix"),
        (["games=3"], "games to be even"),
        (["games=0"], "games from 2"),
        (["temperature=0"], "temperature above 0"),
        (["baseline=guess"], "baseline"),
        (["trace=0.5"], "trace 0.5 needs baseline=ownership"),
        (["normalization=batch"], "normalization=none"),
        (["network=dense"], "dense"),
        (["size=26"], "size"),
        (["komi=many"], "komi to be a number"),
    ],
)
def test_what_cannot_be_is_one_clear_line(changes: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        override_reinforce(ReinforceConfig(), changes)


def test_a_folder_is_not_taken_over(tmp_path: Path, capsys: Any) -> None:
    run(tmp_path, 1)
    assert main(words(tmp_path, "--iterations", "1")) == 1
    assert "already holds a run" in capsys.readouterr().err
    assert main(["train", "--out", str(tmp_path), "--resume"]) == 1
    assert "holds a run of gopolicy reinforce; continue it with that" in capsys.readouterr().err
    assert main(words(tmp_path, "--resume", "--set", "games=8")) == 1
    assert "it cannot go on with 8" in capsys.readouterr().err
    assert main(["reinforce", "--out", str(tmp_path / "none"), "--resume"]) == 1
    assert "holds no run to resume" in capsys.readouterr().err


def test_the_help_offers_no_network_that_is_refused() -> None:
    lines = [line.split() for line in details().splitlines()]
    (text,) = [" ".join(line) for line in lines if line and line[0].startswith("network=")]
    assert text.endswith("The network: alphago or alphago-res")
    assert "dense" not in text


def test_settings_survive_json() -> None:
    config = small(*OWNERSHIP, "komi=6.5")
    again = reinforce_from_json(json.loads(json.dumps(reinforce_to_json(config))))
    assert again == config


def test_two_processes_share_the_games_and_one_goes_on(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    common = environment() | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    command = words(tmp_path, "--iterations", "2", "--json", "--set", "baseline=ownership")
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "gopolicy", *command],
            env=common | {"RANK": str(rank), "WORLD_SIZE": "2"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    said = [worker.communicate(timeout=240) for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], said
    found = json.loads(said[0][0])
    assert (found["iterations"], found["games"], said[1][0]) == (2, 8, "")
    assert [entry["games"] for entry in entries(tmp_path)] == [4, 8, 8]
    assert run(tmp_path, 1, "baseline=ownership", resume=True).games == 12


def test_a_damaged_log_is_one_clear_line(tmp_path: Path) -> None:
    log = tmp_path / "metrics.jsonl"
    assert draw_learning_curves(tmp_path) is None
    entry = {"kind": "play", "games": 4, "entropy": 2.0, "length": 30.0, "games_per_second": 1.0}
    log.write_text(f"{json.dumps(entry)}\n{{cut", "utf-8")
    assert draw_learning_curves(tmp_path) == tmp_path / "learning.png"
    log.write_text(f"nonsense\n{json.dumps(entry)}\n", "utf-8")
    with pytest.raises(ConfigError, match="line 1: expected JSON"):
        draw_learning_curves(tmp_path)
    log.write_text(f"{json.dumps({'kind': 'train', 'positions': 3})}\n" * 2, "utf-8")
    with pytest.raises(ConfigError, match="expected an entry of gopolicy reinforce"):
        draw_learning_curves(tmp_path)
