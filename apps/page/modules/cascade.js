// The detector's three nets: proposals, refined, refined again and given landmarks (MTCNN, Zhang et al. 2016).
// Boxes are ranked by logits: the probabilities of sure faces are all 1 in float32.

import { calibrate, suppress, wholeSquare } from "./boxes.js";
import { IntegralImage } from "./integral.js";

const { fround } = Math;
const [WINDOW, STRIDE] = [12, 2]; // pixels of a side that the first net looks at, and between its windows
const RNET_SIDE = 24;
export const ONET_SIDE = 48;
const [WITHIN_LEVEL, ACROSS_LEVELS, AFTER_RNET, AFTER_ONET] = [0.501, 0.7, 0.7, 0.7]; // see cartoonizer/cascade.py
const [MOST_PROPOSALS, MOST_REFINED] = [10_000, 2_000];
const AT_ONCE = 64;

export class Cascade {
  /**
   * @param {object} nets - The nets of the model, by name.
   * @param {object} settings - How faces are looked for: `detector` of the manifest.
   */
  constructor(nets, settings) {
    this.nets = nets;
    this.settings = settings;
  }

  /** The upright faces of an RGB image, { box, landmarks, score }, by falling score. */
  async detect(image) {
    const sums = new IntegralImage(image);
    return this.#conclude(sums, await this.#refine(sums, await this.#propose(sums)));
  }

  /** Five landmarks of a face (1, 3, 48, 48) from 0 to 255, in sides of the crop. */
  async landmarks(crop) {
    const { landmarks } = await this.nets.onet({ windows: [crop, [1, 3, ONET_SIDE, ONET_SIDE]] });
    return pairs(landmarks.data);
  }

  /** Squares that may be faces. */
  async #propose(sums) {
    const shorter = Math.min(sums.height, sums.width);
    const found = [];
    for (let scale = WINDOW / this.settings.least_face; shorter * scale >= WINDOW; scale *= this.settings.pyramid_factor) {
      found.push(...(await this.#proposeOnLevel(sums, scale)));
    }
    const kept = suppress(found.map(({ box }) => box), found.map(({ logit }) => logit), ACROSS_LEVELS);
    return kept.slice(0, MOST_PROPOSALS).map((place) => wholeSquare(calibrate(found[place].box, found[place].offsets)));
  }

  async #proposeOnLevel(sums, scale) {
    const [height, width] = [Math.trunc(sums.height * scale + 1), Math.trunc(sums.width * scale + 1)];
    const { logit, box } = await this.nets.pnet({ windows: [sums.level(height, width), [1, 3, height, width]] });
    const [, rows, columns] = logit.dims;
    const least = fround(this.settings.thresholds[0]);
    const found = [];
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const place = row * columns + column;
        if (!(probability(logit.data[place]) >= least)) continue;
        const edges = [column * STRIDE, row * STRIDE, column * STRIDE + WINDOW, row * STRIDE + WINDOW];
        const offsets = [0, 1, 2, 3].map((edge) => box.data[edge * rows * columns + place]);
        found.push({ box: edges.map((edge) => fround(edge / fround(scale))), logit: logit.data[place], offsets });
      }
    }
    return suppress(found.map((each) => each.box), found.map(({ logit }) => logit), WITHIN_LEVEL).map((place) => found[place]);
  }

  /** Those squares that are faces by the second net, too. */
  async #refine(sums, squares) {
    const seen = (await this.#look("rnet", sums, squares, RNET_SIDE)).filter(({ score }) => score > fround(this.settings.thresholds[1]));
    const kept = suppress(seen.map(({ square }) => square), seen.map(({ logit }) => logit), AFTER_RNET);
    return kept.slice(0, MOST_REFINED).map((place) => wholeSquare(calibrate(seen[place].square, seen[place].offsets)));
  }

  /** The faces among squares. */
  async #conclude(sums, squares) {
    const seen = (await this.#look("onet", sums, squares, ONET_SIDE)).filter(({ score }) => score > fround(this.settings.thresholds[2]));
    const offset = fround(this.settings.landmark_offset);
    const faces = seen.map(({ square, score, logit, offsets, landmarks }) => {
      const [x1, y1, x2, y2] = square;
      const place = ([x, y]) => [x1 + fround(x * (x2 - x1)), y1 + fround(y * (y2 - y1))].map((value) => fround(fround(value) + offset));
      return { box: calibrate(square, offsets), landmarks: landmarks.map(place), score, logit };
    });
    const kept = suppress(faces.map(({ box }) => box), faces.map(({ logit }) => logit), AFTER_ONET, true);
    return kept.map((place) => faces[place]);
  }

  /** What a net says of squares. */
  async #look(name, sums, squares, side) {
    const inside = squares.filter((square) => sums.contains(square));
    const seen = [];
    for (let start = 0; start < inside.length; start += AT_ONCE) {
      const some = inside.slice(start, start + AT_ONCE);
      const { logit, box, landmarks } = await this.nets[name]({ windows: [sums.crops(some, side), [some.length, 3, side, side]] });
      for (const [place, square] of some.entries()) {
        const offsets = box.data.slice(4 * place, 4 * place + 4);
        const points = landmarks && pairs(landmarks.data.slice(10 * place, 10 * place + 10));
        seen.push({ square, score: probability(logit.data[place]), logit: logit.data[place], offsets, landmarks: points });
      }
    }
    return seen;
  }
}

function probability(logit) {
  return fround(1 / fround(1 + fround(Math.exp(-logit))));
}

function pairs(values) {
  return Array.from({ length: values.length / 2 }, (_, place) => [values[2 * place], values[2 * place + 1]]);
}
