"""Renders photo-like portraits from a shaded 3D head whose landmarks are known exactly."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from datamodules.sample_data.face_paint import Canvas, FacePainting, face_relief, landmark_positions, paint_face
from datamodules.sample_data.geometry import Floats, Pose, Similarity, fit_similarity, rotation, turn
from datamodules.sample_data.hair import cloth_layer, hair_cap, hat, long_hair_behind, side_locks
from datamodules.sample_data.layers import Layer, random_light, shade
from datamodules.sample_data.noise import smooth_noise
from datamodules.sample_data.people import Person, celeba_attributes, random_person
from datamodules.sample_data.surfaces import HEAD_AXES, Surface, View, ellipsoid, front_of_head, sculpted_head

Bytes = NDArray[np.uint8]

_BODY_CENTRE = (0.0, 288.0, -38.0)


@dataclass(frozen=True)
class FaceSample:
    """A drawn portrait.

    Attributes:
        image: RGB (H, W, 3), black where nothing is drawn.
        alpha: Coverage (H, W) in [0, 1] of head, hair, neck and clothes.
        hair_mask: Coverage (H, W) in [0, 1] of hair.
        head_mask: Coverage (H, W) in [0, 1] of the head: face, ears, hair and hat, without neck and clothes.
        box: Left, top, right, bottom (4,) in pixels, forehead to chin and cheek to cheek, not clipped to the picture.
        landmarks: Image-left eye, right eye, nose tip, image-left and right mouth corner (5, 2) in pixels.
        person: The person.
        pose: The head pose.
        attributes: CelebA's forty attributes.
    """

    image: Bytes
    alpha: Floats
    hair_mask: Floats
    head_mask: Floats
    box: Floats
    landmarks: Floats
    person: Person
    pose: Pose
    attributes: dict[str, bool]


def random_pose(rng: np.random.Generator) -> Pose:
    """A random portrait pose: mostly frontal, with a yaw of at most 32 degrees."""
    yaw, pitch = np.clip(rng.normal(0, 13), -32, 32), np.clip(rng.normal(0, 5), -10, 10)
    return Pose(float(yaw), float(pitch), float(np.clip(rng.normal(0, 5), -14, 14)))


def draw_face(
    rng: np.random.Generator,
    size: tuple[int, int],
    stand: Floats,
    person: Person | None = None,
    pose: Pose | None = None,
) -> FaceSample:
    """Draw one portrait.

    Args:
        rng: Random generator.
        size: Width and height of the picture in pixels.
        stand: Target landmarks (5, 2) in pixels of a frontal face; the head is placed by the least-squares similarity.
        person: The person; random by default.
        pose: The head pose; random by default. Its roll has no effect: to tilt the head, rotate ``stand``.

    Returns:
        The portrait.
    """
    person = person or random_person(rng)
    pose = pose or random_pose(rng)
    relief = face_relief(person)
    points = np.stack([front_of_head(relief, x, y) for x, y in landmark_positions(person)])
    view = _view(points, pose, stand, size)
    fine = _supersampled(view)
    light = random_light(rng)
    layer, head = _portrait(rng, person, fine, relief, pose)
    linear = shade(layer, light, fine.pixels_per_mm) * layer.alpha[..., None]
    shrunk = cv2.resize(np.dstack([linear, layer.alpha]), size, interpolation=cv2.INTER_AREA)
    hair_mask = cv2.resize(layer.hair, size, interpolation=cv2.INTER_AREA)
    image = np.sqrt(np.clip(shrunk[..., :3], 0, 1)) * 255
    return FaceSample(
        image=np.rint(image).astype(np.uint8),
        alpha=np.asarray(shrunk[..., 3], np.float32),
        hair_mask=np.asarray(hair_mask, np.float32),
        head_mask=np.asarray(cv2.resize(head, size, interpolation=cv2.INTER_AREA), np.float32),
        box=_face_box(view),
        landmarks=view.project(points),
        person=person,
        pose=pose,
        attributes=celeba_attributes(person),
    )


def tilted(points: Floats, degrees: float) -> Floats:
    """Points (N, 2) rotated clockwise about their mean."""
    centre = points.mean(0)
    return np.asarray((points - centre) @ turn(float(np.deg2rad(degrees)))[:2, :2].T + centre, np.float32)


def _view(points: Floats, pose: Pose, stand: Floats, size: tuple[int, int]) -> View:
    upright = rotation(pose)
    fit: Similarity = fit_similarity((points @ upright.T)[:, :2], stand)
    turned = (turn(fit.angle) @ upright).astype(np.float32)
    return View(size[0], size[1], fit.scale, fit.shift, turned)


def _supersampled(view: View) -> View:
    factor = 2.0 if view.pixels_per_mm < 0.5 else 1.5 if view.pixels_per_mm < 1.0 else 1.0
    width, height = round(view.width * factor), round(view.height * factor)
    origin = (view.origin + np.float32(0.5)) * np.float32(factor) - np.float32(0.5)
    return View(width, height, view.pixels_per_mm * factor, origin, view.rotation)


def _portrait(rng: np.random.Generator, person: Person, view: View, relief: Floats, pose: Pose) -> tuple[Layer, Floats]:
    """The portrait's layers, and the coverage (H, W) of the head."""
    canvas = Canvas(float(np.clip(1.5 * view.pixels_per_mm, 0.5, 2.0)))
    painting = paint_face(rng, person, canvas)
    long_haired = person.style == "long"
    layer = _nothing(view)
    head = np.zeros_like(layer.alpha)

    def lay(upper: Layer, of_head: bool = True) -> None:
        layer.lay(upper)
        top, left = upper.corner
        shown = head[top : top + upper.alpha.shape[0], left : left + upper.alpha.shape[1]]
        shown += (np.float32(of_head) - shown) * upper.alpha

    if long_haired:
        lay(long_hair_behind(rng, person, view))
    body, window = _body(person, view, pose), _body_window(person, view)
    lay(_skin_layer(person, body, 0.93, window.corner), of_head=False)
    lay(_neck(person, view), of_head=False)
    lay(_clothes(rng, person, window, body), of_head=False)
    if not long_haired:
        for side in (-1, 1):
            lay(_ear(person, view, side))
    lay(_face(view, relief, canvas, painting))
    if person.style != "bald":
        lay(hair_cap(rng, person, view, layer))
    if long_haired:
        lay(side_locks(rng, person, view))
    if person.hat:
        lay(hat(rng, person, view))
    if person.glasses:
        lay(_glasses(rng, view, layer))
    return layer, head


