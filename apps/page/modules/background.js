// What of a framed photo is the person, and white in place of the rest. A matte is an image of one channel, 255 inside.

import { blank, rint } from "./pixels.js";
import { area, bilinear } from "./resampling.js";

const LEAST_SHARE = 0.03; // a matte that leaves less of the frame found nobody; the frame stays as it is
const FAINT = 63; // values of a matte up to which nothing is connected
const BLURS = [[0.2, 8], [0.08, 4]]; // windows in sides of the image within which colours are alike, and powers of the matte
const REACH = 1 / 64; // of the windows that smooth a matte, in sides of it
const STEEPNESS = 3; // slope of the edge that they leave
const LEAST = Math.fround(1e-4);

/** A square RGB image with white where a square matte of any size is 0. */
export function onWhite(image, matte) {
  const side = image.height;
  if (matte.height !== side) matte = matte.height > side ? area(matte, side, side) : bilinear(matte, side, side);
  const colours = matte.data.some((value) => value > 0 && value < 255) ? ownColours(image, matte) : image.data;
  const result = blank(side, side, 3);
  for (const [place, colour] of colours.entries()) {
    const alpha = matte.data[Math.floor(place / 3)];
    result.data[place] = Math.floor((colour * alpha + 255 * (255 - alpha) + 127) / 255);
  }
  return result;
}

/** A matte of the one in the middle, without smudges; 255 throughout if nobody is found. */
export function tidied(matte) {
  const side = matte.height;
  const stretched = blank(side, side, 1);
  for (const [place, value] of matte.data.entries()) stretched.data[place] = 2 * value - 127;
  const { labels, count } = components(stretched);
  let kept = stretched;
  if (count > 0) {
    const shares = new Float64Array(count + 1);
    for (const [place, label] of labels.entries()) {
      const [x, y] = [place % side, Math.floor(place / side)].map((value) => (2 * value) / (side - 1) - 1);
      shares[label] += Math.exp(-2 * (x * x + y * y)) * stretched.data[place];
    }
    const near = dilated(labels, side, largest(shares), 2); // its faint edge belongs to it
    for (const [place, isNear] of near.entries()) if (!isNear) stretched.data[place] = 0;
    kept = smoothed(stretched);
  }
  const mean = kept.data.reduce((sum, value) => sum + value, 0) / (side * side);
  return mean > 255 * LEAST_SHARE ? kept : blank(side, side, 1, 255);
}

/** The same matte with a smooth outline; what is thinner than a fortieth of a side goes. */
function smoothed(matte) {
  const side = matte.height;
  const reach = Math.max(1, rint(REACH * side));
  const along = (source, step, otherStep) => {
    const sums = new Float64Array(source.length);
    for (let line = 0; line < side; line++) {
      for (let place = 0; place < side; place++) {
        for (let near = place - reach; near <= place + reach; near++) {
          sums[line * otherStep + place * step] += source[line * otherStep + Math.min(Math.max(near, 0), side - 1) * step];
        }
      }
    }
    return sums;
  };
  const both = (source) => along(along(source, 1, side), side, 1);
  const count = (2 * reach + 1) ** 4;
  const result = blank(side, side, 1);
  for (const [place, sum] of both(both(matte.data)).entries()) {
    result.data[place] = Math.floor((STEEPNESS * sum + Math.floor(count / 2)) / count) - ((STEEPNESS - 1) * 255) / 2;
  }
  return result;
}

/** Where the head of a finished cartoon is, with its soft edge and without specks; everywhere if there is none. */
export function headRegion(matte) {
  const side = matte.height;
  const { labels, count } = components(matte);
  if (count === 0) return new Uint8Array(side * side).fill(1);
  const areas = new Float64Array(count + 1);
  for (const label of labels) areas[label]++;
  const main = largest(areas);
  const near = dilated(labels, side, main, 4);
  const specks = dilated(labels.map((label) => (label !== 0 && label !== main ? -1 : 0)), side, -1, 1);
  return near.map((isNear, place) => (isNear && (!specks[place] || labels[place] === main) ? 1 : 0));
}

