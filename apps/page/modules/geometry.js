// Where a face lies in a photo, and the upright square frame that is cut out of it. A map is 2 x 3: turn, scale and shift.

import { blank, rint } from "./pixels.js";
import { area, bilinear, warp } from "./resampling.js";

const { fround } = Math;

/** Points under a map. */
export function apply(matrix, points) {
  return points.map(([x, y]) => matrix.map(([a, b, c]) => a * x + b * y + c));
}

/** The turn, scale and shift that take source points closest to target points, in the sense of least squares. */
export function fitSimilarity(source, target) {
  const middle = mean(source);
  const targetMiddle = mean(target);
  let [norm, real, imaginary] = [0, 0, 0];
  for (const [place, [x, y]] of source.entries()) {
    const [dx, dy] = [x - middle[0], y - middle[1]];
    const [tx, ty] = [target[place][0] - targetMiddle[0], target[place][1] - targetMiddle[1]];
    norm += dx * dx + dy * dy;
    real += dx * tx + dy * ty;
    imaginary += dx * ty - dy * tx;
  }
  real /= norm;
  imaginary /= norm;
  return [
    [real, -imaginary, targetMiddle[0] - (real * middle[0] - imaginary * middle[1])],
    [imaginary, real, targetMiddle[1] - (imaginary * middle[0] + real * middle[1])],
  ];
}

/** Rough points in eighths of a pixel: what is cut out by them does not hang on the last digits of a float. */
export function inEighths(points) {
  return points.map((point) => point.map((value) => rint(fround(value) * 8) / 8));
}

/** The map back. */
export function inverse([[a, b, c], [d, e, f]]) {
  const area = a * e - b * d;
  return [
    [e / area, -b / area, (b * f - e * c) / area],
    [-d / area, a / area, (d * c - a * f) / area],
  ];
}

/** The map that turns an image around its middle, and the size that shows all of it. */
export function turn(width, height, degrees) {
  const [cosine, sine] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const [x, y] = [(width - 1) / 2, (height - 1) / 2];
  const size = [
    Math.ceil(Math.abs(cosine) * width + Math.abs(sine) * height - 1e-6),
    Math.ceil(Math.abs(sine) * width + Math.abs(cosine) * height - 1e-6),
  ];
  const matrix = [
    [cosine, sine, (1 - cosine) * x - sine * y + (size[0] - width) / 2],
    [-sine, cosine, sine * x + (1 - cosine) * y + (size[1] - height) / 2],
  ];
  return { matrix, size };
}

/** The frame of `side` pixels to which a map takes a photo: { pixels, inside }, white and 0 beyond the photo. */
export function cutOut(photo, matrix, side) {
  const shrink = 1 / Math.sqrt(Math.abs(matrix[0][0] * matrix[1][1] - matrix[0][1] * matrix[1][0]));
  let back = inverse(matrix);
  if (shrink > 1) {
    // Or fine detail of a large face would alias.
    const { small, scale } = reducedPhoto(photo, shrink);
    photo = small;
    back = back.map(([a, b, c], axis) => [a / scale[axis], b / scale[axis], (c - (0.5 * scale[axis] - 0.5)) / scale[axis]]);
  }
  const covered = blank(photo.width, photo.height, 1, 255);
  return { pixels: warp(photo, back, side, side, 255), inside: warp(covered, back, side, side, 0) };
}

/** A square image at another size: the mean of what is covered where that reduces, else bilinear. */
export function resized(image, side) {
  return side < image.height ? area(image, side, side) : bilinear(image, side, side);
}

/** A photo of at most `longest` pixels a side, and the pixels of the photo to one of it, by x and y. */
export function reducedTo(photo, longest) {
  const shrink = Math.max(photo.width, photo.height) / longest;
  if (shrink <= 1) return { small: photo, scale: [1, 1] };
  const { small, scale } = reducedPhoto(photo, shrink);
  return { small, scale: scale.map(fround) };
}

function reducedPhoto(photo, shrink) {
  const [width, height] = [photo.width, photo.height].map((length) => Math.max(1, rint(length / shrink)));
  return { small: area(photo, width, height), scale: [photo.width / width, photo.height / height] };
}

function mean(points) {
  return [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length);
}
