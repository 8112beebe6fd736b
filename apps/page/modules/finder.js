// Faces anywhere in a photo, in any turn, with exact landmarks, and the frames that are cut out of it.

import { byFalling } from "./boxes.js";
import { Cascade, ONET_SIDE } from "./cascade.js";
import { apply, cutOut, fitSimilarity, inEighths, inverse, reducedTo, turn } from "./geometry.js";
import { planes } from "./pixels.js";
import { warp } from "./resampling.js";

const { fround } = Math;
const TURNS = [45, -45, 90, -90, 180]; // degrees by which a photo without an upright face is turned, one after the other

export class Finder {
  constructor(nets, manifest) {
    this.settings = manifest.detector;
    this.side = manifest.frame.side;
    this.target = framePoints(manifest, this.side);
    this.cascade = new Cascade(nets, this.settings);
    this.refine = refinement(this.cascade, this.target, this.settings, this.side);
  }

  /** The faces of an RGB photo, { box, landmarks, score }, largest first. */
  async find(photo, most = Infinity) {
    const { small, scale } = reducedTo(photo, this.settings.searched_side);
    const found = (await this.#search(small)).map(({ box, landmarks, score }) => ({
      box: box.map((edge, place) => fround(edge * scale[place % 2])),
      landmarks: inEighths(landmarks).map((point) => point.map((value, axis) => fround(fround((value + 0.5) * scale[axis]) - 0.5))),
      score,
    }));
    const areas = found.map(({ box: [x1, y1, x2, y2] }) => fround(fround(x2 - x1) * fround(y2 - y1)));
    const largest = byFalling(areas).slice(0, most).map((place) => found[place]);
    return Promise.all(largest.map((face) => this.#refined(photo, face)));
  }

  /** A face, cut out to where training has its faces: { frame, landmarks }, these in pixels of the frame. */
  frame(photo, face) {
    const matrix = fitSimilarity(face.landmarks, this.target);
    const rounded = matrix.map((row) => row.map(fround));
    return { frame: cutOut(photo, matrix, this.side), landmarks: apply(rounded, face.landmarks) };
  }

  async #search(image) {
    let found = await this.cascade.detect(image);
    for (const degrees of TURNS) {
      if (found.length) break;
      const { matrix, size } = turn(image.width, image.height, degrees);
      const back = inverse(matrix);
      const turned = await this.cascade.detect(warp(image, back, ...size, 0));
      found = turned.map(({ box: [x1, y1, x2, y2], landmarks, score }) => {
        const corners = apply(back, [[x1, y1], [x2, y1], [x2, y2], [x1, y2]]);
        const [x, y] = [0, 1].map((axis) => corners.map((corner) => fround(corner[axis])));
        const box = [Math.min(...x), Math.min(...y), Math.max(...x), Math.max(...y)];
        return { box, landmarks: apply(back, landmarks).map((point) => point.map(fround)), score };
      });
    }
    return found;
  }

  /** A face whose landmarks were found once more in its upright frame: one that lies askew is found, but roughly. */
  async #refined(photo, face) {
    const rough = fitSimilarity(face.landmarks, this.target);
    const seen = await this.refine(cutOut(photo, rough, this.side).pixels);
    return { ...face, landmarks: apply(inverse(rough), inEighths(seen)).map((point) => point.map(fround)) };
  }
}

/** Where the landmarks lie in a frame of `side` pixels. */
function framePoints(manifest, side) {
  return manifest.frame.landmarks.map((point) => point.map((value) => fround(fround(value) * side - 0.5)));
}

/** A function that finds landmarks in the square of a frame where the face is on average. */
function refinement(cascade, target, settings, side) {
  const [left, top, width] = squareOfLandmarks(target, settings.face);
  const rows = intervalWeights(top, width, ONET_SIDE, side);
  const columns = intervalWeights(left, width, ONET_SIDE, side);
  return async (frame) => {
    const values = planes(frame);
    const crop = new Float32Array(3 * ONET_SIDE * ONET_SIDE);
    for (let channel = 0; channel < 3; channel++) {
      const plane = values.subarray(channel * side * side, (channel + 1) * side * side);
      const halfway = product(rows, plane, ONET_SIDE, side, side);
      const turned = product(columns, transposed(halfway, ONET_SIDE, side), ONET_SIDE, side, ONET_SIDE);
      crop.set(transposed(turned, ONET_SIDE, ONET_SIDE), channel * ONET_SIDE * ONET_SIDE);
    }
    const landmarks = await cascade.landmarks(crop);
    return landmarks.map(([x, y]) => [left + x * width + settings.landmark_offset, top + y * width + settings.landmark_offset]);
  };
}

/** Left, top and side of the square that holds landmarks as a detector's squares do on average. */
function squareOfLandmarks(landmarks, face) {
  const [[middle, spread], [faceMiddle, faceSpread]] = [landmarks, face].map((points) => {
    const centre = [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length);
    return [centre, points.reduce((sum, [x, y]) => sum + (x - centre[0]) ** 2 + (y - centre[1]) ** 2, 0)];
  });
  const side = Math.sqrt(spread / faceSpread);
  return [middle[0] + 0.5 - side * faceMiddle[0], middle[1] + 0.5 - side * faceMiddle[1], side];
}

/** Shares (count, length) of an axis' pixels in the values of a crop, each the mean over an interval around its place. */
function intervalWeights(start, width, count, length) {
  const step = width / count;
  const reach = Math.max(step, 1) / 2;
  const weights = new Float32Array(count * length);
  for (let place = 0; place < count; place++) {
    const middle = start + (place + 0.5) * step;
    for (let pixel = 0; pixel < length; pixel++) {
      const first = pixel === 0 ? -Infinity : pixel;
      const last = pixel === length - 1 ? Infinity : pixel + 1;
      const covered = Math.min(middle + reach, last) - Math.max(middle - reach, first);
      weights[place * length + pixel] = Math.max(covered, 0) / (2 * reach);
    }
  }
  return weights;
}

/** (rows, inner) times (inner, columns). */
function product(left, right, rows, inner, columns) {
  const result = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let place = 0; place < inner; place++) {
      const weight = left[row * inner + place];
      if (weight === 0) continue;
      for (let column = 0; column < columns; column++) result[row * columns + column] += weight * right[place * columns + column];
    }
  }
  return result;
}

function transposed(values, rows, columns) {
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) result[column * rows + row] = values[row * columns + column];
  }
  return result;
}