def _nothing(view: View) -> Layer:
    zero = np.zeros((view.height, view.width), np.float32)
    forwards = np.dstack([zero, zero, zero + 1])
    black = np.dstack([zero, zero, zero])
    return Layer(zero, zero - 110, forwards, black, zero.copy(), zero.copy(), zero.copy(), zero.copy())


def _face(view: View, relief: Floats, canvas: Canvas, painting: FacePainting) -> Layer:
    view = view.around((0.0, 0.0, 0.0), HEAD_AXES, 1.12)
    surface = sculpted_head(view, relief)
    x, y, _ = surface.point
    colours = np.dstack([painting.albedo, painting.gloss, painting.glint])
    seen = canvas.sample(np.ascontiguousarray(colours[..., :3]), x, y)
    shine = canvas.sample(np.ascontiguousarray(colours[..., 3:]), x, y)
    soft = np.ones_like(surface.depth)
    gloss, glint = np.ascontiguousarray(shine[..., 0]), np.ascontiguousarray(shine[..., 1])
    hair = np.zeros_like(soft)
    return Layer(surface.alpha, surface.depth, surface.normal, seen, gloss, glint, soft, hair, view.corner)


def _skin_layer(person: Person, surface: Surface, darkness: float, corner: tuple[int, int]) -> Layer:
    tone = np.array(person.skin, np.float32) * np.array([1.0, 0.96, 0.94], np.float32) * np.float32(darkness)
    layer = cloth_layer(surface, np.broadcast_to(tone, surface.normal.shape), corner)
    layer.softness[:] = 0.8
    layer.gloss[:] = 0.1
    return layer


def _neck(person: Person, view: View) -> Layer:
    girth = 54.0 if person.male else 45.0
    centre, axes = (0.0, 130.0, -32.0), (girth, 130.0, 48.0)
    roll = float(np.arctan2(view.rotation[1, 0], view.rotation[0, 0]))
    view = replace(view, rotation=turn(0.4 * roll)).around(centre, axes)
    surface = ellipsoid(view, centre, axes)
    fading = np.clip((172 - surface.point[1]) / 26, 0, 1)
    return _skin_layer(person, surface.cut(fading), 0.93, view.corner)


