// The rating page: one question at a time; each answer is saved on the server before the next question.

const PATIENCE = 10_000; // milliseconds that a request may take
const PAUSES = [1000, 2000, 4000, 8000]; // between attempts

const find = (selector) => document.querySelector(selector);
const findAll = (selector) => [...document.querySelectorAll(selector)];

let study; // what is asked: mode, items, questions
let shown = null; // the item on the screen
let step = 0; // the question on the screen
let newest = 0; // position of the newest item that was dealt
let isBusy = false;

// ---- requests to the server

/** The server rejected the request; retrying would not help. */
class Refusal extends Error {}

async function request(path, body) {
  const options = { signal: AbortSignal.timeout(PATIENCE), cache: "no-store" };
  if (body !== undefined) {
    Object.assign(options, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  }
  const response = await fetch(path, options);
  if (response.status >= 500) throw new Error(response.statusText);
  if (response.ok) return response.json();
  const { error } = await response.json().catch(() => ({ error: `The server refused this (${response.status}).` }));
  throw new Refusal(error);
}

/** Retry an action until it succeeds, and show a message meanwhile. */
async function persist(attempt, trouble = "No connection to the server. Retrying automatically.") {
  for (let count = 0; ; count += 1) {
    try {
      const result = await attempt();
      find("#trouble").hidden = true;
      return result;
    } catch (error) {
      if (error instanceof Refusal) throw error;
      tellTrouble(trouble, true);
      await pause(PAUSES[Math.min(count, PAUSES.length - 1)]);
    }
  }
}

/** Wait for a time, or until the network is back or the button is pressed. */
function pause(duration) {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      window.removeEventListener("online", wake);
      find("#retry").removeEventListener("click", wake);
      resolve();
    };
    const timer = setTimeout(wake, duration);
    window.addEventListener("online", wake);
    find("#retry").addEventListener("click", wake);
  });
}

function tellTrouble(text, canRetry) {
  if (find("#trouble").hidden || find("#trouble-text").textContent !== text) find("#trouble-text").textContent = text;
  find("#retry").hidden = !canRetry;
  find("#trouble").hidden = false;
}

/** Run one action at a time; input during an action is ignored. */
async function alone(work) {
  if (isBusy) return;
  isBusy = true;
  document.body.setAttribute("aria-busy", "true");
  try {
    await work();
  } catch (error) {
    tellTrouble(`${error.message} Reload the page.`, false);
  } finally {
    isBusy = false;
    document.body.removeAttribute("aria-busy");
  }
}

// ---- unconfirmed answers, which survive a reload

const unsentKey = () => `unsent ${study.study} ${study.mode}`;

function keepUnsent(answer) {
  try {
    if (answer === null) localStorage.removeItem(unsentKey());
    else localStorage.setItem(unsentKey(), JSON.stringify(answer));
  } catch {} // a browser that keeps nothing
}

function readUnsent() {
  try {
    return JSON.parse(localStorage.getItem(unsentKey()));
  } catch {
    return null;
  }
}

async function send(answer) {
  keepUnsent(answer);
  try {
    const trouble = "No connection to the server. Your answer is kept and sent again automatically.";
    return await persist(() => request("/api/ratings", answer), trouble);
  } finally {
    keepUnsent(null);
  }
}

// ---- display

function turnTo(section) {
  for (const each of findAll("main > section")) each.hidden = each.id !== section;
  find("#progress").hidden = section === "introduction";
  document.body.className = `${study.mode} ${section}`;
  for (const each of findAll("[data-mode]")) each.hidden = each.dataset.mode !== study.mode;
  window.scrollTo(0, 0);
}

function tellProgress(answered) {
  find("#bar").max = study.items;
  find("#bar").value = answered;
  find("#count").textContent = `${answered} of ${study.items} done`;
}

function introduce() {
  const minutes = Math.max(1, Math.round((study.items * study.questions.length * 4) / 60));
  const things = study.mode === "pairs" ? "pairs" : "cartoons";
  find("#length").textContent = `There are ${study.items} ${things}: about ${minutes} minute${minutes > 1 ? "s" : ""}.`;
  for (const question of study.questions) {
    const [title, text] = [document.createElement("dt"), document.createElement("dd")];
    title.textContent = question.title;
    text.textContent = question.text;
    find("#scales").append(title, text);
  }
  turnTo("introduction");
}

