from __future__ import annotations

import torch
from torch import Tensor

from datamodules.samples import NO_HAIR_COLOUR, Faces
from lightning_modules.discriminators import Discriminator, LabelDiscriminator, LocalDiscriminator, join
from networks import PatchDiscriminator
from networks.labels import LabelEncoder
from networks.landmarks import PARTS, cut_patches


def some_faces(count: int, seed: int) -> Faces:
    generator = torch.Generator().manual_seed(seed)
    image = torch.rand(count, 3, 32, 32, generator=generator) * 2 - 1
    landmarks = torch.rand(count, 5, 2, generator=generator) * 32
    return Faces(image, landmarks, torch.arange(count), torch.arange(2 * count).view(count, 2) % 2)


def test_joined_faces_keep_their_order() -> None:
    both = join(some_faces(2, 0), some_faces(3, 1))
    assert both.label.tolist() == [0, 1, 0, 1, 2]
    assert torch.equal(both.image[2:], some_faces(3, 1).image)


def test_one_pass_judges_as_two_would() -> None:
    discriminator = Discriminator(PatchDiscriminator(ndf=4), "cartoon")
    real, fake = some_faces(2, 0), some_faces(2, 1)
    real_logits, fake_logits = discriminator.forward_batches(real, fake)
    torch.testing.assert_close(real_logits, discriminator(real))
    torch.testing.assert_close(fake_logits, discriminator(fake))


class LabelledDiscriminator(Discriminator):
    def inputs(self, faces: Faces) -> Tensor:
        label = faces.label.float()[:, None, None, None].expand(-1, 1, *faces.image.shape[-2:])
        return torch.cat([faces.image, label], dim=1)


def test_a_variant_changes_what_is_seen_by_its_view_alone() -> None:
    discriminator = LabelledDiscriminator(PatchDiscriminator(in_channels=4, ndf=4), "photo")
    faces = some_faces(2, 0)
    other = faces._replace(label=faces.label + 1)
    assert not torch.equal(discriminator(faces), discriminator(other))


def test_any_number_of_batches_is_judged_in_one_pass() -> None:
    discriminator = Discriminator(PatchDiscriminator(ndf=4), "cartoon")
    batches = [some_faces(2, seed) for seed in range(3)]
    for logits, batch in zip(discriminator.forward_batches(*batches), batches, strict=True):
        torch.testing.assert_close(logits, discriminator(batch))


def test_a_label_discriminator_judges_image_and_label() -> None:
    discriminator = LabelDiscriminator(PatchDiscriminator(ndf=4, num_labels=4), "cartoon", 1, LabelEncoder(4))
    faces = some_faces(2, 0)
    torch.testing.assert_close(discriminator(faces), discriminator.network(faces.image, torch.eye(4)[:2]))
    other = discriminator(faces._replace(label=torch.tensor([0, 3])))
    assert torch.equal(discriminator(faces)[0], other[0])
    assert not torch.allclose(discriminator(faces)[1], other[1])
    unknown = discriminator(faces._replace(label=torch.tensor([NO_HAIR_COLOUR] * 2)))
    torch.testing.assert_close(unknown, discriminator.network(faces.image, torch.zeros(2, 4)))


def test_a_part_discriminator_judges_the_patch_alone() -> None:
    discriminator = LocalDiscriminator(PatchDiscriminator(ndf=4, n_layers=2), "cartoon", PARTS["nose"])
    faces = some_faces(2, 0)
    faces.landmarks[:, 2] = 15.5
    patches = cut_patches(faces.image, faces.landmarks, PARTS["nose"], min_size=12)
    assert patches.shape == (2, 3, 12, 12)  # an eighth of the image would be too small for the network
    torch.testing.assert_close(discriminator(faces), discriminator.network(patches))
    elsewhere = faces.image.clone()
    elsewhere[:, :, :9] = 0
    assert torch.equal(discriminator(faces._replace(image=elsewhere)), discriminator(faces))


def test_a_part_discriminator_cannot_judge_unknown_faces() -> None:
    discriminator = LocalDiscriminator(PatchDiscriminator(ndf=4, n_layers=2), "cartoon", PARTS["eyes"])
    faces = some_faces(2, 0)
    faces.landmarks[1, 4] = torch.nan
    images = faces.image.requires_grad_()
    assert discriminator.valid_mask(faces).tolist() == [True, False]
    assert Discriminator(discriminator.network, "cartoon").valid_mask(faces) is None
    (gradient,) = torch.autograd.grad(discriminator(faces).square().sum(), images)
    assert gradient.isfinite().all()
    assert (gradient[0] != 0).any()
