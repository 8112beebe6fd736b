"""All evaluation metrics of a model's translations."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from datamodules.samples import NO_HAIR_COLOUR, Domain, Faces, HairColour, UnpairedBatch
from datamodules.transforms.face_box import square_of_landmarks
from lightning_modules.base import OPPOSITE, BaseCycleGAN, Translation, faces_of
from lightning_modules.evaluation.judges import Judges
from lightning_modules.figure import Better, Figure
from lightning_modules.landmark_detector import or_mean
from lightning_modules.metrics import (
    Diversity,
    FeatureDistance,
    MeanSummary,
    PoseVariety,
    SampleMean,
    SkinToneOrder,
    cheek_brightness,
    landmark_errors,
)
from lightning_modules.metrics.feature_distance import MIN_FRECHET_SAMPLES, SUBSETS
from lightning_modules.metrics.told_apart import MIN_SAMPLES
from networks.label_leak import label_leak
from networks.labels import ATTRIBUTES
from networks.palette import hair_index, label_of_palette

POINTS = ("left_eye", "right_eye", "nose", "left_mouth", "right_mouth")

_ERROR = "standard error of the mean"
_FACE_SCORE, _FEW_FACES = 0.5, 0.5
_TITLES = {"glasses": "Glasses", "beard": "Beards", "open_mouth": "Open mouths"}
"""Titles of the attributes' metrics, in column order."""
_TIMED_BATCHES = 20
_MIN_POSES = 8


class FaceRow(NamedTuple):
    """Evaluation results for the cartoon of one photo.

    Attributes:
        number: Index of the photo in its split, starting at 0.
        landmark_error: Mean over the five points, in eye distances.
        skin: Brightness of the photo's cheeks, in [-1, 1]; NaN if not visible.
        skin_judged: Brightness of the cartoon's cheeks.
        hair: Hair label of the photo; -1 if none.
        hair_judged: Predicted hair colour of the cartoon.
        glasses: Whether the photo has glasses: 1, 0, or -1 if unknown.
        glasses_judged: Whether the cartoon is predicted to have glasses.
        beard: Whether the photo has a beard: 1, 0, or -1 if unknown.
        beard_judged: Whether the cartoon is predicted to have a beard.
        open_mouth: Whether the photo's mouth is open: 1, 0, or -1 if unknown.
        open_mouth_judged: Whether the cartoon's mouth is predicted to be open.
    """

    number: int
    landmark_error: float
    skin: float
    skin_judged: float
    hair: int
    hair_judged: int
    glasses: int
    glasses_judged: int
    beard: int
    beard_judged: int
    open_mouth: int
    open_mouth_judged: int


