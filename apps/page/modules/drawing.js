// From framed faces to cartoons: background, label, translation, finish.

import { headRegion, onWhite, tidied } from "./background.js";
import { resized } from "./geometry.js";
import { blank, rint, toNetwork } from "./pixels.js";

const LEAST_ALPHA = Math.fround(1e-3);

export class Artist {
  /**
   * @param {object} nets - The nets of the model, by name.
   * @param {object} manifest - What the model says of itself.
   */
  constructor(nets, manifest) {
    this.nets = nets;
    this.manifest = manifest;
  }

  /** A face as the translator wants it, from its frame and its landmarks there. */
  async subject(frame, landmarks) {
    const { side } = this.manifest.translator;
    let image = resized(frame.pixels, side);
    if (this.manifest.background) image = onWhite(image, await this.#matte(frame));
    const points = landmarks.map((point) => point.map((value) => (value + 0.5) * (side / this.manifest.frame.side) - 0.5));
    return { image: [toNetwork(image), [1, 3, side, side]], landmarks: [Float32Array.from(points.flat()), [1, 5, 2]] };
  }

  /** The class of each label that a face has itself, where the classifier tells it. */
  async ownClasses(subject) {
    const classes = Object.entries(this.manifest.classifier);
    if (!classes.length) return {};
    const seen = await this.nets.classifier({ image: subject.image });
    return Object.fromEntries(classes.map(([name, all]) => [name, all[seen[name].data.indexOf(Math.max(...seen[name].data))]]));
  }

  /** The cartoon of a face, RGBA. Labels that are left out are unknown to the net. */
  async draw(subject, labels) {
    const feeds = Object.fromEntries(this.manifest.translator.inputs.map((input) => [input.name, feed(input, subject, labels)]));
    const [cartoon] = Object.values(await this.nets.translator(feeds));
    if (!this.nets.finisher) return sticker(cartoon, new Float32Array(cartoon.data.length / 3).fill(1));
    const { image, alpha } = await this.nets.finisher({ cartoon: [cartoon.data, cartoon.dims] });
    return sticker(image, alpha.data);
  }

  /** What of a frame is the person or the head, 255 inside; nothing beyond the photo's edge. */
  async #matte(frame) {
    const { side, channel } = this.manifest.background;
    const { alphas } = await this.nets.background({ photo: [toNetwork(resized(frame.pixels, side)), [1, 3, side, side]] });
    const inside = resized(frame.inside, side);
    const matte = blank(side, side, 1);
    for (let place = 0; place < side * side; place++) {
      matte.data[place] = Math.min(rint(Math.fround(alphas.data[channel * side * side + place] * 255)), inside.data[place]);
    }
    return tidied(matte);
  }
}

/** What the translator is given as one of its inputs. */
function feed({ name, kind, classes }, subject, labels) {
  if (kind === "photo") return subject.image;
  if (kind === "landmarks") return subject.landmarks;
  return [Float32Array.from(classes, (each) => Number(each === labels[name])), [1, classes.length]];
}

/** A cartoon without its white background, its rim and what does not touch the head, RGBA. */
function sticker(image, alphas) {
  const [, , height, width] = image.dims;
  const matte = blank(width, height, 1);
  for (const [place, alpha] of alphas.entries()) matte.data[place] = Math.fround(alpha * 255);
  const isHead = headRegion(matte);
  const inside = alphas.map((alpha, place) => (isHead[place] ? alpha : 0));
  const result = blank(width, height, 4);
  for (let place = 0; place < width * height; place++) {
    const alpha = inside[place];
    for (let channel = 0; channel < 3; channel++) {
      const value = isHead[place] ? image.data[channel * width * height + place] : 1;
      const colour = Math.min(Math.max((value - (1 - alpha)) / Math.max(alpha, LEAST_ALPHA), -1), 1);
      result.data[4 * place + channel] = (colour + 1) * 127.5;
    }
    result.data[4 * place + 3] = Math.fround(2 * leastAround(inside, place, width, height)) * 127.5;
  }
  return result;
}

/** The smallest value of a pixel and its four neighbours: white still shines through that far in. */
function leastAround(values, place, width, height) {
  const [x, y] = [place % width, Math.floor(place / width)];
  let least = values[place];
  if (x > 0) least = Math.min(least, values[place - 1]);
  if (x < width - 1) least = Math.min(least, values[place + 1]);
  if (y > 0) least = Math.min(least, values[place - width]);
  if (y < height - 1) least = Math.min(least, values[place + width]);
  return least;
}
