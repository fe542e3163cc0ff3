"""Weight folders, whole and damaged."""

import json
from pathlib import Path

import pytest
import safetensors.torch
import torch

from gopolicy.errors import ConfigError, OutputError, WeightsError
from gopolicy.nets import weight_folder, weights
from gopolicy.nets.registry import build_network
from gopolicy.nets.weights import (
    WeightsInfo,
    default_weights,
    describe,
    find_weights,
    load_weights,
    save_weights,
    shipped_weights,
)


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(5)
    torch.set_num_threads(1)


def some_network(**more):
    return build_network("alphago", planes=4, size=5, **{"filters": 6, "layers": 3, **more})


def save(folder: Path, **facts) -> WeightsInfo:
    network = some_network()
    return save_weights(folder, network, describe(network, "alphago4", **facts))


def change_description(folder: Path, **changes) -> None:
    path = folder / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_what_is_saved_is_loaded(tmp_path):
    network = some_network()
    facts = {"data": "abc", "positions": 7, "accuracy": {"top1": 0.5, "protocol": "none"}}
    info = save_weights(tmp_path / "w", network, describe(network, "alphago4", **facts))
    loaded = load_weights(tmp_path / "w")
    assert loaded.info == info
    assert (info.data, info.positions, info.accuracy) == ("abc", 7, facts["accuracy"])
    x = torch.randn(3, 4, 5, 5)
    assert torch.equal(loaded.network(x), network(x))
    assert not loaded.network.training


@pytest.mark.parametrize("name", ["w", "w/model.json", "w/model.safetensors"])
def test_a_folder_or_a_file_in_it_will_do(tmp_path, name):
    save(tmp_path / "w")
    assert load_weights(tmp_path / name).info.plane_set == "alphago4"


def test_half_precision_halves_the_file_and_hardly_changes_the_network(tmp_path):
    network = some_network(filters=64)
    full = save_weights(tmp_path / "full", network, describe(network, "alphago4"))
    half = save_weights(tmp_path / "half", network, describe(network, "alphago4", precision="fp16"))
    sizes = [(tmp_path / w / "model.safetensors").stat().st_size for w in ("full", "half")]
    assert sizes[1] < 0.52 * sizes[0]
    assert full.sha256 != half.sha256
    loaded = load_weights(tmp_path / "half").network
    assert all(tensor.dtype == torch.float32 for tensor in loaded.state_dict().values())
    x = torch.randn(3, 4, 5, 5)
    assert torch.allclose(loaded(x), network(x), atol=0.02)


def test_numbers_too_large_for_half_precision_are_refused(tmp_path):
    network = some_network()
    torch.nn.init.constant_(network.get_submodule("conv2").conv.weight, 1e6)
    with pytest.raises(ConfigError, match=r"conv2\.conv\.weight"):
        save_weights(tmp_path, network, describe(network, "alphago4", precision="fp16"))


def test_the_card_stays_when_weights_are_replaced(tmp_path):
    save(tmp_path)
    (tmp_path / "CARD.md").write_text("hello")
    save(tmp_path, positions=9)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "CARD.md",
        "model.json",
        "model.safetensors",
    ]
    assert load_weights(tmp_path).info.positions == 9


def test_the_memory_format_does_not_change_the_file(tmp_path):
    network = some_network()
    one = save_weights(tmp_path / "one", network, describe(network, "alphago4"))
    network.to(memory_format=torch.channels_last)
    two = save_weights(tmp_path / "two", network, describe(network, "alphago4"))
    assert one.sha256 == two.sha256


@pytest.mark.parametrize("writes", [0, 1, 2])
def test_a_kill_while_replacing_leaves_the_old_network_or_the_new(tmp_path, monkeypatch, writes):
    old = save(tmp_path)
    done = []

    def write_then_die(path, data):
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


def die_on_tensors(self, target, replace=Path.replace):
    if Path(target).name == "model.safetensors":
        raise KeyboardInterrupt
    return replace(self, target)


def test_missing_weights_are_named():
    with pytest.raises(WeightsError, match="no weights at or called 'nowhere/at-all'"):
        load_weights("nowhere/at-all")


def test_a_folder_without_a_description_is_refused(tmp_path):
    with pytest.raises(WeightsError, match=r"expected a folder with model\.json"):
        load_weights(tmp_path)


def test_a_missing_tensor_file_is_refused(tmp_path):
    save(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(WeightsError, match="got no file"):
        load_weights(tmp_path)


def test_another_hash_is_refused(tmp_path):
    save(tmp_path)
    data = bytearray((tmp_path / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (tmp_path / "model.safetensors").write_bytes(data)
    with pytest.raises(WeightsError, match="expected sha256"):
        load_weights(tmp_path)


def test_a_truncated_file_of_tensors_is_refused_even_with_its_hash(tmp_path):
    import hashlib

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
def test_a_network_for_other_planes_or_boards_is_refused(tmp_path, wanted, message):
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
        ({"settings": {"filters": 10**12, "layers": 3}}, "overflow"),
        ({"settings": {"filters": 6, "layers": 10**12}}, "1 to 1000 layers"),
        ({"planes": 5}, r"shape \(6, 5, 5, 5\), got \(6, 4, 5, 5\)"),
        ({"planes": -1}, "at least 1 plane"),
        ({"size": 9}, r"shape \(81,\), got \(25,\)"),
        ({"sha256": None}, "expected sha256 to be str, got None"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(tmp_path, changes, message):
    save(tmp_path)
    change_description(tmp_path, **changes)
    with pytest.raises(WeightsError, match=message):
        load_weights(tmp_path)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", "[" * 100_000], ids=["empty", "cut", "list", "number", "deep"]
)
def test_a_description_that_is_no_object_is_refused(tmp_path, text):
    save(tmp_path)
    (tmp_path / "model.json").write_text(text)
    with pytest.raises(WeightsError):
        load_weights(tmp_path)


def test_fields_of_a_later_version_are_left_out(tmp_path):
    save(tmp_path)
    change_description(tmp_path, license="free")
    assert load_weights(tmp_path).info.size == 5


def test_a_place_that_cannot_be_written_is_an_output_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        save(tmp_path / "file" / "w")


def test_shipped_networks_are_found_by_name(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "shipped_root", lambda: tmp_path)
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


def test_the_file_holds_tensors_and_nothing_that_runs(tmp_path):
    save(tmp_path)
    tensors = safetensors.torch.load_file(tmp_path / "model.safetensors")
    assert set(tensors) == set(some_network().state_dict())


@pytest.mark.parametrize("name", shipped_weights())
def test_every_shipped_network_loads(name):
    loaded = load_weights(name)
    size, planes = loaded.info.size, loaded.info.planes
    assert loaded.network(torch.zeros(1, planes, size, size)).shape == (1, size * size)
