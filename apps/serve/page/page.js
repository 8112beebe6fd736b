// The page: a photo goes to the server, its faces come back with a cartoon for every choice, so that choices answer at once.

const SIZE = 256; // pixels of a cartoon's side
const LONGEST = 1600; // pixels of a photo's longer side that are sent; faces are found at less
const PATIENCE = 60_000; // milliseconds
const BETWEEN_LOOKS = 700; // at the place in the line

const find = (selector) => document.querySelector(selector);
const token = location.hash.slice(1);

let model = { labels: {} };
let shown = null; // the answer on the screen, with the photo as an image
let face = 0; // which of its faces
let wanted = {}; // class of each label
let newest = 0; // number of the last photo that was given

// ---- talking to the server

async function ask(path, options = {}) {
  const headers = { ...options.headers, ...(token && { Authorization: `Bearer ${token}` }) };
  const response = await fetch(path, { ...options, headers, signal: AbortSignal.timeout(PATIENCE) });
  if (response.ok) return response.json();
  const { error } = await response.json().catch(() => ({}));
  throw new Error(error ?? `The server refused this (${response.status}).`);
}

/** Cartoons of a photo, for every class of every label. */
async function draw(blob) {
  const ticket = [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const query = new URLSearchParams({ size: SIZE });
  for (const name of Object.keys(model.labels)) query.set(name, "all");
  const looks = setInterval(() => tellPlace(ticket), BETWEEN_LOOKS);
  try {
    return await ask(`/api/cartoonize?${query}`, { method: "POST", body: blob, headers: { "X-Ticket": ticket } });
  } finally {
    clearInterval(looks);
  }
}

async function tellPlace(ticket) {
  const { place } = await ask(`/api/line/${ticket}`).catch(() => ({ place: 0 }));
  if (place > 0 && document.body.classList.contains("busy")) tell(`Waiting: number ${place} in the line …`);
}

// ---- taking photos in

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

async function take(blob, example = null) {
  const number = ++newest;
  for (const button of document.querySelectorAll(".example")) button.setAttribute("aria-pressed", button.dataset.example === example);
  document.body.classList.add("busy");
  find("#trouble").hidden = true;
  tell("Looking for faces …");
  try {
    const { blob: sent, picture } = await prepare(blob);
    const answer = await draw(sent);
    if (number === newest) show(answer, picture);
  } catch (error) {
    if (number === newest) tellTrouble(error.name === "TimeoutError" ? "The server does not answer." : error.message);
  } finally {
    if (number === newest) document.body.classList.remove("busy");
  }
}

// ---- showing what came back

function show(answer, picture) {
  const count = answer.faces.length;
  find("#result").hidden = count === 0;
  if (count === 0) {
    tellTrouble("No face was found. The whole face has to be in the photo, and not too small.");
    return;
  }
  shown = { ...answer, picture };
  tell(count === 1 ? "One face" : `${count} faces`);
  showFaces();
  choose(0);
}

function choose(number) {
  face = number;
  wanted = { ...wanted, ...ownClasses() };
  for (const [place, button] of [...find("#faces").children].entries()) button.setAttribute("aria-pressed", place === face);
  showChoices();
  showCartoon();
  drawPhoto();
}

/** What the photo itself has, of each label. */
function ownClasses() {
  const own = shown.faces[face].own;
  return Object.fromEntries(Object.entries(model.labels).map(([name, classes]) => [name, own[name] ?? classes[0]]));
}

function showFaces() {
  const buttons = shown.faces.map((each, number) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "face";
    const image = new Image();
    image.src = each.photo;
    image.alt = `Face ${number + 1}`;
    button.append(image);
    button.addEventListener("click", () => choose(number));
    return button;
  });
  find("#faces").replaceChildren(...buttons);
  find("#faces").hidden = buttons.length < 2;
}

function showChoices() {
  const sets = Object.entries(model.labels).map(([name, classes]) => {
    const set = document.createElement("fieldset");
    const legend = document.createElement("legend");
    legend.textContent = name;
    set.append(legend, ...classes.map((each) => swatch(name, each)));
    return set;
  });
  find("#choices").replaceChildren(...sets);
}

function swatch(name, each) {
  const label = document.createElement("label");
  label.className = name === "hair" ? "swatch" : "swatch plain";
  const input = document.createElement("input");
  Object.assign(input, { type: "radio", name, value: each, checked: wanted[name] === each });
  input.addEventListener("change", () => {
    wanted[name] = each;
    showCartoon();
  });
  const text = document.createElement("span");
  text.textContent = each;
  if (name === "hair") text.className = each;
  label.append(input, text);
  return label;
}

