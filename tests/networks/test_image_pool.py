"""The image pool: what it returns, what it keeps, what a checkpoint keeps."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from networks import ImagePool


def numbered(start: int, n: int = 1) -> dict[str, Tensor]:
    """Samples whose image, label and landmarks all tell the same number."""
    numbers = torch.arange(start, start + n)
    return {
        "image": numbers.float().view(n, 1, 1, 1).expand(n, 3, 2, 2),
        "label": numbers,
        "landmarks": numbers.float().view(n, 1, 1).expand(n, 5, 2),
    }


def test_a_pool_that_fills_returns_its_input() -> None:
    pool = ImagePool(size=5)
    for start in (0, 2):
        batch = numbered(start, 2)
        for name, tensor in pool.query(batch).items():
            assert torch.equal(tensor, batch[name])
    assert len(pool) == 4


def test_size_zero_passes_the_input_through() -> None:
    pool, batch = ImagePool(size=0), numbered(0, 3)
    assert pool.query(batch) is batch
    assert len(pool) == 0


def test_parts_of_a_sample_travel_together() -> None:
    pool = ImagePool(size=3)
    for start in range(0, 60, 2):
        answer = pool.query(numbered(start, 2))
        expected = answer["label"].float()
        assert answer["image"].shape == (2, 3, 2, 2)
        assert (answer["image"] == expected.view(2, 1, 1, 1)).all()
        assert (answer["landmarks"] == expected.view(2, 1, 1)).all()


@pytest.mark.parametrize("probability", [0.0, 0.25, 1.0])
def test_exchanges_with_the_given_probability(probability: float) -> None:
    pool = ImagePool(size=10, probability=probability)
    pool.query(numbered(0, 10))
    answers = pool.query(numbered(10, 4000))["label"]
    exchanged = (answers != torch.arange(10, 4010)).float().mean().item()
    assert exchanged == pytest.approx(probability, abs=0.035)


def test_every_place_is_exchanged_equally_often() -> None:
    """A place is left after ten exchanges in the mean, so ages are geometric with that mean."""
    pool = ImagePool(size=10, probability=1.0)
    pool.query(numbered(0, 10))
    ages = torch.arange(10, 4010) - pool.query(numbered(10, 4000))["label"]
    assert ages.min() == 1
    assert ages.float().mean().item() == pytest.approx(10, abs=0.8)
    assert (ages == 1).float().mean().item() == pytest.approx(0.1, abs=0.025)


def test_no_sample_is_lost_or_doubled() -> None:
    pool = ImagePool(size=7)
    answers = [int(pool.query(numbered(i))["label"]) for i in range(200)]
    later = answers[7:]
    kept = [int(sample["label"]) for sample in pool.get_extra_state()["samples"]]
    assert sorted(later + kept) == list(range(200))


def test_keeps_detached_copies() -> None:
    pool = ImagePool(size=1, probability=1.0)
    image = torch.ones(1, 3, 2, 2, requires_grad=True) * 2
    pool.query({"image": image})
    with torch.no_grad():
        image.zero_()
    answer = pool.query({"image": torch.zeros(1, 3, 2, 2)})["image"]
    assert not answer.requires_grad
    assert (answer == 2).all()


def test_answers_in_the_type_of_the_query() -> None:
    pool = ImagePool(size=1, probability=1.0)
    pool.query({"image": torch.ones(1, 3, 2, 2)})
    answer = pool.query({"image": torch.zeros(1, 3, 2, 2, dtype=torch.bfloat16)})["image"]
    assert answer.dtype == torch.bfloat16
    assert (answer == 1).all()


def test_answers_on_the_device_of_the_query() -> None:
    pool = ImagePool(size=1, probability=1.0)
    pool.query({"image": torch.ones(1, 3, 2, 2)})
    assert pool.query({"image": torch.empty(1, 3, 2, 2, device="meta")})["image"].device.type == "meta"


def test_has_nothing_to_train() -> None:
    pool = ImagePool(size=2)
    pool.query(numbered(0, 2))
    assert not list(pool.parameters())
    assert not list(pool.buffers())


@pytest.mark.parametrize("n_before", [3, 20])
def test_continues_identically_from_a_checkpoint(tmp_path: Path, n_before: int) -> None:
    model = nn.ModuleDict({"pool": ImagePool(size=5, seed=3)})
    pool = model["pool"]
    assert isinstance(pool, ImagePool)
    pool.query(numbered(0, n_before))
    torch.save(model.state_dict(), tmp_path / "pool.ckpt")

    resumed = nn.ModuleDict({"pool": ImagePool(size=5, seed=99)})
    resumed.load_state_dict(torch.load(tmp_path / "pool.ckpt", weights_only=True))
    resumed_pool = resumed["pool"]
    assert isinstance(resumed_pool, ImagePool)
    assert len(resumed_pool) == min(n_before, 5)
    for start in range(n_before, n_before + 40, 2):
        expected, answer = pool.query(numbered(start, 2)), resumed_pool.query(numbered(start, 2))
        for name in expected:
            assert torch.equal(answer[name], expected[name])


def test_a_state_is_a_snapshot() -> None:
    pool = ImagePool(size=2, probability=1.0)
    pool.query(numbered(0, 2))
    state = pool.state_dict()
    pool.query(numbered(2, 2))
    assert sorted(int(s["label"]) for s in state["_extra_state"]["samples"]) == [0, 1]


def test_seeds_decide() -> None:
    runs = []
    for seed in (0, 0, 1):
        pool = ImagePool(size=4, seed=seed)
        runs.append(pool.query(numbered(0, 100))["label"].tolist())
    assert runs[0] == runs[1] != runs[2]


def test_does_not_touch_the_global_random_state() -> None:
    before = torch.get_rng_state()
    ImagePool(size=1).query(numbered(0, 10))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(("size", "kept"), [(3, [2, 3, 4]), (0, []), (8, [0, 1, 2, 3, 4])])
def test_of_a_saved_pool_the_last_samples_stay_that_it_has_room_for(size: int, kept: list[int]) -> None:
    pool, resumed = ImagePool(size=5), ImagePool(size)
    pool.query(numbered(0, 5))
    resumed.load_state_dict(pool.state_dict())
    assert [int(sample["label"]) for sample in resumed.get_extra_state()["samples"]] == kept
    assert len(resumed.query(numbered(5, 20))["label"]) == 20
    assert len(resumed) == size


def test_refuses_samples_that_differ_from_those_it_holds() -> None:
    pool = ImagePool(size=5)
    pool.query({"image": torch.zeros(1, 3, 4, 4), "label": torch.zeros(1)})
    resumed = ImagePool(size=5)
    resumed.load_state_dict(pool.state_dict())
    with pytest.raises(ValueError, match=r"the pool contains samples of .*label"):
        resumed.query({"image": torch.zeros(1, 3, 4, 4)})
    with pytest.raises(ValueError, match=r"\(3, 4, 4\).*\(3, 8, 8\)"):
        resumed.query({"image": torch.zeros(1, 3, 8, 8), "label": torch.zeros(1)})


def test_refuses_uneven_batches() -> None:
    with pytest.raises(ValueError, match="one batch size"):
        ImagePool().query({"image": torch.zeros(2, 3, 4, 4), "label": torch.zeros(3)})


@pytest.mark.parametrize(("size", "probability"), [(-1, 0.5), (5, 1.5), (5, -0.1)])
def test_refuses_other_arguments(size: int, probability: float) -> None:
    with pytest.raises(ValueError, match="must"):
        ImagePool(size, probability)