class Evaluator(nn.Module):
    """Evaluates translations batch by batch, each face once, on any number of processes.

    Args:
        judges: The evaluation networks.
        has_hair_labels: Whether the labels are hair colours; the classifier supports no others.
    """

    def __init__(self, judges: Judges, has_hair_labels: bool = True) -> None:
        super().__init__()
        self.judges = judges
        self._has_hair_labels = has_hair_labels
        width = judges.features.num_features
        self.distances = nn.ModuleDict({domain: FeatureDistance(width) for domain in OPPOSITE})
        self.diversity = Diversity(width)
        of_hair = ("hair", "control", "palette", "orange", "hair_leak", "background_leak")
        of_attributes = (f"{kind}_{name}" for name in _TITLES for kind in ("invented", "kept", "all"))
        names = ("faces", *of_hair, *of_attributes, "landmarks", "chance", *POINTS, "cycle_photo", "cycle_cartoon")
        self.means = nn.ModuleDict({name: SampleMean() for name in names})
        self.pose = PoseVariety()
        self.skin = SkinToneOrder()
        self.rows = _Rows()
        self._previous: Tensor | None = None  # the last cartoon of the previous batch
        self._timings: list[tuple[int, float]] = []

    def update(
        self,
        model: BaseCycleGAN,
        batch: UnpairedBatch,
        translation: Translation,
        numbers: dict[Domain, Tensor],
        attributes: Tensor,
    ) -> None:
        """Evaluate a batch.

        Args:
            model: The model.
            batch: The input.
            translation: The model's output.
            numbers: By domain, (B,) int64 index of each face in its split; -1 for faces already evaluated.
            attributes: (B, A) int64 of the photos: 1, 0, or -1 if unknown.
        """
        for domain in OPPOSITE:
            is_new = numbers[domain] >= 0
            real, fake = faces_of(batch, domain).image[is_new], translation.fake[domain][numbers[OPPOSITE[domain]] >= 0]
            self._compare(domain, real, fake)
            difference = (translation.reconstruction[domain] - faces_of(batch, domain).image).abs()
            self._mean(f"cycle_{domain}").update(difference.flatten(1).mean(dim=1)[is_new])
        is_new = numbers["photo"] >= 0
        if is_new.any():
            photos = Faces(*(values[is_new] for values in batch.photo))
            photos = photos._replace(attributes=attributes[is_new])
            self._judge_faces(photos, translation.fake["cartoon"][is_new], numbers["photo"][is_new])
            self._judge_control(model, photos)
            self._time(model, photos)

    def figures(self) -> dict[str, Figure]:
        """All metrics over all batches and processes, by key."""
        name = self.judges.features.name
        figures: dict[str, Figure] = {}
        for domain in OPPOSITE:
            figures |= _distance_figures(domain, name, self._distance(domain))
        by_chance = f"by chance {1 / len(HairColour):.0%}"
        figures["faces_found"] = self._share(
            "faces", "Cartoons that the detector takes for faces", "higher", "detector", note="by chance 0%"
        )
        figures["hair_accuracy"] = self._share(
            "hair", "Hair colour of the photo kept", "higher", "classifier", note=by_chance
        )
        figures["hair_control"] = self._share(
            "control", "Hair colour asked for, all four", "higher", "classifier", note=by_chance
        )
        by_palette = "by CartoonSet's palette"
        figures["hair_palette"] = self._share("palette", f"Hair colour asked for, {by_palette}", "higher", None)
        figures["unlabelled_orange"] = self._share(
            "orange", f"Orange or red hair of photos without hair label, {by_palette}", "lower", None
        )
        for name, region in (("hair_leak", "Cheeks"), ("background_leak", "Background")):
            title = f"{region} that change with the hair colour asked for, beside the hair"
            figures[name] = self._share(name, title, "lower", None, "")
        distance = "Landmark distance in eye distances"
        figures["landmark_consistency"] = self._share("landmarks", distance, "lower", "landmarks")
        figures["landmark_chance"] = self._share("chance", f"{distance}, to another photo's cartoon", "", "landmarks")
        for point in POINTS:
            title = f"{distance}, {point.replace('_', ' ')}"
            figures[f"landmark_{point}"] = self._share(point, title, "lower", "landmarks")
        pose = self.pose.compute()
        few_faces = _too_few(int(pose.samples))
        figures["pose_variety"] = Figure(
            "Spread of yaw, cartoons / photos",
            *(None if few_faces else float(pose.ratio), "", float(pose.error), "standard error", int(pose.samples)),
            judge="landmarks",
            note=few_faces or "1 is as varied as the photos; more can be error of the landmarks",
        )
        figures["pose_correlation"] = Figure(
            "Correlation of yaw, cartoons and photos",
            *(None if few_faces else float(pose.correlation), "higher", float(pose.correlation_error)),
            *("standard error", int(pose.samples)),
            judge="landmarks",
            note=few_faces,
        )
        skin = self.skin.compute()
        few_tones = _too_few(skin.samples)
        figures["skin_order"] = Figure(
            "Order of skin tones kept (rank correlation of the cheeks' brightness)",
            *(None if few_tones else float(skin.order), "higher"),
            samples=skin.samples,
            note=few_tones or "by chance 0; the light in a photo counts as skin tone, too",
        )
        figures |= self._attribute_figures()
        diversity = self.diversity.compute()
        figures["diversity"] = Figure(
            f"Diversity of cartoons / of real ones ({name})",
            float(diversity.ratio),
            samples=int(diversity.samples),
            judge="features",
            note="root mean square distance of two cartoons: 1 is as varied as real ones, near 0 all are alike"
            if diversity.ratio.isfinite()
            else "takes two different cartoons of either kind",
        )
        for domain in OPPOSITE:
            figures[f"cycle_{domain}"] = self._share(
                f"cycle_{domain}", f"Cycle error, {domain}s (L1)", "lower", None, ""
            )
        return self._with_warning(figures) | {"images_per_second": self._speed()}

    def _with_warning(self, figures: dict[str, Figure]) -> dict[str, Figure]:
        """Add a warning to the metrics that require faces if most of the cartoons are not recognised as faces."""
        found: MeanSummary = self._mean("faces").compute()
        if not found.samples or found.mean >= _FEW_FACES:
            return figures
        warning = f"not reliable: the detector takes only {float(found.mean):.0%} of these cartoons for faces"
        return {
            key: replace(figure, note=f"{warning}; {figure.note}" if figure.note else warning)
            if figure.judge in ("classifier", "landmarks") and figure.value is not None
            else figure
            for key, figure in figures.items()
        }

    def _attribute_figures(self) -> dict[str, Figure]:
        """Invented and kept attributes, with the chance level: the fraction of all cartoons that have them."""
        figures: dict[str, Figure] = {}
        for name, title in _TITLES.items():
            of_all: MeanSummary = self._mean(f"all_{name}").compute()
            share = f"{float(of_all.mean):.1%}" if of_all.samples else "unknown"
            note = f"by chance {share}, the share of all cartoons with {name}"
            for kind, words, better in (("invented", "that were not there", "lower"), ("kept", "kept", "higher")):
                key = f"{kind}_{name}"
                figures[key] = self._share(key, f"{title} {words}", cast(Better, better), "classifier", note=note)
        return figures

    def measured(self) -> dict[Domain, int]:
        """Number of evaluated faces per domain."""
        return {domain: int(self._mean(f"cycle_{domain}").compute().samples) for domain in OPPOSITE}

    def face_rows(self) -> list[FaceRow]:
        """Results of each cartoon, sorted by photo number."""
        return [
            FaceRow(int(row[0]), row[1], row[2], row[3], *(int(value) for value in row[4:]))
            for row in self.rows.compute().tolist()
        ]

    def _compare(self, domain: Domain, real: Tensor, fake: Tensor) -> None:
        for images, is_real in ((real, True), (fake, False)):
            if len(images):
                features = self.judges.features(images)
                self._distance(domain).update(features, is_real)
                if domain == "cartoon":
                    self.diversity.update(features, is_real)

    def _judge_faces(self, photos: Faces, cartoons: Tensor, numbers: Tensor) -> None:
        boxes = square_of_landmarks(or_mean(photos.landmarks, photos.image))
        in_photos, in_cartoons = self.judges.landmarks(photos.image, boxes), self.judges.landmarks(cartoons, boxes)
        errors = landmark_errors(in_cartoons, in_photos)
        self._mean("landmarks").update(errors.mean(dim=1))
        self._mean("faces").update(self.judges.detector.face_scores(cartoons, boxes) > _FACE_SCORE)
        for column, point in enumerate(POINTS):
            self._mean(point).update(errors[:, column])
        self.pose.update(in_cartoons, in_photos)
        self.skin.update(cartoons, photos.image, in_photos)
        self._judge_chance(cartoons, boxes, in_photos)
        self._judge_unlabelled(photos, cartoons, in_photos)

        said = self.judges.classifier(cartoons)
        hair, seen = said.hair.argmax(dim=1), said.in_cartoons
        label = photos.label if self._has_hair_labels else torch.full_like(photos.label, -1)
        self._mean("hair").update((hair == label)[label >= 0])
        for name, has, known in zip(_TITLES, seen.T, photos.attributes.T, strict=True):
            self._mean(f"invented_{name}").update(has[known == 0])
            self._mean(f"kept_{name}").update(has[known == 1])
            self._mean(f"all_{name}").update(has)
        pairs = torch.stack([photos.attributes, seen], dim=2).flatten(1)  # alternating photo and cartoon
        skin = [cheek_brightness(images, in_photos) for images in (photos.image, cartoons)]
        self.rows.update(
            torch.cat([torch.stack([numbers, errors.mean(dim=1), *skin, label, hair], dim=1), pairs], dim=1)
        )

    def _judge_unlabelled(self, photos: Faces, cartoons: Tensor, landmarks: Tensor) -> None:
        """Count orange or red hair, which unlabelled photos may learn from the unlabelled cartoons."""
        is_unlabelled = (photos.label < 0) & torch.tensor(self._has_hair_labels, device=photos.label.device)
        seen = label_of_palette(hair_index(cartoons[is_unlabelled], landmarks[is_unlabelled]))
        self._mean("orange").update(seen == NO_HAIR_COLOUR)

    def _judge_control(self, model: BaseCycleGAN, photos: Faces) -> None:
        """Check if cartoons have the requested hair colours; one value per photo, as its cartoons are correlated."""
        by_label = model.in_all_labels(photos) if self._has_hair_labels else []
        if not by_label:
            return
        hits = [self.judges.classifier(cartoons).hair.argmax(dim=1) == label for label, cartoons in enumerate(by_label)]
        self._mean("control").update(torch.stack(hits).double().mean(dim=0))
        boxes = square_of_landmarks(or_mean(photos.landmarks, photos.image))
        landmarks = self.judges.landmarks(photos.image, boxes)
        hits = [label_of_palette(hair_index(cartoons, landmarks)) == label for label, cartoons in enumerate(by_label)]
        self._mean("palette").update(torch.stack(hits).double().mean(dim=0))
        leak = label_leak(by_label, landmarks)
        self._mean("hair_leak").update(leak.cheeks[leak.cheeks.isfinite()])
        self._mean("background_leak").update(leak.background[leak.background.isfinite()])

    def _judge_chance(self, cartoons: Tensor, boxes: Tensor, in_photos: Tensor) -> None:
        """Chance level of the landmark error: each photo compared with the previous photo's cartoon."""
        first = 1 if self._previous is None else 0  # the first photo has no previous one
        others = cartoons[:-1] if self._previous is None else torch.cat([self._previous, cartoons[:-1]])
        found = self.judges.landmarks(others, boxes[first:]) if len(others) else in_photos[:0]
        self._mean("chance").update(landmark_errors(found, in_photos[first:]).mean(dim=1))
        self._previous = cartoons[-1:]

    def _time(self, model: BaseCycleGAN, photos: Faces) -> None:
        if len(self._timings) <= _TIMED_BATCHES:
            start = _now(photos.image.device)
            model.translate_photos(photos)
            self._timings.append((len(photos.image), _now(photos.image.device) - start))

    def _speed(self) -> Figure:
        """Throughput over the timed batches, without the first one (warm-up) if there are others."""
        timings = self._timings[1:] or self._timings
        images, seconds = sum(count for count, _ in timings), sum(seconds for _, seconds in timings)
        note = None if len(self._timings) > 1 else "of the first batch only, which is slow"
        title, unit = "Cartoons a second", "images/s"
        return Figure(title, images / seconds if images else None, "higher", samples=images, unit=unit, note=note)

    def _share(
        self, name: str, title: str, better: Better, judge: str | None, unit: str = "%", note: str | None = None
    ) -> Figure:
        summary: MeanSummary = self._mean(name).compute()
        if not summary.samples:
            note = _WHY_NOT.get(name, "no suitable face")
        value = float(summary.mean) if summary.samples else None
        spread = float(summary.error) if summary.samples > 1 else None
        return Figure(title, value, better, spread, _ERROR, int(summary.samples), unit, judge, note)

    def _mean(self, name: str) -> SampleMean:
        metric = self.means[name]
        assert isinstance(metric, SampleMean)
        return metric

    def _distance(self, domain: str) -> FeatureDistance:
        metric = self.distances[domain]
        assert isinstance(metric, FeatureDistance)
        return metric