function showCartoon() {
  const matches = ({ labels }) => Object.entries(wanted).every(([name, each]) => labels[name] === undefined || labels[name] === each);
  const { png } = shown.faces[face].cartoons.find(matches) ?? shown.faces[face].cartoons[0];
  find("#cartoon").src = find("#sticker").src = png;
  find("#save-sticker").href = png;
  saveOnWhite(png);
}

/** The link to the cartoon on white, which the server sends without background. */
async function saveOnWhite(png) {
  const image = new Image();
  image.src = png;
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
  const context = canvas.getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0);
  find("#save-cartoon").href = canvas.toDataURL("image/png");
}

/** The photo with a box around each face and the points of the chosen one. */
function drawPhoto() {
  const canvas = find("#photo canvas");
  const { width, height, picture, faces } = shown;
  const scale = Math.min(2, 900 / Math.max(width, height));
  [canvas.width, canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  if (picture) context.drawImage(picture, 0, 0, width, height);
  if (!find("#points").checked) return;
  const line = Math.max(width, height) / 250;
  for (const [number, each] of faces.entries()) {
    const [x1, y1, x2, y2] = each.box;
    outline(context, line, number === face ? "#ffd54a" : "#ffffff", () => context.strokeRect(x1, y1, x2 - x1, y2 - y1));
  }
  for (const [x, y] of faces[face].landmarks) {
    context.beginPath();
    context.arc(x + 0.5, y + 0.5, 2 * line, 0, 2 * Math.PI);
    context.fillStyle = "#ffd54a";
    context.fill();
    outline(context, line / 2, "#1c1d22", () => context.stroke());
  }
}

/** A line that is seen on light and on dark ground. */
function outline(context, width, colour, stroke) {
  [context.strokeStyle, context.lineWidth] = ["rgb(0 0 0 / 55%)", 2 * width];
  stroke();
  [context.strokeStyle, context.lineWidth] = [colour, width];
  stroke();
}

function tell(text) {
  find("#status").textContent = text;
}

function tellTrouble(text) {
  tell("");
  find("#trouble").textContent = text;
  find("#trouble").hidden = false;
}

// ---- the camera

async function openBooth() {
  const booth = find("#booth");
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user" } });
    find("#booth video").srcObject = stream;
    booth.showModal();
    await find("#booth video").play();
  } catch {
    tellTrouble("The camera cannot be used here. The browser allows it on this machine itself or over https.");
  }
}

function closeBooth() {
  const video = find("#booth video");
  for (const track of video.srcObject?.getTracks() ?? []) track.stop();
  video.srcObject = null;
  find("#booth").close();
}

async function shoot() {
  const video = find("#booth video");
  const canvas = new OffscreenCanvas(video.videoWidth || 1, video.videoHeight || 1);
  canvas.getContext("2d").drawImage(video, 0, 0);
  closeBooth();
  take(await canvas.convertToBlob({ type: "image/jpeg", quality: 0.95 }));
}

// ---- listening

function firstImage(items) {
  return [...items].find((item) => item.type.startsWith("image/"));
}

function listen() {
  find("#file").addEventListener("change", ({ target }) => {
    if (target.files.length) take(target.files[0]);
    target.value = "";
  });
  window.addEventListener("paste", ({ clipboardData }) => {
    const image = firstImage(clipboardData.files);
    if (image) take(image);
  });
  window.addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("dragging");
  });
  window.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("dragging");
  });
  window.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dragging");
    const image = firstImage(event.dataTransfer.files) ?? event.dataTransfer.files[0];
    if (image) take(image);
  });
  for (const button of document.querySelectorAll(".example")) button.addEventListener("click", () => takeExample(button.dataset.example));
  find("#camera").addEventListener("click", openBooth);
  find("#shoot").addEventListener("click", shoot);
  find("#leave").addEventListener("click", closeBooth);
  find("#booth").addEventListener("close", closeBooth);
  find("#points").addEventListener("change", () => shown && drawPhoto());
}

async function takeExample(name) {
  const response = await fetch(`/examples/${name}.jpg`);
  await take(await response.blob(), name);
}

async function start() {
  listen();
  try {
    model = await ask("/api/model");
  } catch (error) {
    tellTrouble(error.message);
    return;
  }
  find("#model").textContent = model.name;
  find("#terms").textContent = model.terms;
  await takeExample("astronaut"); // so that the page is never empty
}

start();
