// From a photo with faces anywhere in it to a cartoon of each: detect, align, cut out, translate, finish.

import { Artist } from "./drawing.js";
import { Finder } from "./finder.js";
import { loadModel } from "./model.js";

const MOST_FACES = 12;

export class Cartoonizer {
  /** With the model of this page; `tell` is told how many of its nets are there. */
  static async load(tell = () => {}) {
    const { manifest, nets } = await loadModel(tell);
    return new Cartoonizer(manifest, nets);
  }

  constructor(manifest, nets) {
    this.manifest = manifest;
    this.finder = new Finder(nets, manifest);
    this.artist = new Artist(nets, manifest);
  }

  /** Classes of each label that can be asked for. */
  get labels() {
    const labels = this.manifest.translator.inputs.filter(({ kind }) => kind === "label");
    return Object.fromEntries(labels.map(({ name, classes }) => [name, classes]));
  }

  /** The faces of an RGB photo, largest first: { box, landmarks, score, own, frame, subject }. */
  async find(photo) {
    const faces = [];
    for (const face of await this.finder.find(photo, MOST_FACES)) {
      const { frame, landmarks } = this.finder.frame(photo, face);
      const subject = await this.artist.subject(frame, landmarks);
      faces.push({ ...face, frame: frame.pixels, subject, own: await this.artist.ownClasses(subject) });
    }
    return faces;
  }

  /** The cartoon of a face that `find` found, RGBA, with a class of each label. */
  draw(face, labels) {
    return this.artist.draw(face.subject, labels);
  }
}
