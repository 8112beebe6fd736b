// Cartoons from the server: a photo goes there, its faces come back with a cartoon for every class of the first label. The
// other labels are the photo's own until they are chosen; then the photo is sent again.

const SIZE = 256; // pixels of a cartoon's side
const LONGEST = 1600; // pixels of a photo's longer side that are sent; faces are found at less
const PATIENCE = 60_000; // milliseconds
const BETWEEN_LOOKS = 700; // at the place in the line

const token = location.hash.slice(1);
let labels = {};

/** Name, terms, and labels with their classes of the model. */
export async function load() {
  const model = await ask("api/model");
  labels = model.labels;
  return model;
}

/**
 * The faces of a photo.
 *
 * @param {Blob} blob - The photo.
 * @param {(text: string) => void} tell - Shows how far it is.
 * @returns {{width, height, picture, faces, cartoon}} The photo's size in pixels, the photo itself (null where the browser
 *   cannot show it), its faces, and a function of a face's number and the class of each label that gives the cartoon.
 */
export async function draw(blob, tell) {
  const { blob: sent, picture } = await prepare(blob);
  const answer = await send(sent, tell);
  const answers = new Map(); // promises of further answers, by the labels that they were asked for
  const cartoon = async (number, wanted) => {
    const fits = (each) => Object.entries(wanted).every(([name, one]) => each.labels[name] === undefined || each.labels[name] === one);
    const drawn = answer.faces[number].cartoons.find(fits);
    if (drawn) return drawn.png;
    const [first, ...others] = Object.keys(labels);
    const chosen = Object.fromEntries(others.map((name) => [name, wanted[name]]));
    const key = JSON.stringify(chosen);
    if (!answers.has(key)) {
      tell("Drawing …");
      const again = send(sent, tell, chosen).finally(() => tell(""));
      again.catch(() => answers.delete(key)); // the next click tries again
      answers.set(key, again);
    }
    const { cartoons } = (await answers.get(key)).faces[number];
    return (cartoons.find(fits) ?? cartoons.find((each) => each.labels[first] === wanted[first]) ?? cartoons[0]).png;
  };
  return { ...answer, picture, cartoon };
}

async function ask(path, options = {}) {
  const headers = { ...options.headers, ...(token && { Authorization: `Bearer ${token}` }) };
  const response = await fetch(path, { ...options, headers, signal: AbortSignal.timeout(PATIENCE) }).catch((error) => {
    throw error.name === "TimeoutError" ? new Error("The server does not respond.") : error;
  });
  if (response.ok) return response.json();
  const { error } = await response.json().catch(() => ({}));
  throw new Error(error ?? `The server refused this (${response.status}).`);
}

/** Cartoons of a photo, for every class of the first label; the others are the photo's own if they are not chosen. */
async function send(blob, tell, chosen = {}) {
  const ticket = [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const query = new URLSearchParams({ size: SIZE, ...chosen });
  const [first] = Object.keys(labels);
  if (first) query.set(first, "all");
  const looks = setInterval(async () => {
    const { place } = await ask(`api/line/${ticket}`).catch(() => ({ place: 0 }));
    if (place > 0) tell(`Waiting: number ${place} in the line …`);
  }, BETWEEN_LOOKS);
  try {
    return await ask(`api/cartoonize?${query}`, { method: "POST", body: blob, headers: { "X-Ticket": ticket } });
  } finally {
    clearInterval(looks);
  }
}

/** A photo as the browser decodes it, upright, and small enough to be sent. */
async function prepare(blob) {
  let picture;
  try {
    picture = await createImageBitmap(blob, { imageOrientation: "from-image" });
  } catch {
    return { blob, picture: null }; // a kind that only the server may know
  }
  const shrink = Math.min(1, LONGEST / Math.max(picture.width, picture.height));
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(picture.width * shrink)), Math.max(1, Math.round(picture.height * shrink)));
  const context = canvas.getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return { blob: await canvas.convertToBlob({ type: "image/jpeg", quality: 0.95 }), picture: canvas };
}
