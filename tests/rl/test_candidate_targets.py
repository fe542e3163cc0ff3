"""Learning from candidates: the target against a slow twin, and that a policy gets there."""

import copy
import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from reference.tiny_games import write_outcome_weights, write_weights

from gopolicy.__main__ import main
from gopolicy.errors import ConfigError
from gopolicy.go.board import Board
from gopolicy.go.types import Color, Point
from gopolicy.nets.registry import build_network
from gopolicy.nets.weights import LoadedNetwork, describe_network, load_weights
from gopolicy.play.look_ahead import LookAhead
from gopolicy.policy.load import load
from gopolicy.policy.policy import Policy
from gopolicy.rl.candidate_targets import CandidateTargets
from gopolicy.rl.decisions import DecisionEncoder, Decisions, decisions_of
from gopolicy.rl.learner import Learner, Networks
from gopolicy.rl.mirrored_games import GamesGivenUpError, play_settings
from gopolicy.rl.reinforce_config import ReinforceConfig, override_reinforce
from gopolicy.rl.reinforce_run import Limits, reinforce
from gopolicy.rl.self_play import FinishedGame, SelfPlay
from gopolicy.training.compute import Compute
from gopolicy.training.world import World

pytestmark = pytest.mark.usefixtures("one_thread")

SIZE, MARGIN = 5, 0.02


@pytest.fixture(autouse=True)
def _a_margin_that_suits_untrained_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gopolicy.rl.candidate_targets._MARGIN", MARGIN)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an untrained network that says how games end."""
    return write_outcome_weights(tmp_path_factory.mktemp("judge"), SIZE, "alphago4")


def config_of(judge: Path, *changes: str) -> ReinforceConfig:
    """Return settings of a run that takes no time."""
    settings = [
        *("size=5", "planes=alphago4", "filters=8", "layers=3", "games=4", "batch_size=16"),
        *("precision=fp32", "measure_every=0", "candidates=3", f"judge={judge}", "plies=20"),
    ]
    return override_reinforce(ReinforceConfig(), [*settings, *changes])


def new_policy(config: ReinforceConfig) -> Policy:
    """Return a network with random weights."""
    torch.manual_seed(1)
    network = build_network("alphago-res", planes=4, size=SIZE, **config.learning.settings)
    return Policy(LoadedNetwork(network, describe_network(network, "alphago4")), device="cpu")


def played(config: ReinforceConfig, policy: Policy, count: int) -> list[FinishedGame]:
    """Return games that were broken off, by number."""
    settings = replace(play_settings(config), most_moves=20)
    games = SelfPlay([policy], settings, seed=1).play(count)
    return sorted(games, key=lambda game: game.number)


def logs_of(
    config: ReinforceConfig, policy: Policy, games: Sequence[FinishedGame], decisions: Decisions
) -> NDArray[np.float32]:
    """Return log-probabilities over what there was to choose from, [M, A]."""
    encoder = DecisionEncoder("alphago4", play_settings(config))
    choices = encoder.choices(games, decisions)
    straight = np.zeros(len(decisions), np.int8)
    logs = policy.log_probabilities(encoder.encode(decisions, choices, straight).planes)
    logs = np.where(choices, logs, -np.inf)
    total: NDArray[np.float32] = logs - np.log(np.exp(logs).sum(1, keepdims=True))
    return total.astype(np.float32)


