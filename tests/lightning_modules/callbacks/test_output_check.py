from __future__ import annotations

from unittest.mock import Mock

import pytest
import torch
from torch import Tensor

from datamodules.samples import Faces, UnpairedBatch
from lightning_modules.base import Translation
from lightning_modules.callbacks import OutputCheck

PHOTOS = torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(0)).mul(2).sub(1)
COLLAPSED = PHOTOS[:1].expand_as(PHOTOS) + 0.001 * PHOTOS


def validate(check: OutputCheck, cartoons: Tensor, step: int = 500) -> None:
    trainer = Mock(sanity_checking=False, global_step=step)
    faces = Faces(PHOTOS, torch.zeros(4, 5, 2), torch.zeros(4), torch.zeros(4))
    check.on_translation(
        trainer, Mock(), UnpairedBatch(faces, faces), Translation({"cartoon": cartoons}, {}, {}, {}), 0
    )
    check.on_validation_end(trainer, Mock())


@pytest.mark.parametrize(
    ("cartoons", "said"),
    [
        (COLLAPSED, ["all cartoons are alike"]),
        (PHOTOS + 0.01, ["the cartoons are the photos"]),
        (-PHOTOS, []),
    ],
    ids=["collapsed", "copies", "sound"],
)
def test_what_went_wrong_is_said_once(cartoons: Tensor, said: list[str], recwarn: pytest.WarningsRecorder) -> None:
    check = OutputCheck()
    validate(check, cartoons, step=100)  # too early to say
    assert not list(recwarn)
    validate(check, cartoons)
    validate(check, cartoons)
    messages = [str(each.message) for each in recwarn]
    assert [message.partition(":")[0] for message in messages] == said
    assert all("docs/troubleshooting.md" in message for message in messages)
