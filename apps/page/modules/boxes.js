// Boxes [x1, y1, x2, y2]: the edges of what they cover, in pixels. Rounded to float32 at each step, as the runtime computes.

import { rint } from "./pixels.js";

const { fround, max, min } = Math;
const TINY = 1.1754943508222875e-38; // the smallest normal float32

/** A box whose edges were moved by offsets in sides of it. */
export function calibrate([x1, y1, x2, y2], offsets) {
  const [width, height] = [fround(x2 - x1), fround(y2 - y1)];
  return [x1, y1, x2, y2].map((edge, place) => fround(edge + fround(offsets[place] * (place % 2 ? height : width))));
}

/** The square of a box' longer side around its centre, brought to whole pixels and not smaller than 1. */
export function wholeSquare([x1, y1, x2, y2]) {
  const half = fround(max(fround(x2 - x1), fround(y2 - y1)) / 2);
  const centre = [fround(fround(x1 + x2) / 2), fround(fround(y1 + y2) / 2)];
  const start = centre.map((value) => fround(value - half));
  const sides = centre.map((value, axis) => max(rint(fround(fround(value + half) - start[axis])), 1));
  const corner = start.map(rint);
  return [...corner, corner[0] + sides[0], corner[1] + sides[1]];
}

/** Indices of numbers from the highest on; equal ones keep their order. */
export function byFalling(numbers) {
  return Array.from(numbers, (_, place) => place).sort((one, other) => numbers[other] - numbers[one]);
}

/**
 * Greedy non-maximum suppression.
 *
 * @param {number} most - Largest overlap of two boxes that both stay.
 * @param {boolean} ofSmaller - Measure the overlap by the smaller box, else by the union.
 * @returns {number[]} Indices of those that stay, by falling score.
 */
export function suppress(boxes, scores, most, ofSmaller = false) {
  const areas = boxes.map(([x1, y1, x2, y2]) => fround(fround(x2 - x1) * fround(y2 - y1)));
  let order = byFalling(scores);
  const kept = [];
  while (order.length) {
    const best = order[0];
    kept.push(best);
    order = order.slice(1).filter((other) => {
      const shared = intersection(boxes[best], boxes[other]);
      const whole = ofSmaller ? min(areas[best], areas[other]) : fround(fround(areas[best] + areas[other]) - shared);
      return fround(shared / max(whole, TINY)) <= most;
    });
  }
  return kept;
}

function intersection(one, other) {
  const width = fround(min(one[2], other[2]) - max(one[0], other[0]));
  const height = fround(min(one[3], other[3]) - max(one[1], other[1]));
  return fround(max(width, 0) * max(height, 0));
}
