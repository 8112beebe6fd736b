// The chain in a thread of its own, so that the page stays quick. Messages are answered one after the other.

import { Cartoonizer } from "./chain.js";
import { rgbOf, rgbaOf } from "./pixels.js";

let cartoonizer = null;
let last = Promise.resolve();

const actions = {
  /** Fetch the model, and say what it is. */
  async load(_, id) {
    cartoonizer = await Cartoonizer.load((done, all) => postMessage({ id, progress: [done, all] }));
    const { name, terms } = cartoonizer.manifest;
    return { name, terms, labels: cartoonizer.labels };
  },

  /** The faces of a photo, with their frames as RGBA. */
  async find({ rgba, width, height }) {
    const faces = await cartoonizer.find(rgbOf(rgba, width, height));
    return faces.map((face) => ({ ...face, frame: { ...face.frame, data: rgbaOf(face.frame) } }));
  },

  /** The cartoon of a face that was found. */
  draw({ face, labels }) {
    return cartoonizer.draw(face, labels);
  },
};

self.addEventListener("message", ({ data: { id, action, given } }) => {
  last = last.then(async () => {
    try {
      postMessage({ id, result: await actions[action](given, id) });
    } catch (error) {
      postMessage({ id, error: error.message ?? String(error) });
    }
  });
});