def beyond(sure: Sequence[float], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how much better each is than their mean, as far as that is above the margin."""
    mean = np.average(sure, weights=shares)
    gaps = [each - mean for each in sure]
    return np.array([max(gap - MARGIN, 0) if gap > 0 else min(gap + MARGIN, 0) for gap in gaps])


def test_the_target_is_what_boards_and_one_look_after_the_other_give(judged: Path) -> None:
    config = config_of(judged, "continuation=0", "boldness=30")
    policy, judge = (
        new_policy(config),
        load(judged, device="cpu", backend="torch", precision="fp32"),
    )
    games = played(config, policy, 3)
    decisions = decisions_of(games)
    logs = logs_of(config, policy, games, decisions)
    shares = CandidateTargets(judge, config).shares(decisions, logs, policy)
    np.testing.assert_allclose(shares.sum(1), 1, rtol=1e-4)
    moved = 0
    for row in range(len(decisions)):
        board = Board(SIZE, komi=config.komi)
        board.carry_out(decisions.events[decisions.starts[row] : decisions.moves[row]].tolist())
        color = Color(int(decisions.colors[row]))
        expected = np.exp(logs[row].astype(np.float64))
        best = sorted(np.flatnonzero(expected), key=lambda at: -logs[row][at])[:3]
        best = [at for at in best if expected[at] >= 0.02 * expected[best[0]]]
        sure = []
        for at in best:
            after = board.copy()
            after.play(Point(int(at)), color)
            (outlook,) = judge.outlooks([after]) or []
            lead = outlook.lead if color == Color.BLACK else -outlook.lead
            sure.append(lead / max(outlook.spread, 1))
        raised = expected.copy()
        raised[best] *= np.exp(30 * beyond(sure, expected[best]))
        raised[best] *= expected[best].sum() / raised[best].sum()
        np.testing.assert_allclose(shares[row], raised, rtol=1e-3, atol=1e-6)
        moved += np.abs(shares[row] - expected).max() > 1e-3
    assert moved > len(decisions) / 4


def test_the_game_goes_on_as_it_does_where_a_player_looks_ahead(judged: Path) -> None:
    config = config_of(judged, "continuation=3", "boldness=30", "candidates=2")
    policy, judge = (
        new_policy(config),
        load(judged, device="cpu", backend="torch", precision="fp32"),
    )

    class Mind:
        """The policy's moves and the judge's outlooks; keeps the boards that were looked at."""

        looked: list[Board]

        def probabilities(
            self, boards: Sequence[Board], colors: Sequence[Color], *, rough: bool = False
        ) -> NDArray[np.float32]:
            return policy.probabilities(boards, colors)

        def outlooks(
            self, boards: Sequence[Board], colors: Any = None, *, rough: bool = False
        ) -> Any:
            self.looked = list(boards)
            return judge.outlooks(boards)

        def predict(self, board: Board, color: Color | None = None) -> NDArray[np.float32]:
            raise AssertionError

    games = played(config, policy, 1)
    decisions = decisions_of(games)
    first = decisions.take(np.flatnonzero(decisions.moves < 3))  # all moves but eyes are sensible
    logs = logs_of(config, policy, games, first)
    shares = CandidateTargets(judge, config).shares(first, logs, policy)
    for row in range(len(first)):
        board = Board(SIZE, komi=config.komi)
        board.carry_out(first.events[first.starts[row] : first.moves[row]].tolist())
        color, mind = Color(int(first.colors[row])), Mind()
        before = np.exp(logs[row].astype(np.float64))
        LookAhead(mind, board, color, 2).weighed(before)
        points = np.argsort(-before, kind="stable")[:2]
        outlooks = judge.outlooks(mind.looked) or []
        sure = np.array([each.lead_of(color) / max(each.spread, 1) for each in outlooks])
        raised = before[points] * np.exp(30 * beyond(sure.tolist(), before[points]))
        raised *= before[points].sum() / raised.sum()
        np.testing.assert_allclose(shares[row][points], raised, rtol=1e-3)


def test_a_policy_comes_nearer_to_its_targets_which_stay(judged: Path) -> None:
    config = config_of(judged, "lr=0.01", "warmup=0", "games=32", "equivariant=true")
    policy = new_policy(config)
    judge = load(judged, device="cpu", backend="torch", precision="fp32")
    network = copy.deepcopy(policy.network)
    networks = Networks(policy=network, parent=copy.deepcopy(network), judge=judge)
    learner = Learner(
        config, networks, Compute("fp32", "channels_last"), World(torch.device("cpu"))
    )
    games = played(config, policy, 32)
    losses = [
        learner.learn(games, 0, np.random.default_rng(1), policy)[1]["loss"] for _ in range(20)
    ]
    assert losses[-1] < 0.75 * losses[0]


def test_a_run_that_goes_on_equals_one_that_never_stopped(tmp_path: Path, judged: Path) -> None:
    config = config_of(judged, "positions_per_game=3")
    for name, iterations in (("whole", 3), ("parts", 1), ("parts", 2)):
        out, limits = tmp_path / name, Limits(iterations=iterations)
        reinforce(out, config, limits=limits, resume=iterations == 2, device="cpu")
    whole, parts = (load_weights(tmp_path / name / "weights") for name in ("whole", "parts"))
    assert whole.info.sha256 == parts.info.sha256
    first = json.loads((tmp_path / "whole" / "metrics.jsonl").read_text().splitlines()[0])
    assert (first["length"], first["broken_off"]) == (20, 1)


TAUGHT = ("candidates=3", "judge=any")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["candidates=2"], "candidates 2 need a judge"),
        (["judge=alphago-64x8"], "judge 'alphago-64x8' needs candidates"),
        (["plies=20"], "plies 20 needs candidates"),
        (["continuation=2"], "continuation 2 needs candidates"),
        (["boldness=5"], "boldness 5.0 needs candidates"),
        (["critic_first=100"], "critic_first 100 needs baseline=ownership"),
        ([*TAUGHT, "baseline=ownership"], "baseline 'ownership' has no effect with candidates"),
        ([*TAUGHT, "softness=3"], "softness 3.0 has no effect with candidates"),
        ([*TAUGHT, "clip_ratio=0.1"], "clip_ratio 0.1 has no effect with candidates"),
        ([*TAUGHT, "candidates=1"], "candidates 0, or from 2 to the 361 points, got 1"),
        ([*TAUGHT, "size=5", "candidates=26"], "from 2 to the 25 points, got 26"),
        ([*TAUGHT, "size=5", "plies=101"], "plies up to 100, got 101"),
        ([*TAUGHT, "plies=3"], "batch_size 256 is more than the 192 decisions that 64 games"),
        (["positions_per_game=1"], "batch_size 256 is more than the 128 decisions"),
    ],
)
def test_settings_that_do_not_go_together_say_so(changes: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        override_reinforce(ReinforceConfig(), changes)


def targets_of(judge: Path, config: ReinforceConfig) -> CandidateTargets:
    """Return what tries candidates with a judge."""
    return CandidateTargets(load(judge, device="cpu", precision="fp32", size=SIZE), config)


@pytest.mark.parametrize("gap", [0.0, 900.0])
def test_a_judge_that_sees_no_difference_or_a_huge_one(
    judged: Path, gap: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sure(self: Any, decisions: Decisions, points: Any, *_: Any) -> NDArray[np.float64]:
        odd: NDArray[np.float64] = points % 2 * gap
        return odd

    monkeypatch.setattr(CandidateTargets, "_sure", sure)
    config = config_of(judged, "boldness=30")
    policy = new_policy(config)
    games = played(config, policy, 2)
    decisions = decisions_of(games)
    logs = logs_of(config, policy, games, decisions)
    shares = targets_of(judged, config).shares(decisions, logs, policy)
    np.testing.assert_allclose(shares.sum(1), 1, rtol=1e-4)
    assert bool(gap) == (np.abs(shares - np.exp(logs)).max() > 0.01)


def test_a_game_that_ends_after_a_candidate_is_judged_as_it_ended(judged: Path) -> None:
    config = config_of(judged, "continuation=3")
    policy, judge = new_policy(config), load(judged, device="cpu", precision="fp32")
    games = list(SelfPlay([policy], play_settings(config), seed=1).play(8))
    decisions = decisions_of(games)
    ends = np.cumsum([len(game.events) for game in games])
    last = decisions.take(np.flatnonzero(decisions.moves == ends[decisions.games] - 3))
    assert len(last) > 2  # two passes come after each
    points = (last.events[last.moves] & 1023).astype(np.int64)
    found = targets_of(judged, config)._sure(last, points, policy, lambda: True)
    for row in range(len(last)):
        board = Board(SIZE, komi=config.komi)
        board.carry_out(last.events[last.starts[row] : last.moves[row] + 3].tolist())
        (outlook,) = judge.outlooks([board]) or []
        lead = outlook.lead_of(Color(int(last.colors[row])))
        np.testing.assert_allclose(found[row], lead / max(outlook.spread, 1), rtol=1e-3, atol=1e-4)


def test_trying_candidates_can_be_given_up(judged: Path) -> None:
    config = config_of(judged)
    policy = new_policy(config)
    games = played(config, policy, 2)
    decisions = decisions_of(games)
    logs = logs_of(config, policy, games, decisions)
    with pytest.raises(GamesGivenUpError):
        targets_of(judged, config).shares(decisions, logs, policy, lambda: False)


def test_a_judge_may_be_of_another_size_and_other_planes(tmp_path: Path) -> None:
    other = write_outcome_weights(tmp_path / "judge", 7, "alphago12")
    result = reinforce(
        tmp_path / "run", config_of(other), limits=Limits(iterations=1), device="cpu"
    )
    assert result.iterations == 1


def test_a_run_wants_the_judge_that_it_began_with(
    tmp_path: Path, judged: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gopolicy.rl.reinforce_run.draw_learning_curves", lambda run: None)
    monkeypatch.chdir(tmp_path)
    shutil.copytree(judged, "judge")
    begin = ["reinforce", "--out", "run", "--device", "cpu", "--iterations", "1"]
    for change in (
        *("size=5", "planes=alphago4", "filters=8", "layers=3", "games=4", "batch_size=16"),
        *("precision=fp32", "candidates=3", "plies=20"),
    ):
        begin += ["--set", change]
    assert main([*begin, "--set", "judge=nothing"]) == 1
    assert "no weights at or called 'nothing'" in capsys.readouterr().err
    assert not Path("run").exists()
    assert main([*begin, "--set", "judge=judge"]) == 0
    resume = ["reinforce", "--out", "run", "--device", "cpu", "--iterations", "1", "--resume"]
    shutil.move("judge", "moved")
    assert main(resume) == 1
    assert "no weights at or called" in capsys.readouterr().err
    assert main([*resume, "--set", "judge=moved"]) == 0
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    resume[2] = str(tmp_path / "run")
    assert main(resume) == 0
    shutil.rmtree(tmp_path / "moved")
    write_outcome_weights(tmp_path / "moved", 7, "alphago4")
    capsys.readouterr()
    assert main(resume) == 1
    assert "is another network than this run has learned from (sha256" in capsys.readouterr().err


def test_a_judge_that_knows_moves_alone_is_refused(tmp_path: Path, capsys: Any) -> None:
    moves = write_weights(tmp_path / "moves", SIZE, "alphago4")
    command = ["reinforce", "--size", "5", "--planes", "alphago4", "--out", str(tmp_path / "run")]
    command += ["--set", "candidates=2", "--set", f"judge={moves}"]
    assert main(command) == 1
    assert "has not learned who wins" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