def _ear(person: Person, view: View, side: int) -> Layer:
    centre, axes = (side * 75.0, 16.0, -12.0), (9.0, 30.0, 17.0)
    view = view.around(centre, axes)
    surface = ellipsoid(view, centre, axes)
    layer = _skin_layer(person, surface, 0.94, view.corner)
    hollow = np.exp(-0.5 * (((surface.point[0] - side * 78) / 3.0) ** 2 + ((surface.point[1] - 14) / 14.0) ** 2))
    layer.albedo *= (1 - 0.35 * hollow)[..., None]
    return layer


def _body_axes(person: Person) -> tuple[float, float, float]:
    return (210.0 if person.male else 180.0, 150.0, 76.0)


def _body_window(person: Person, view: View) -> View:
    return view.window(np.array(_BODY_CENTRE[:2], np.float32), np.array(_body_axes(person)[:2], np.float32))


def _body(person: Person, view: View, pose: Pose) -> Surface:
    turned = rotation(Pose(pose.yaw * 0.35, 0.0, 0.0))
    return ellipsoid(_body_window(person, view), _BODY_CENTRE, _body_axes(person), turned)


def _clothes(rng: np.random.Generator, person: Person, view: View, body: Surface) -> Layer:
    x, y, _ = body.point
    depth_of_neck, half = float(rng.uniform(4, 50)), float(rng.uniform(50, 66))
    neckline = 150 + depth_of_neck * np.clip(1 - (np.abs(x) / half) ** float(rng.uniform(1, 2.5)), 0, None)
    covered = np.clip((y - neckline) / 1.5 + 0.5, 0, 1) + (np.abs(x) > half)
    folds = smooth_noise(rng, x.shape, 38 * view.pixels_per_mm)
    collar = np.exp(-0.5 * ((y - neckline - 5) / 2.5) ** 2) * (np.abs(x) < half)
    albedo = np.array(person.clothes, np.float32) * (1 + 0.06 * folds - 0.22 * collar)[..., None]
    clothed = replace(body.cut(np.clip(covered, 0, 1)), depth=body.depth + 3)
    return cloth_layer(clothed, albedo, view.corner)


def _glasses(rng: np.random.Generator, view: View, below: Layer) -> Layer:
    angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    power = float(rng.uniform(0.55, 1.0))
    half = (float(rng.uniform(21, 25)), float(rng.uniform(15, 20)))
    frame = np.zeros((view.height, view.width), np.uint8)
    thickness = max(1, round(float(rng.uniform(1.6, 3.2)) * view.pixels_per_mm))
    for side in (-1, 1):
        x = side * 32.0 + half[0] * np.sign(np.cos(angles)) * np.abs(np.cos(angles)) ** power
        y = 3.0 + half[1] * np.sign(np.sin(angles)) * np.abs(np.sin(angles)) ** power
        z = np.full_like(x, 98.0) - 0.006 * x**2
        _stroke(frame, view, np.stack([x, y, z], 1), thickness, closed=True)
        arm = np.array([[side * (32 + half[0]), -1, 90], [side * 75, 0, 20]])
        _stroke(frame, view, arm, thickness, closed=False)
    _stroke(
        frame, view, np.array([[-32 + half[0], 0, 97], [0, -3, 100], [32 - half[0], 0, 97]]), thickness, closed=False
    )
    alpha: Floats = (frame / np.float32(255)).astype(np.float32)
    tone = np.array([0.1, 0.08, 0.08], np.float32) * np.float32(rng.uniform(0.5, 3))
    rim = Surface(alpha, below.depth + 5, below.normal, (alpha, alpha, alpha))
    layer = cloth_layer(rim, np.broadcast_to(tone, below.normal.shape))
    layer.gloss[:] = 0.8
    return layer


def _stroke(frame: Bytes, view: View, points: NDArray[np.float64], thickness: int, closed: bool) -> None:
    pixels = np.rint(view.project(points.astype(np.float32)) * 16).astype(np.int32)
    cv2.polylines(frame, [pixels[:, None]], closed, 255, thickness, cv2.LINE_AA, shift=4)


def _face_box(view: View) -> Floats:
    angles = np.linspace(0, 2 * np.pi, 32)
    outline = np.stack([72 * np.cos(angles), 22 + 92 * np.sin(angles), 25 + 0 * angles], 1).astype(np.float32)
    pixels = view.project(outline)
    return np.concatenate([pixels.min(0), pixels.max(0)]).astype(np.float32)
