// Images and numbers. An image is { data, width, height, channels } with bytes row by row, its channels side by side.

/** An image of `width` x `height`; what is written into its data is rounded (halves to even) and clipped to 0 to 255. */
export function blank(width, height, channels, value = 0) {
  return { data: new Uint8ClampedArray(width * height * channels).fill(value), width, height, channels };
}

/** The nearest whole number, halves to the even one, as numpy rounds. */
export function rint(value) {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/** RGB of a canvas' RGBA, which is opaque. */
export function rgbOf(rgba, width, height) {
  const image = blank(width, height, 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    image.data[to] = rgba[from];
    image.data[to + 1] = rgba[from + 1];
    image.data[to + 2] = rgba[from + 2];
  }
  return image;
}

/** RGBA, as a canvas takes it, of an RGB image. */
export function rgbaOf(image) {
  const rgba = new Uint8ClampedArray(image.width * image.height * 4).fill(255);
  for (let from = 0, to = 0; from < image.data.length; from += 3, to += 4) rgba.set(image.data.subarray(from, from + 3), to);
  return rgba;
}

/** The channels of an RGB image one after the other, as networks take them. */
export function planes(image, convert = (value) => value) {
  const area = image.width * image.height;
  const values = new Float32Array(3 * area);
  for (let place = 0; place < area; place++) {
    for (let channel = 0; channel < 3; channel++) values[channel * area + place] = convert(image.data[3 * place + channel]);
  }
  return values;
}

/** An RGB image as networks take it, (3, H, W) in [-1, 1]. */
export function toNetwork(image) {
  return planes(image, (value) => Math.fround(value / 127.5) - 1);
}
