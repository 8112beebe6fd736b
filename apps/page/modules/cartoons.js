// Cartoons made by this browser: a photo goes to a thread of this page, and nowhere else.

const MOST_PIXELS = 16_000_000; // a canvas of some phones holds no more

const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
const waiting = new Map(); // what is told to whoever asked, by the number of the message
let messages = 0;
let requests = 0; // for photos and cartoons
let loading = null;
let model = { labels: {} };

worker.addEventListener("message", ({ data: { id, progress, error, result } }) => {
  const { resolve, reject, tell } = waiting.get(id);
  if (progress) {
    tell(...progress);
    return;
  }
  waiting.delete(id);
  if (error === undefined) resolve(result);
  else reject(new Error(error));
});
worker.addEventListener("error", () => {
  for (const { reject } of waiting.values()) reject(new Error("This browser cannot run the networks, or a file of this page is missing."));
  waiting.clear();
});

/** Fetch the networks; what can be asked for: name and terms of the model, and the classes of its labels. */
export async function load(tell) {
  loading = ask("load", null, (done, all) => tell(`Loading the networks: ${done} of ${all} …`));
  model = await loading;
  return model;
}

/** The faces of a photo; see the server's `cartoons.js`. */
export async function draw(blob, tell) {
  requests++;
  const { canvas, rgba } = await decode(blob);
  await loading;
  tell("Looking for faces …");
  const { width, height } = canvas;
  const found = await ask("find", { rgba, width, height });
  const faces = found.map((face) => ({ ...face, photo: dataOf(face.frame, "image/jpeg") }));
  const drawn = new Map();
  const png = (number, labels) => {
    const key = JSON.stringify([number, labels]);
    if (!drawn.has(key)) drawn.set(key, ask("draw", { face: found[number], labels }).then((image) => dataOf(image, "image/png")));
    return drawn.get(key);
  };
  const cartoon = async (number, labels) => {
    const request = ++requests;
    const wanted = await png(number, labels);
    drawAhead(labels, (other) => (request === requests ? png(number, other) : null)).catch(() => {});
    return wanted;
  };
  return { width, height, picture: canvas, faces, cartoon };
}

/** Draw what may be chosen next, one after the other, so that it answers at once; `png` gives null when there is other work. */
async function drawAhead(labels, png) {
  for (const [name, classes] of Object.entries(model.labels)) {
    for (const each of classes) {
      if ((await png({ ...labels, [name]: each })) === null) return;
    }
  }
}

function ask(action, given, tell) {
  const id = ++messages;
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject, tell });
    worker.postMessage({ id, action, given });
  });
}

/** A photo as the browser decodes it, upright, on white where it is transparent. */
async function decode(blob) {
  const bitmap = await createImageBitmap(blob, { imageOrientation: "from-image" }).catch(() => {
    throw new Error("This is no image that this browser can read.");
  });
  const shrink = Math.min(1, Math.sqrt(MOST_PIXELS / (bitmap.width * bitmap.height)));
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [bitmap.width, bitmap.height].map((length) => Math.max(1, Math.floor(length * shrink)));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return { canvas, rgba: context.getImageData(0, 0, canvas.width, canvas.height).data };
}

/** An RGBA image as a data: URL. */
function dataOf({ data, width, height }, type) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  canvas.getContext("2d").putImageData(new ImageData(data, width, height), 0, 0);
  return canvas.toDataURL(type, 0.9);
}