_WHY_NOT = {
    "hair": "no test photo with a hair label",
    "chance": "takes two photos",
    **dict.fromkeys(("control", "palette"), "the variant has no hair condition"),
    **dict.fromkeys(("hair_leak", "background_leak"), "no cartoons have the requested hair colour"),
    "orange": "no test photo without a hair label",
    **{f"invented_{name}": f"no test photo that is known to be without {name}" for name in ATTRIBUTES},
    **{f"kept_{name}": f"no test photo that is known to show {name}" for name in ATTRIBUTES},
}


class _Rows(Metric):
    """Collects rows of numbers from all processes."""

    full_state_update = False

    values: list[Tensor]

    def __init__(self) -> None:
        super().__init__()
        self.add_state("values", default=[], dist_reduce_fx="cat")

    def update(self, rows: Tensor) -> None:
        self.values.append(rows.double().flatten())

    def compute(self) -> Tensor:
        flat = dim_zero_cat(self.values) if len(self.values) else torch.empty(0, dtype=torch.float64)
        rows = flat.view(-1, len(FaceRow._fields))
        return rows[rows[:, 0].argsort()]


def _distance_figures(domain: Domain, extractor: str, metric: FeatureDistance) -> dict[str, Figure]:
    found = metric.compute()
    is_inception = extractor == "Inception"
    frechet, kernel = ("FID", "KID") if is_inception else ("Fréchet distance", "Kernel distance")
    samples = min(found.generated, found.real)
    too_few = f"takes {MIN_FRECHET_SAMPLES:,} samples of either side; there are {found.generated:,} and {found.real:,}"
    return {
        f"frechet_{domain}": Figure(
            f"{frechet}, {domain}s ({extractor})",
            found.frechet,
            "lower",
            samples=samples,
            judge="features",
            note=too_few if found.frechet is None else None,
        ),
        f"told_apart_{domain}": Figure(
            f"Real and generated {domain}s told apart ({extractor})",
            found.told_apart,
            "lower",
            samples=samples,
            unit="%",
            judge="features",
            note="by a linear classifier, cross-validated; by chance 50%"
            if found.told_apart is not None
            else f"takes {MIN_SAMPLES} samples of either side",
        ),
        f"kernel_{domain}": Figure(
            f"{kernel}, {domain}s ({extractor})",
            *(found.kernel, "lower", found.kernel_deviation),
            f"standard deviation over {SUBSETS} subsets of {found.subset}",
            samples,
            judge="features",
            note=f"too few samples: {samples}" if found.kernel is None else None,
        ),
    }


def _too_few(faces: int) -> str | None:
    """The reason why there is no correlation; None if there are enough faces."""
    return None if faces >= _MIN_POSES else f"takes {_MIN_POSES} faces; there are {faces}"


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()
