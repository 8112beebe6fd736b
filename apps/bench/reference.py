"""A plain CycleGAN step as a reference for benchmarks."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Adam

from networks import ImagePool

if TYPE_CHECKING:
    from datamodules.samples import UnpairedBatch
    from lightning_modules.base import BaseCycleGAN

LAMBDA_CYCLE, LAMBDA_IDENTITY = 10.0, 5.0


class ReferenceStep:
    """A step as in the original CycleGAN code, mathematically equal to that of ``CycleGANBaseline``.

    Each image is passed through each network separately, discriminators process real and generated images in separate
    passes, and Adam is not fused. Losses: cross entropy, and L1 for cycle consistency and identity.

    Args:
        model: A new baseline with default options, whose networks are copied.
        precision: Precision of the forward passes; bfloat16 uses autocast.
    """

    def __init__(self, model: BaseCycleGAN, precision: torch.dtype = torch.float32) -> None:
        self.device = model.device
        self.generators, self.discriminators = deepcopy(model.generators), deepcopy(model.discriminators)
        self.pools = {domain: ImagePool() for domain in ("photo", "cartoon")}
        self.generator_optimizer = Adam(self.generators.parameters(), 2e-4, (0.5, 0.999))
        self.discriminator_optimizer = Adam(self.discriminators.parameters(), 2e-4, (0.5, 0.999))
        self._precision = precision

    def __call__(self, batch: UnpairedBatch) -> dict[str, Tensor]:
        """Update all networks once.

        Args:
            batch: Images of both domains, (B, 3, H, W) each, on this step's device.

        Returns:
            The unweighted losses, with the names that ``CycleGANBaseline`` logs.
        """
        photo, cartoon = batch.photo.image, batch.cartoon.image
        self.discriminators.requires_grad_(False)
        with self._autocast():
            fake_cartoon = self.generators["cartoon"](photo)
            photo_again = self.generators["photo"](fake_cartoon)
            fake_photo = self.generators["photo"](cartoon)
            cartoon_again = self.generators["cartoon"](fake_photo)
            losses = {
                "identity_cartoon": F.l1_loss(self.generators["cartoon"](cartoon), cartoon),
                "identity_photo": F.l1_loss(self.generators["photo"](photo), photo),
                "adversarial_cartoon": _cross_entropy(self._judge("cartoon", fake_cartoon), 1.0),
                "adversarial_photo": _cross_entropy(self._judge("photo", fake_photo), 1.0),
                "cycle_photo": F.l1_loss(photo_again, photo),
                "cycle_cartoon": F.l1_loss(cartoon_again, cartoon),
            }
        weights = {"adversarial": 1.0, "cycle": LAMBDA_CYCLE, "identity": LAMBDA_IDENTITY}
        self.generator_optimizer.zero_grad()
        torch.stack([weights[name.partition("_")[0]] * loss for name, loss in losses.items()]).sum().backward()  # type: ignore[no-untyped-call]
        self.generator_optimizer.step()

        self.discriminators.requires_grad_(True)
        self.discriminator_optimizer.zero_grad()
        for domain, real, fake in (("cartoon", cartoon, fake_cartoon), ("photo", photo, fake_photo)):
            pooled = self.pools[domain].query({"image": fake.detach()})["image"]
            with self._autocast():
                on_real = _cross_entropy(self._judge(domain, real), 1.0)
                on_fake = _cross_entropy(self._judge(domain, pooled), 0.0)
                loss = 0.5 * (on_real + on_fake)
            loss.backward()  # type: ignore[no-untyped-call]
            losses[f"discriminator_{domain}"] = loss
        self.discriminator_optimizer.step()
        return {name: loss.detach() for name, loss in losses.items()}

    def to(self, device: torch.device) -> ReferenceStep:
        """Move the networks to a device."""
        self.device = device
        self.generators.to(device)
        self.discriminators.to(device)
        return self

    def _judge(self, domain: str, images: Tensor) -> Tensor:
        network: nn.Module = self.discriminators[domain].get_submodule("network")
        logits: Tensor = network(images)
        return logits

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self._precision == torch.bfloat16)


def _cross_entropy(logits: Tensor, target: float) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits.float(), torch.full_like(logits, target, dtype=torch.float32))
