// Images at other sizes and turned, by the same formulas as OpenCV: what a browser's canvas does differs from browser to browser.

import { blank } from "./pixels.js";

/** Each value is the mean of what it covers: for reductions. */
export function area(image, width, height) {
  const isHalved = image.width === 2 * width && image.height === 2 * height;
  return separable(image, areaWeights(image.width, width), areaWeights(image.height, height), isHalved ? 0.125 : 0);
}

/** Each value is taken between its two neighbours: for enlargements. */
export function bilinear(image, width, height) {
  return separable(image, linearWeights(image.width, width), linearWeights(image.height, height), 0);
}

/**
 * The image that a map takes another one to, bilinear.
 *
 * @param {object} image - Any image.
 * @param {number[][]} back - 2 x 3, from pixels of the new image to those of the old one.
 * @param {number} border - What lies beyond the old image.
 */
export function warp(image, back, width, height, border) {
  const { data, channels } = image;
  const warped = blank(width, height, channels);
  const at = (x, y, channel) =>
    x < 0 || y < 0 || x >= image.width || y >= image.height ? border : data[(y * image.width + x) * channels + channel];
  let place = 0;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const x = back[0][0] * column + back[0][1] * row + back[0][2];
      const y = back[1][0] * column + back[1][1] * row + back[1][2];
      const [left, top] = [Math.floor(x), Math.floor(y)];
      const [right, bottom] = [x - left, y - top]; // shares of the next pixels
      for (let channel = 0; channel < channels; channel++) {
        const above = at(left, top, channel) * (1 - right) + at(left + 1, top, channel) * right;
        const below = at(left, top + 1, channel) * (1 - right) + at(left + 1, top + 1, channel) * right;
        warped.data[place++] = above * (1 - bottom) + below * bottom;
      }
    }
  }
  return warped;
}

/** Columns first, then rows. `bias` is added before rounding: OpenCV rounds up halves where it halves an image. */
function separable(image, columns, rows, bias) {
  const { data, channels } = image;
  const [width, height] = [columns.length, rows.length];
  const stride = width * channels;
  const narrow = new Float32Array(image.height * stride);
  for (let row = 0; row < image.height; row++) {
    for (let column = 0; column < width; column++) {
      const { first, weights } = columns[column];
      for (let channel = 0; channel < channels; channel++) {
        let sum = 0;
        let from = (row * image.width + first) * channels + channel;
        for (const weight of weights) {
          sum += weight * data[from];
          from += channels;
        }
        narrow[row * stride + column * channels + channel] = sum;
      }
    }
  }
  const result = blank(width, height, channels);
  for (let row = 0; row < height; row++) {
    const { first, weights } = rows[row];
    for (let place = 0; place < stride; place++) {
      let sum = bias;
      let from = first * stride + place;
      for (const weight of weights) {
        sum += weight * narrow[from];
        from += stride;
      }
      result.data[row * stride + place] = sum;
    }
  }
  return result;
}

/** Shares of an axis' pixels in each of `count` values. */
function areaWeights(length, count) {
  const step = length / count;
  return Array.from({ length: count }, (_, place) => {
    const [start, end] = [place * step, Math.min((place + 1) * step, length)];
    const first = Math.min(Math.floor(start), length - 1);
    const weights = [];
    for (let pixel = first; pixel < end; pixel++) weights.push(Math.min(end, pixel + 1) - Math.max(start, pixel));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}

function linearWeights(length, count) {
  return Array.from({ length: count }, (_, place) => {
    const middle = Math.min(Math.max(((place + 0.5) * length) / count - 0.5, 0), length - 1);
    const first = Math.min(Math.floor(middle), Math.max(0, length - 2));
    return { first, weights: length === 1 ? [1] : [1 - (middle - first), middle - first] };
  });
}
