from __future__ import annotations

import pickle
from collections import Counter

import numpy as np
import pytest

from datamodules.samples import NO_HAIR_COLOUR
from datamodules.sampling.samplers import (
    BalancedSampler,
    SequentialSampler,
    ShuffledSampler,
    StratifiedSampler,
    attribute_sampler,
)


def test_file_order_starts_over() -> None:
    order = SequentialSampler(3)
    assert [order(draw) for draw in range(7)] == [0, 1, 2, 0, 1, 2, 0]


def test_shuffled_passes_are_whole_and_differ() -> None:
    order = ShuffledSampler(10, seed=0, stream=0)
    passes = [[order(draw) for draw in range(start, start + 10)] for start in (0, 10, 20)]
    assert all(sorted(one) == list(range(10)) for one in passes)
    assert passes[0] != passes[1] != passes[2] != list(range(10))


def test_seed_and_stream_tell_orders_apart() -> None:
    drawn = {
        key: tuple(ShuffledSampler(20, *key)(draw) for draw in range(20)) for key in ((0, 0), (0, 1), (1, 0), (0, 0))
    }
    assert len(set(drawn.values())) == 3


def test_each_round_has_every_colour_once() -> None:
    hair = np.array([0] * 50 + [1] * 3 + [2] * 7 + [3] * 20 + [NO_HAIR_COLOUR] * 30)
    order = BalancedSampler(hair, seed=0, stream=0)
    drawn = [order(draw) for draw in range(4 * 60)]
    for start in range(0, len(drawn), 4):
        assert sorted(hair[drawn[start : start + 4]]) == [0, 1, 2, 3]
    uses = Counter(drawn)
    assert {uses[index] for index in range(50, 53)} == {20}  # 60 rounds through three faces
    assert {uses[index] for index in range(50)} == {1, 2}


def test_balanced_colours_do_not_keep_their_turn() -> None:
    hair = np.repeat(np.arange(4), 5)
    order = BalancedSampler(hair, seed=0, stream=0)
    assert len({tuple(hair[[order(4 * r + turn) for turn in range(4)]]) for r in range(20)}) > 5


def test_nothing_to_balance_is_an_error() -> None:
    with pytest.raises(ValueError, match="no face has a hair label"):
        BalancedSampler(np.array([NO_HAIR_COLOUR]), seed=0, stream=0)


def test_orders_travel_to_other_processes() -> None:
    hair = np.repeat(np.arange(4), 5)
    for order in (SequentialSampler(7), ShuffledSampler(7, 0, 1), BalancedSampler(hair, 0, 1)):
        copy = pickle.loads(pickle.dumps(order))
        assert [copy(draw) for draw in range(30)] == [order(draw) for draw in range(30)]


def test_groups_are_drawn_in_their_ratio_evenly_mixed_and_each_face_as_often() -> None:
    is_first = np.array([True] * 30 + [False] * 10)
    order = StratifiedSampler(is_first, 0.1, seed=0, stream=1)
    drawn = np.array([order(draw) for draw in range(1000)])
    assert is_first[drawn].sum() == 100
    assert all(is_first[drawn[start : start + 10]].sum() == 1 for start in range(0, 1000, 10))
    uses = Counter(drawn.tolist())
    assert {uses[index] for index in range(30)} <= {3, 4}
    assert {uses[index] for index in range(30, 40)} == {90}
    assert [order(draw) for draw in (7, 999)] == [drawn[7], drawn[999]]  # a pure function of the draw


def test_a_group_without_faces_is_never_drawn() -> None:
    for group in (True, False):
        order = StratifiedSampler(np.full(5, group), 0.3, seed=0, stream=0)
        assert sorted(order(draw) for draw in range(5)) == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match="no faces"):
        StratifiedSampler(np.zeros(0, dtype=np.bool_), 0.3, seed=0, stream=0)


def test_each_attribute_has_its_share_whatever_the_others_are() -> None:
    has = np.array([[False, False]] * 60 + [[True, False]] * 25 + [[False, True]] * 10 + [[True, True]] * 5)
    order = attribute_sampler(has, [0.2, 0.5], seed=0, stream=1)
    drawn = has[[order(draw) for draw in range(1000)]]
    assert drawn.mean(axis=0).tolist() == pytest.approx([0.2, 0.5], abs=0.002)
    assert drawn.all(axis=1).mean() == pytest.approx(0.1, abs=0.002)
    first = [order(draw) for draw in range(100)]
    assert [order(draw) for draw in range(100)] == first  # a pure function of the draw
    assert [attribute_sampler(has, [0.2, 0.5], seed=1, stream=1)(draw) for draw in range(100)] != first


def test_combinations_that_no_face_has_are_not_drawn() -> None:
    has = np.array([[False, True]] * 4 + [[True, False]] * 4)
    order = attribute_sampler(has, [0.25, 0.5], seed=0, stream=0)
    assert has[[order(draw) for draw in range(400)]].mean(axis=0).tolist() == [0.25, 0.75]
    plain = attribute_sampler(has[:, :0], [], seed=0, stream=0)
    assert sorted(plain(draw) for draw in range(8)) == list(range(8))