/** Parts of a square matte that touch, also at corners: a label for each pixel, 0 for none. */
function components(matte) {
  const side = matte.height;
  const labels = new Int32Array(side * side);
  let count = 0;
  for (let start = 0; start < labels.length; start++) {
    if (labels[start] || matte.data[start] <= FAINT) continue;
    labels[start] = ++count;
    const left = [start];
    while (left.length) {
      const place = left.pop();
      const [x, y] = [place % side, Math.floor(place / side)];
      for (let row = Math.max(y - 1, 0); row <= Math.min(y + 1, side - 1); row++) {
        for (let column = Math.max(x - 1, 0); column <= Math.min(x + 1, side - 1); column++) {
          const next = row * side + column;
          if (labels[next] || matte.data[next] <= FAINT) continue;
          labels[next] = count;
          left.push(next);
        }
      }
    }
  }
  return { labels, count };
}

/** The label, 0 apart, of the largest value. */
function largest(values) {
  let best = 1;
  for (let label = 2; label < values.length; label++) if (values[label] > values[best]) best = label;
  return best;
}

/** 1 at most `reach` pixels from a label, also diagonally, else 0. */
function dilated(labels, side, label, reach) {
  const wide = new Uint8Array(labels.length);
  const result = new Uint8Array(labels.length);
  for (const [place, one] of labels.entries()) {
    if (one !== label) continue;
    const [x, row] = [place % side, place - (place % side)];
    wide.fill(1, row + Math.max(x - reach, 0), row + Math.min(x + reach, side - 1) + 1);
  }
  for (const [place, isNear] of wide.entries()) {
    if (!isNear) continue;
    const [x, y] = [place % side, Math.floor(place / side)];
    for (let row = Math.max(y - reach, 0); row <= Math.min(y + reach, side - 1); row++) result[row * side + x] = 1;
  }
  return result;
}

/** The colours of what a matte covers, without what shines through from behind: two rounds of blur fusion (Forte 2021). */
function ownColours(image, matte) {
  const side = image.height;
  const colours = Float64Array.from(image.data);
  const alpha = Float64Array.from(colours, (_, place) => matte.data[Math.floor(place / 3)] / 255);
  let [front, behind] = [colours, colours];
  for (const [share, trust] of BLURS) {
    const size = Math.max(3, rint(share * side));
    const ofFront = alpha.map((value) => value ** trust);
    const ofBehind = alpha.map((value) => (1 - value) ** trust);
    const near = fused(front, ofFront, size, side);
    behind = fused(behind, ofBehind, size, side);
    front = near.map((value, place) => {
      const merged = value + alpha[place] * (colours[place] - alpha[place] * value - (1 - alpha[place]) * behind[place]);
      return Math.min(Math.max(merged, 0), 255);
    });
  }
  return front.map(rint);
}

/** Colours blurred with weights. */
function fused(colours, weights, size, side) {
  const top = blurred(colours.map((value, place) => value * weights[place]), size, side);
  const bottom = blurred(weights, size, side);
  return colours.map((value, place) => (top[place] + LEAST * value) / (bottom[place] + LEAST));
}

/** Means of windows of `size` pixels a side in a square image of three channels, mirrored at its borders. */
function blurred(values, size, side) {
  const mirrored = (place) => (place < 0 ? -place : place >= side ? 2 * side - 2 - place : place);
  const along = (source, step, otherStep) => {
    const result = new Float64Array(source.length);
    for (let line = 0; line < side; line++) {
      for (let channel = 0; channel < 3; channel++) {
        const at = (place) => source[line * otherStep + mirrored(place) * step + channel];
        let sum = 0;
        const before = Math.floor(size / 2);
        for (let place = -before; place < size - before; place++) sum += at(place);
        for (let place = 0; place < side; place++) {
          result[line * otherStep + place * step + channel] = sum / size;
          sum += at(place + size - before) - at(place - before);
        }
      }
    }
    return result;
  };
  return along(along(values, 3, 3 * side), 3 * side, 3);
}
