// The page: shows the faces of a photo and a cartoon of each. cartoons.js draws them, on a server or in this browser.

import { draw, load } from "./cartoons.js";

const find = (selector) => document.querySelector(selector);

let model = { labels: {} };
let shown = null; // what was drawn of the photo on the screen
let face = 0; // which of its faces
let wanted = {}; // class of each label
let newest = 0; // number of the last photo that was given
let asked = 0; // number of the last cartoon that was asked for

// ---- input of photos

async function take(blob, example = null) {
  const number = ++newest;
  for (const button of document.querySelectorAll(".example")) button.setAttribute("aria-pressed", button.dataset.example === example);
  document.body.classList.add("busy");
  find("#trouble").hidden = true;
  tell("Looking for faces …");
  try {
    const drawn = await draw(blob, (text) => number === newest && tell(text));
    if (number === newest) await show(drawn);
  } catch (error) {
    if (number === newest) tellTrouble(error.message);
  } finally {
    if (number === newest) document.body.classList.remove("busy");
  }
}

// ---- results

async function show(drawn) {
  const count = drawn.faces.length;
  find("#result").hidden = count === 0;
  if (count === 0) {
    tellTrouble("No face was found. The whole face must be in the photo, and not too small.");
    return;
  }
  shown = drawn;
  tell(count === 1 ? "One face" : `${count} faces`);
  showFaces();
  await choose(0);
}

async function choose(number) {
  face = number;
  wanted = { ...wanted, ...ownClasses() };
  for (const [place, button] of [...find("#faces").children].entries()) button.setAttribute("aria-pressed", place === face);
  showChoices();
  drawPhoto();
  await showCartoon();
}

/** The photo's own class of each label. */
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
    button.addEventListener("click", () => choose(number).catch((error) => tellTrouble(error.message)));
    return button;
  });
  find("#faces").replaceChildren(...buttons);
  find("#faces").hidden = buttons.length < 2;
}

function showChoices() {
  const sets = Object.entries(model.labels).map(([name, classes]) => {
    const set = document.createElement("fieldset");
    const legend = document.createElement("legend");
    legend.textContent = name.replaceAll("_", " ");
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
    wanted = { ...wanted, [name]: each };
    showCartoon().catch((error) => tellTrouble(error.message));
  });
  const text = document.createElement("span");
  text.textContent = each;
  if (name === "hair") text.className = each;
  label.append(input, text);
  return label;
}

async function showCartoon() {
  const number = ++asked;
  const png = await shown.cartoon(face, wanted);
  if (number !== asked) return; // another was chosen meanwhile
  find("#cartoon").src = find("#sticker").src = png;
  find("#save-sticker").href = png;
  await saveOnWhite(png);
}

/** The link to the cartoon on white, composited from the transparent one. */
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

/** A line that is visible on light and dark backgrounds. */
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
    tellTrouble("The camera is not available. Browsers only allow it on localhost or over https.");
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

// ---- event listeners

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
  const response = await fetch(`examples/${name}.jpg`);
  await take(await response.blob(), name);
}

async function start() {
  listen();
  tell("");
  try {
    model = await load(tell);
  } catch (error) {
    tellTrouble(error.message);
    return;
  }
  find("#model").textContent = model.name;
  find("#terms").textContent = model.terms;
  find("#about").hidden = false;
  if (newest === 0) await takeExample("astronaut"); // so that the page is never empty
}

start();
