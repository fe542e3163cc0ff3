"""Sets of labelled pictures and what is held out of them."""

import numpy as np
import pytest
from reference.made_pictures import bars

from gopolicy.errors import PictureError
from gopolicy.pictures.picture_set import PictureSet, hold_out, joined, renumbered


def test_a_share_of_every_class_is_held_out() -> None:
    train, test = hold_out(bars(50), 0.2)
    assert (train.counts(), test.counts()) == ([40, 40, 40], [10, 10, 10])


def test_the_choice_does_not_depend_on_order_or_company() -> None:
    whole = bars(50)
    generator = np.random.default_rng(3)
    shuffled = whole.select(generator.permutation(len(whole)))
    first = {picture.tobytes() for picture in hold_out(whole, 0.2)[1].pixels}
    assert {picture.tobytes() for picture in hold_out(shuffled, 0.2)[1].pixels} == first
    only = hold_out(whole.only([1]), 0.2)[1]
    assert {picture.tobytes() for picture in only.pixels} < first


def test_copies_are_never_on_both_sides() -> None:
    whole = bars(20)
    twice = joined(whole, whole, whole)
    train, test = hold_out(twice, 0.25)
    sides = [{picture.tobytes() for picture in part.pixels} for part in (train, test)]
    assert not sides[0] & sides[1]
    assert len(train) + len(test) == len(twice)
    assert test.counts() == [15, 15, 15]


def test_a_class_of_one_picture_cannot_be_split() -> None:
    whole = bars(5)
    copies = whole.select(np.flatnonzero(whole.labels == 0)[[0, 0, 0]])
    with pytest.raises(PictureError, match="class lying needs 2 or more different pictures"):
        hold_out(copies, 0.2)
    with pytest.raises(PictureError, match="share"):
        hold_out(whole, 1.0)


def test_a_class_of_copies_of_held_out_pictures_alone_is_refused() -> None:
    pixels = np.arange(2, dtype=np.uint8).reshape(2, 1, 1, 1)
    wide = np.arange(9, dtype=np.uint8).reshape(9, 1, 1, 1)
    labels = np.array([0] * 2 + [1] * 9)
    copies = PictureSet(np.concatenate([pixels, wide]), labels, ("few", "many"))
    with pytest.raises(PictureError, match="class few has nothing but copies of held out pictures"):
        hold_out(copies, 0.9)


def test_some_classes_are_numbered_anew() -> None:
    whole = bars(4)
    some = whole.only([2, 0])
    assert some.classes == ("slanting", "lying")
    for picture, label in zip(some.pixels, some.labels, strict=True):
        (place,) = np.flatnonzero((whole.pixels == picture).all((1, 2, 3)))
        assert whole.classes[whole.labels[place]] == some.classes[label]


def test_a_few_pictures_of_each_class() -> None:
    few = bars(9).few(2, np.random.default_rng(1))
    assert few.counts() == [2, 2, 2]
    with pytest.raises(PictureError, match="class lying has 9 pictures, expected 10"):
        bars(9).few(10, np.random.default_rng(1))


def test_other_numbers_for_the_same_classes() -> None:
    set_ = renumbered(bars(2, classes=2), ("empty", "standing", "lying"))
    assert {set_.classes[label] for label in set_.labels} == {"standing", "lying"}
    with pytest.raises(PictureError, match="class standing is not among"):
        renumbered(bars(2, classes=2), ("lying",))


def test_the_digest_sees_everything() -> None:
    one = bars(3)
    assert one.digest() == bars(3).digest()
    other = one.pixels.copy()
    other[0, 0, 0, 0] += 1
    changed = [
        PictureSet(other, one.labels, one.classes),
        PictureSet(one.pixels, one.labels[::-1], one.classes),
        PictureSet(one.pixels, one.labels, ("a", "b", "c")),
    ]
    assert len({each.digest() for each in (one, *changed)}) == 4


@pytest.mark.parametrize("labels", [[0, 1], [0, 1, 3], [0, 1, -1]])
def test_labels_must_fit(labels: list[int]) -> None:
    with pytest.raises(PictureError):
        PictureSet(np.zeros((3, 1, 2, 2), np.uint8), np.array(labels), ("a", "b", "c"))


def test_copies_in_other_classes_are_held_out_too() -> None:
    rng = np.random.default_rng(4)
    pixels = rng.integers(0, 256, (30, 1, 4, 4), dtype=np.uint8)
    copied = np.concatenate([pixels, pixels[:12]])
    labels = np.array([0] * 15 + [1] * 15 + [1] * 6 + [0] * 6)
    for _ in range(20):
        pictures = PictureSet(rng.permuted(copied, axis=2), labels, ("a", "b"))
        pictures.pixels[30:] = pictures.pixels[:12]
        train, held = hold_out(pictures, 0.2)
        seen = {picture.tobytes() for picture in train.pixels}
        assert not seen & {picture.tobytes() for picture in held.pixels}
        assert len(train) + len(held) == len(pictures)
