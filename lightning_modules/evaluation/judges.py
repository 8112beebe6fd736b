"""Evaluation networks (judges) for generated faces; they are not used to train the generators."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import nn

from datamodules.errors import DataError
from lightning_modules.attribute_classifier import OWN_CLASSIFIER
from lightning_modules.detector import default_weights, load_detector, load_detector_and_card
from lightning_modules.errors import UsageError
from lightning_modules.runs import project_root
from networks.attribute_classifier import AttributeNet, load_attribute_net
from networks.feature_extractors import EfficientNetFeatures, FeatureExtractor, InceptionFeatures, cached_inception
from networks.mtcnn import LandmarkRegressor
from networks.weights_file import WeightsError, fingerprint

FeatureName = Literal["auto", "inception", "efficientnet_lite0"]

OWN_LANDMARKS = project_root() / "weights" / "landmark_judge.safetensors"


@dataclass(frozen=True)
class JudgeFiles:
    """Files of the evaluation networks.

    Attributes:
        features: Feature extractor of the distances: "inception" (standard FID and KID; downloads its weights),
            "efficientnet_lite0" (no download), or "auto": Inception if its weights are available.
        inception: File of the Inception weights of torch-fidelity.
        classifier: File of an attribute classifier; by default the project's own.
        landmarks: File of a detector whose landmark regressor is used for evaluation; by default the project's own,
            which was trained separately from the detector in the losses.
    """

    features: FeatureName = "auto"
    inception: str | None = None
    classifier: str | None = None
    landmarks: str | None = None


class Judges(nn.Module):
    """The frozen evaluation networks with their metadata.

    Args:
        features: Feature extractor of the distances.
        classifier: Classifier of hair, glasses, beard and open mouth.
        landmarks: Landmark regressor.
        detector: Detects whether an image shows a face.
        cards: Name and accuracies of each network.
    """

    def __init__(
        self,
        features: FeatureExtractor,
        classifier: AttributeNet,
        landmarks: LandmarkRegressor,
        detector: LandmarkRegressor,
        cards: dict[str, dict[str, object]],
    ) -> None:
        super().__init__()
        self.features, self.classifier = features, classifier
        self.landmarks, self.detector = landmarks, detector
        self.cards = cards
        self.requires_grad_(False).eval()

    @classmethod
    def of_files(
        cls, files: JudgeFiles, in_the_loss: LandmarkRegressor | None = None, options: str = "--evaluation."
    ) -> Judges:
        """Load the judges.

        Args:
            files: Their files.
            in_the_loss: The regressor of the model's landmark loss, which must not be the judge.
            options: Prefix of the option names in messages.

        Raises:
            UsageError: A file is missing or cannot be used; the message names the option.
        """
        classifier_path = Path(files.classifier).expanduser() if files.classifier else OWN_CLASSIFIER
        landmarks_path = Path(files.landmarks).expanduser() if files.landmarks else OWN_LANDMARKS
        try:
            classifier, accuracies = load_attribute_net(classifier_path)
        except WeightsError as error:
            raise UsageError(f"{error} ({options}classifier)") from error
        if not accuracies:
            raise UsageError(
                f"{classifier_path} has no accuracies, since it was trained without validation ({options}classifier)"
            )
        try:
            nets, card = load_detector_and_card(landmarks_path, ["onet"])
        except DataError as error:
            raise UsageError(f"{error} ({options}landmarks)") from error
        regressor = LandmarkRegressor(nets.onet)
        if in_the_loss is not None and _are_equal(regressor, in_the_loss):
            raise UsageError(
                f"{landmarks_path} is the detector in this model's loss and cannot evaluate it; "
                f"give another with {options}landmarks"
            )
        features = _extractor(files, options)
        own_errors = card.details.get("judge")
        cards: dict[str, dict[str, object]] = {
            "features": {"name": features.name},
            "classifier": {"name": _name(classifier_path), **accuracies},
            "detector": {"name": _name(default_weights())},
            "landmarks": {"name": _name(landmarks_path), **(own_errors if isinstance(own_errors, dict) else {})},
        }
        return cls(features, classifier, regressor, LandmarkRegressor(load_detector().onet), cards)


def _are_equal(first: LandmarkRegressor, second: LandmarkRegressor) -> bool:
    """Whether both have the same weights, regardless of their file."""
    ours, theirs = first.state_dict(), second.state_dict()
    return all(torch.equal(value.cpu(), theirs[name].cpu()) for name, value in ours.items())


def _extractor(files: JudgeFiles, options: str) -> FeatureExtractor:
    inception = Path(files.inception).expanduser() if files.inception else None
    if files.features == "efficientnet_lite0" or (files.features == "auto" and not (inception or cached_inception())):
        return EfficientNetFeatures()
    try:
        return InceptionFeatures(inception)
    except WeightsError as error:
        raise UsageError(f"{error} ({options}inception)") from error


def _name(path: Path) -> str:
    return f"{path.name} {fingerprint(path)}"
