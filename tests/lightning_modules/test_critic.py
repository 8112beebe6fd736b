from __future__ import annotations

import torch
from torch import Tensor

from datamodules.samples import Faces
from lightning_modules.critic import Critic, join
from networks import PatchDiscriminator


def some_faces(count: int, seed: int) -> Faces:
    generator = torch.Generator().manual_seed(seed)
    image = torch.rand(count, 3, 32, 32, generator=generator) * 2 - 1
    landmarks = torch.rand(count, 5, 2, generator=generator) * 32
    return Faces(image, landmarks, torch.arange(count))


def test_joined_faces_keep_their_order() -> None:
    both = join(some_faces(2, 0), some_faces(3, 1))
    assert both.hair.tolist() == [0, 1, 0, 1, 2]
    assert torch.equal(both.image[2:], some_faces(3, 1).image)


def test_one_pass_judges_as_two_would() -> None:
    critic = Critic(PatchDiscriminator(ndf=4), "cartoon")
    real, fake = some_faces(2, 0), some_faces(2, 1)
    real_logits, fake_logits = critic.judge(real, fake)
    torch.testing.assert_close(real_logits, critic(real))
    torch.testing.assert_close(fake_logits, critic(fake))


class LabelledCritic(Critic):
    def view(self, faces: Faces) -> Tensor:
        label = faces.hair.float()[:, None, None, None].expand(-1, 1, *faces.image.shape[-2:])
        return torch.cat([faces.image, label], dim=1)


def test_a_variant_changes_what_is_seen_by_its_view_alone() -> None:
    critic = LabelledCritic(PatchDiscriminator(in_channels=4, ndf=4), "photo")
    faces = some_faces(2, 0)
    other = faces._replace(hair=faces.hair + 1)
    assert not torch.equal(critic(faces), critic(other))
