// A model: its manifest, and its nets in onnxruntime-web.

import * as ort from "./runtime/ort.js";

ort.env.logLevel = "error";
ort.env.wasm.numThreads = 1; // more need headers of the host for cross-origin isolation
ort.env.wasm.wasmPaths = { wasm: new URL("runtime/ort.wasm", import.meta.url).href };

/**
 * Fetch a model.
 *
 * @param {(done: number, all: number) => void} tell - Told how many of its nets are there.
 * @returns {{manifest: object, nets: object}} Each net is a function: inputs by name as [values, dims], to outputs by name.
 */
export async function loadModel(tell) {
  const manifest = await (await fetched("model/manifest.json", { cache: "no-cache" })).json();
  const names = Object.keys(manifest.files);
  const nets = {};
  for (const [place, name] of names.entries()) {
    tell(place, names.length);
    nets[name] = await loadNet(name, manifest.files[name]);
  }
  return { manifest, nets };
}

async function loadNet(name, digest) {
  const bytes = digest.match(/../g).map((pair) => Number.parseInt(pair, 16));
  const integrity = `sha256-${btoa(String.fromCharCode(...bytes))}`; // the browser refuses a file that was changed or cut off
  const response = await fetched(`model/${name}.onnx?${digest.slice(0, 12)}`, { integrity });
  const session = await ort.InferenceSession.create(await response.arrayBuffer(), { executionProviders: ["wasm"] });
  return (inputs) => {
    const tensors = Object.entries(inputs).map(([key, [values, dims]]) => [key, new ort.Tensor("float32", values, dims)]);
    return session.run(Object.fromEntries(tensors));
  };
}

async function fetched(path, options) {
  const response = await fetch(new URL(path, import.meta.url), options).catch(() => ({ ok: false }));
  if (!response.ok) throw new Error(`The file ${path.split("?")[0]} of this page is missing or damaged.`);
  return response;
}
