// An image as running sums, from which any reduced image is taken as area averages by four look-ups a value.

const { floor, fround, max, min } = Math;

export class IntegralImage {
  /** Of an RGB image. */
  constructor(image) {
    this.height = image.height;
    this.width = image.width;
    this.stride = 3 * (image.width + 1);
    this.sums = new Int32Array((image.height + 1) * this.stride); // may wrap around; differences come out right
    for (let row = 0; row < image.height; row++) {
      const line = [0, 0, 0];
      for (let place = 0; place < 3 * image.width; place++) {
        line[place % 3] += image.data[row * 3 * image.width + place];
        this.sums[(row + 1) * this.stride + place + 3] = this.sums[row * this.stride + place + 3] + line[place % 3];
      }
    }
  }

  /** The whole image at another size, (3, height, width) from 0 to 255. */
  level(height, width) {
    const values = new Float32Array(3 * height * width);
    this.#average(bins(0, this.height, height), bins(0, this.width, width), values, 0);
    return values;
  }

  /** Windows [x1, y1, x2, y2] in whole pixels at a common size, (N, 3, side, side); beyond the image its border goes on. */
  crops(windows, side) {
    const values = new Float32Array(windows.length * 3 * side * side);
    for (const [place, [x1, y1, x2, y2]] of windows.entries()) {
      const rows = within(bins(y1, y2, side), this.height);
      const columns = within(bins(x1, x2, side), this.width);
      this.#average(rows, columns, values, place * 3 * side * side);
    }
    return values;
  }

  /** Whether a window has any pixel in the image. */
  contains([x1, y1, x2, y2]) {
    const clip = (value, length) => min(max(value, 0), length);
    return clip(x2, this.width) > clip(x1, this.width) && clip(y2, this.height) > clip(y1, this.height);
  }

  #average(rows, columns, values, offset) {
    const area = rows.length * columns.length;
    for (const [row, [top, bottom]] of rows.entries()) {
      for (const [column, [left, right]] of columns.entries()) {
        const covered = (bottom - top) * (right - left);
        for (let channel = 0; channel < 3; channel++) {
          const at = (y, x) => this.sums[y * this.stride + 3 * x + channel];
          const total = (at(bottom, right) - at(bottom, left) - at(top, right) + at(top, left)) | 0;
          values[offset + channel * area + row * columns.length + column] = fround(total) / fround(covered);
        }
      }
    }
  }
}

/** First and last edges of the pixels that equal parts of an interval touch. */
function bins(start, end, count) {
  const length = end - start;
  return Array.from({ length: count }, (_, part) => [
    start + floor((part * length) / count),
    start + floor((part * length + length + count - 1) / count),
  ]);
}

/** Edges moved into an axis, each pair one pixel apart or more. */
function within(pairs, length) {
  return pairs.map(([first, last]) => {
    const start = min(max(first, 0), length - 1);
    return [start, max(min(last, length), start + 1)];
  });
}