async function show(item, question) {
  const images = findAll(study.mode === "pairs" ? "#photo img, .choice img" : "#photo img, #cartoon img");
  const sources = [item.photo, ...item.cartoons];
  await persist(() => Promise.all(images.map((image, index) => load(image, sources[index]))));
  shown = item;
  newest = Math.max(newest, item.position);
  turnTo("item");
  ask(question);
}

async function load(image, source) {
  const trial = new Image();
  trial.src = source;
  await trial.decode();
  image.src = source;
}

function ask(question) {
  step = question;
  const { key, title, text } = study.questions[step];
  const isScored = study.mode === "scores";
  find("#question-title").textContent = isScored ? title : "";
  find("#question-text").textContent = text;
  find("#step").textContent = isScored ? `Question ${step + 1} of ${study.questions.length}` : "";
  for (const button of findAll("[data-value]")) {
    button.setAttribute("aria-pressed", String(Number(button.dataset.value) === shown.answers[key]));
  }
  find("#back").disabled = shown.position === 0 && step === 0;
  find("#forward").disabled = !(key in shown.answers);
  find("#question").focus({ preventScroll: true });
}

function thank() {
  const things = study.mode === "pairs" ? "pairs" : "cartoons";
  find("#summary").textContent = `You have rated all ${study.items} ${things}.`;
  shown = null;
  newest = study.items - 1;
  turnTo("end");
  find("#thanks").focus({ preventScroll: true });
}

// ---- navigation

/** The next item to answer; if partially answered, its first open question. */
async function showNext() {
  const { item, answered } = await persist(() => request("/api/items/next"));
  tellProgress(answered);
  if (item === null) thank();
  else await show(item, study.questions.findIndex((question) => !(question.key in item.answers)));
}

async function showEarlier(position, question) {
  const { item, answered } = await persist(() => request(`/api/items/${position}`));
  tellProgress(answered);
  await show(item, question);
}

async function goForward() {
  if (step + 1 < study.questions.length) ask(step + 1);
  else if (shown.position < newest) await showEarlier(shown.position + 1, 0);
  else await showNext();
}

async function goBack() {
  if (shown === null) await showEarlier(newest, study.questions.length - 1);
  else if (step > 0) ask(step - 1);
  else if (shown.position > 0) await showEarlier(shown.position - 1, study.questions.length - 1);
}

async function answer(value) {
  const question = study.questions[step].key;
  for (const button of findAll("[data-value]")) {
    button.setAttribute("aria-pressed", String(Number(button.dataset.value) === value));
  }
  const { answered } = await send({ position: shown.position, question, value });
  shown.answers[question] = value;
  tellProgress(answered);
  await goForward();
}

// ---- keys and buttons

const SCORE_KEYS = { 1: 1, 2: 2, 3: 3, 4: 4, 5: 5 };
const PAIR_KEYS = { a: -1, ArrowLeft: -1, b: 1, ArrowRight: 1, 0: 0, ArrowDown: 0 };

document.addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.altKey || event.metaKey || event.target instanceof HTMLInputElement) return;
  const isAsked = !find("#item").hidden;
  if (event.key === "Backspace" && (isAsked || !find("#end").hidden)) {
    event.preventDefault();
    alone(goBack);
    return;
  }
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const value = (study?.mode === "pairs" ? PAIR_KEYS : SCORE_KEYS)[key];
  if (!isAsked || value === undefined) return;
  event.preventDefault();
  alone(() => answer(value));
});

for (const button of findAll("[data-value]")) {
  button.addEventListener("click", () => alone(() => answer(Number(button.dataset.value))));
}
find("#back").addEventListener("click", () => alone(goBack));
find("#review").addEventListener("click", () => alone(goBack));
find("#forward").addEventListener("click", () => alone(goForward));

find("#begin").addEventListener("submit", (event) => {
  event.preventDefault();
  alone(async () => {
    await persist(() => request("/api/raters", { name: find("#name").value, consent: true }));
    await showNext();
  });
});

alone(async () => {
  study = await persist(() => request("/api/state"));
  if (study.answered === null) {
    introduce();
    return;
  }
  const unsent = readUnsent();
  if (unsent !== null) await send(unsent);
  await showNext();
});
