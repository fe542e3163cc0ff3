"""Weight folders, whole and damaged."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from gopolicy.errors import ConfigError, OutputError, WeightsError
from gopolicy.files import MAX_JSON
from gopolicy.nets import weight_folder, weight_info, weights
from gopolicy.nets.network import PolicyNetwork
from gopolicy.nets.registry import build_network
from gopolicy.nets.weight_info import (
    WeightsInfo,
    check_weights,
    default_weights,
    find_weights,
    shipped_weights,
)
from gopolicy.nets.weights import describe_network, load_weights, save_weights
from gopolicy.settings import Setting


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(5)
    torch.set_num_threads(1)


def some_network(**more: Setting) -> PolicyNetwork:
    return build_network("alphago", planes=4, size=5, **{"filters": 6, "layers": 3, **more})


def save(folder: Path, **facts: object) -> WeightsInfo:
    network = some_network()
    return save_weights(folder, network, describe_network(network, "alphago4", **facts))


def change_description(folder: Path, **changes: object) -> None:
    path = folder / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    network = some_network()
    facts = {"data": "abc", "positions": 7, "accuracy": {"top1": 0.5, "protocol": "none"}}
    info = save_weights(tmp_path / "w", network, describe_network(network, "alphago4", **facts))
    loaded = load_weights(tmp_path / "w")
    assert loaded.info == info
    assert (info.data, info.positions, info.accuracy) == ("abc", 7, facts["accuracy"])
    x = torch.randn(3, 4, 5, 5)
    assert torch.equal(loaded.network(x), network(x))
    assert not loaded.network.training


@pytest.mark.parametrize("name", ["w", "w/model.json", "w/model.safetensors"])
def test_a_folder_or_a_file_in_it_will_do(tmp_path: Path, name: str) -> None:
    save(tmp_path / "w")
    assert load_weights(tmp_path / name).info.plane_set == "alphago4"


def test_half_precision_halves_the_file_and_hardly_changes_the_network(tmp_path: Path) -> None:
    network = some_network(filters=64)
    full = save_weights(tmp_path / "full", network, describe_network(network, "alphago4"))
    half = save_weights(
        tmp_path / "half", network, describe_network(network, "alphago4", precision="fp16")
    )
    sizes = [(tmp_path / w / "model.safetensors").stat().st_size for w in ("full", "half")]
    assert sizes[1] < 0.52 * sizes[0]
    assert full.sha256 != half.sha256
    loaded = load_weights(tmp_path / "half").network
    assert all(tensor.dtype == torch.float32 for tensor in loaded.state_dict().values())
    x = torch.randn(3, 4, 5, 5)
    assert torch.allclose(loaded(x), network(x), atol=0.02)


def test_numbers_too_large_for_half_precision_are_refused(tmp_path: Path) -> None:
    network = some_network()
    torch.nn.init.constant_(network.get_parameter("conv2.conv.weight"), 1e6)
    with pytest.raises(ConfigError, match=r"conv2\.conv\.weight"):
        save_weights(tmp_path, network, describe_network(network, "alphago4", precision="fp16"))


def test_the_card_stays_when_weights_are_replaced(tmp_path: Path) -> None:
    save(tmp_path)
    (tmp_path / "CARD.md").write_text("hello")
    save(tmp_path, positions=9)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "CARD.md",
        "model.json",
        "model.safetensors",
    ]
    assert load_weights(tmp_path).info.positions == 9


def test_the_memory_format_does_not_change_the_file(tmp_path: Path) -> None:
    network = some_network()
    one = save_weights(tmp_path / "one", network, describe_network(network, "alphago4"))
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    two = save_weights(tmp_path / "two", network, describe_network(network, "alphago4"))
    assert one.sha256 == two.sha256


@pytest.mark.parametrize("writes", [0, 1, 2])
def test_a_kill_while_replacing_leaves_the_old_network_or_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    old = save(tmp_path)
    done: list[Path] = []

    def write_then_die(path: Path, data: bytes) -> None:
        if len(done) == writes:
            raise KeyboardInterrupt
        done.append(path)
        real(path, data)

    real = weight_folder.write_bytes
    monkeypatch.setattr(weight_folder, "write_bytes", write_then_die)
    if writes == 2:
        monkeypatch.setattr(Path, "replace", die_on_tensors)
    with pytest.raises(KeyboardInterrupt):
        save(tmp_path, positions=9)
    monkeypatch.undo()
    found = load_weights(tmp_path).info
    assert found.positions == (9 if writes == 2 else 0)
    assert (found == old) == (writes < 2)
    save(tmp_path, positions=10)
    assert load_weights(tmp_path).info.positions == 10
    assert len(list(tmp_path.iterdir())) == 2


def die_on_tensors(
    self: Path, target: Path, replace: Callable[[Path, Path], Path] = Path.replace
) -> Path:
    if Path(target).name == "model.safetensors":
        raise KeyboardInterrupt
    return replace(self, target)


def test_missing_weights_are_named() -> None:
    with pytest.raises(WeightsError, match="no weights at or called 'nowhere/at-all'"):
        load_weights("nowhere/at-all")


def test_a_folder_without_a_description_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"expected a folder with model\.json"):
        load_weights(tmp_path)


def test_a_missing_tensor_file_is_refused(tmp_path: Path) -> None:
    save(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(WeightsError, match="got no file"):
        load_weights(tmp_path)


def test_another_hash_is_refused(tmp_path: Path) -> None:
    save(tmp_path)
    data = bytearray((tmp_path / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (tmp_path / "model.safetensors").write_bytes(data)
    with pytest.raises(WeightsError, match="expected sha256"):
        load_weights(tmp_path)


def change_tensors(folder: Path, change: Callable[[dict[str, torch.Tensor]], None]) -> None:
    """Change tensors and give the description their new hash."""
    path = folder / "model.safetensors"
    tensors = safetensors.torch.load_file(path)
    change(tensors)
    data = safetensors.torch.save(tensors)
    path.write_bytes(data)
    change_description(folder, sha256=hashlib.sha256(data).hexdigest())


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("kind", [torch.float32, torch.float16, torch.float64])
def test_weights_that_are_not_finite_are_refused(
    tmp_path: Path, number: float, kind: torch.dtype
) -> None:
    save(tmp_path)

    def spoil(tensors: dict[str, torch.Tensor]) -> None:
        tensors["conv2.conv.bias"] = tensors["conv2.conv.bias"].to(kind)
        tensors["conv2.conv.bias"][3] = number

    change_tensors(tmp_path, spoil)
    with pytest.raises(WeightsError, match=r"tensor conv2\.conv\.bias holds numbers"):
        load_weights(tmp_path)


def test_weights_too_large_for_single_precision_are_refused(tmp_path: Path) -> None:
    save(tmp_path)
    large = torch.full((6,), 1e300, dtype=torch.float64)
    change_tensors(tmp_path, lambda tensors: tensors.update({"conv2.conv.bias": large}))
    with pytest.raises(WeightsError, match="not finite"):
        load_weights(tmp_path)


def test_weights_that_are_not_finite_are_not_saved(tmp_path: Path) -> None:
    save(tmp_path)
    network = some_network()
    torch.nn.init.constant_(network.get_parameter("conv2.conv.weight"), float("nan"))
    with pytest.raises(ConfigError, match=r"conv2\.conv\.weight holds numbers that are not finite"):
        save_weights(tmp_path, network, describe_network(network, "alphago4"))
    assert load_weights(tmp_path).info.size == 5


def test_tensors_of_whole_numbers_are_refused(tmp_path: Path) -> None:
    save(tmp_path)
    whole = torch.zeros(6, dtype=torch.int64)
    change_tensors(tmp_path, lambda tensors: tensors.update({"conv2.conv.bias": whole}))
    with pytest.raises(WeightsError, match=r"conv2\.conv\.bias of floating point, got int64"):
        load_weights(tmp_path)


def test_weights_replaced_while_they_are_read_are_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path)
    replaced: list[Any] = []

    def replace_first(folder: Path, sha256: str) -> dict[str, torch.Tensor]:
        if len(replaced) < 5:
            replaced.append(save(tmp_path, positions=len(replaced) + 1))
        return weight_folder.read_tensors(folder, sha256)

    monkeypatch.setattr(weights, "read_tensors", replace_first)
    assert load_weights(tmp_path).info == replaced[4]


def test_damaged_weights_that_nobody_replaces_are_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"damage")
    reads = []

    def count(folder: Path, sha256: str) -> dict[str, torch.Tensor]:
        reads.append(sha256)
        return weight_folder.read_tensors(folder, sha256)

    monkeypatch.setattr(weights, "read_tensors", count)
    with pytest.raises(WeightsError, match="expected sha256"):
        load_weights(tmp_path)
    assert len(reads) == 1


def test_a_description_without_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path)
    (tmp_path / "model.json").write_bytes(b" " * (MAX_JSON + 1))
    with pytest.raises(WeightsError, match="it has 16,777,217 bytes, expected 16,777,216 at most"):
        load_weights(tmp_path)


def test_a_truncated_file_of_tensors_is_refused_even_with_its_hash(tmp_path: Path) -> None:
    save(tmp_path)
    data = (tmp_path / "model.safetensors").read_bytes()[:-9]
    (tmp_path / "model.safetensors").write_bytes(data)
    change_description(tmp_path, sha256=hashlib.sha256(data).hexdigest())
    with pytest.raises(WeightsError, match="not a file of tensors"):
        load_weights(tmp_path)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"plane_set": "alphago48"}, "planes alphago48, got alphago4"),
        ({"size": 19}, "size 19, got 5"),
    ],
)
def test_a_network_for_other_planes_or_boards_is_refused(
    tmp_path: Path, wanted: dict[str, str] | dict[str, int], message: str
) -> None:
    save(tmp_path)
    with pytest.raises(WeightsError, match=message):
        load_weights(tmp_path, **wanted)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 2}, "expected weight format 1, got 2"),
        ({"network": "transformer"}, "no network called 'transformer'"),
        ({"network": 3}, "expected network to be str, got 3"),
        ({"settings": {"filters": 6, "layers": 3, "depth": 1}}, "'depth'"),
        ({"settings": {"filters": 6, "layers": 4}}, "lacks tensor conv4"),
        ({"settings": {"filters": 6, "layers": 2}}, "unexpected tensor conv3"),
        ({"settings": {"filters": 7, "layers": 3}}, r"of shape \(7,.*, got \(6,"),
        (
            {"settings": {"filters": 10**12, "layers": 3}},
            "filters .* 1,048,576 at most",
        ),
        ({"settings": {"filters": 6, "layers": 10**6}}, "1 to 1000 layers"),
        ({"planes": 5}, r"shape \(6, 5, 5, 5\), got \(6, 4, 5, 5\)"),
        ({"planes": -1}, "expected 1 to 1024 planes"),
        ({"size": 9}, r"shape \(81,\), got \(25,\)"),
        ({"sha256": None}, "expected sha256 to be str, got None"),
        ({"settings": {"filters": 100_000, "layers": 3}}, r"of shape \(100000,.*, got \(6,"),
        ({"planes": 10**400}, "expected a finite number of at most 64 bits, got 1000"),
        ({"positions": 10**30}, "expected a finite number of at most 64 bits, got 1000"),
        ({"accuracy": {"top1": float("nan")}}, "expected a finite number .*, got NaN"),
        ({"precision": 16}, "expected precision to be str, got 16"),
        ({"data": None}, "expected data to be str, got None"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(
    tmp_path: Path, changes: Any, message: str
) -> None:
    save(tmp_path)
    change_description(tmp_path, **changes)
    with pytest.raises(WeightsError, match=message):
        load_weights(tmp_path)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", "[" * 100_000], ids=["empty", "cut", "list", "number", "deep"]
)
def test_a_description_that_is_no_object_is_refused(tmp_path: Path, text: str) -> None:
    save(tmp_path)
    (tmp_path / "model.json").write_text(text)
    with pytest.raises(WeightsError):
        load_weights(tmp_path)


def test_fields_of_a_later_version_are_left_out(tmp_path: Path) -> None:
    save(tmp_path)
    change_description(tmp_path, license="free")
    assert load_weights(tmp_path).info.size == 5


def test_a_place_that_cannot_be_written_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        save(tmp_path / "file" / "w")


def test_shipped_networks_are_found_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weight_info, "shipped_root", lambda: tmp_path)
    with pytest.raises(WeightsError, match="no network is shipped"):
        default_weights()
    save(tmp_path / "small", accuracy={"top1": 0.4})
    save(tmp_path / "strong", accuracy={"top1": 0.5})
    save(tmp_path / "unmeasured")
    assert shipped_weights() == ["small", "strong", "unmeasured"]
    assert default_weights() == "strong"
    assert find_weights("small") == tmp_path / "small"
    assert load_weights("small").info.accuracy == {"top1": 0.4}
    with pytest.raises(WeightsError, match="shipped: small, strong, unmeasured"):
        load_weights("smal")


def test_the_file_holds_tensors_and_nothing_that_runs(tmp_path: Path) -> None:
    save(tmp_path)
    tensors = safetensors.torch.load_file(tmp_path / "model.safetensors")
    assert set(tensors) == set(some_network().state_dict())


@pytest.mark.parametrize("name", shipped_weights())
def test_every_shipped_network_loads(name: str) -> None:
    loaded = load_weights(name)
    size, planes = loaded.info.size, loaded.info.planes
    assert loaded.network(torch.zeros(1, planes, size, size)).shape == (1, size * size)


def test_the_check_without_torch_refuses_what_loading_would(tmp_path: Path) -> None:
    folder = tmp_path / "run" / "weights"
    save(folder)
    check_weights(folder)
    with pytest.raises(WeightsError, match="its weight folder is"):
        check_weights(folder.parent)
    (folder / "model.safetensors").rename(folder / ".next-model.safetensors")
    check_weights(folder)  # a replacement that was killed half-way loads
    (folder / ".next-model.safetensors").unlink()
    with pytest.raises(WeightsError, match=r"model\.safetensors: no such file"):
        check_weights(folder)
    (folder / "model.json").write_text("{")
    with pytest.raises(WeightsError, match="expected JSON"):
        check_weights(folder)
