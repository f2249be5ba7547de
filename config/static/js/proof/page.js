// Fetches the evidence that a page names, and shows each check as it is made. The words are the page's own:
// <li data-check="path"> holds one [data-when] for each state, of which the one that is so is shown.

import { checkEvidence, readEntry } from "./checks.js";

const PAUSE_MS = 2000;
const MOST_ASKED = 30;

const page = document.querySelector("[data-evidence]");
const verdict = page.querySelector("[data-verdict]");

async function start() {
  if (!window.isSecureContext || !globalThis.crypto?.subtle) return say("insecure");
  try {
    const evidence = await fetchEvidence();
    if (!evidence) return say("late");
    say("running");
    const states = await check(evidence);
    showEntries(evidence);
    say(states.includes("broken") ? "broken" : states.includes("open") ? "partly" : "holds");
  } catch (error) {
    console.warn(error);
    say("failed");
  }
}

/** Return the evidence once the records have their places; null where that takes too long. */
async function fetchEvidence() {
  for (let asked = 0; asked < MOST_ASKED; asked++) {
    const response = await fetch(page.dataset.evidence, { headers: { accept: "application/json" }, cache: "no-store" });
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
    const evidence = await response.json();
    if (evidence.checkpoint !== null) return evidence;
    say("waiting");
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return null;
}

async function check(evidence) {
  const states = [];
  await checkEvidence(evidence, claims(), (name, state, values) => {
    states.push(state);
    show(name, state, values);
  });
  return states;
}

/** Return what the certificate on this page says, as it stands in the page; null where there is none. */
function claims() {
  const said = Object.fromEntries(
    Array.from(page.querySelectorAll("[data-claim]"), (shown) => [shown.dataset.claim, shown.dataset.value]),
  );
  if (!("retirement" in said)) return null;
  const runs = Array.from(page.querySelectorAll("[data-first]"), (run) => [run.dataset.first, run.dataset.last]);
  return { ...said, serials: runs };
}

function show(name, state, values) {
  const item = page.querySelector(`[data-check="${name}"]`);
  item.dataset.state = state;
  for (const text of item.querySelectorAll("[data-when]")) text.hidden = text.dataset.when !== state;
  for (const [key, value] of Object.entries(values)) {
    for (const place of item.querySelectorAll(`[data-show="${key}"]`)) place.textContent = value;
  }
}

function showEntries(evidence) {
  for (const [at, proof] of evidence.proofs.entries()) {
    const place = page.querySelector(`[data-entry="${at}"]`);
    if (proof.entry === null) continue;
    place.querySelector("pre").textContent = legible(proof.entry);
    place.hidden = false;
  }
}

function legible(encoded) {
  try {
    return JSON.stringify(readEntry(encoded), null, 2);
  } catch (error) {
    return error.message;
  }
}

function say(state) {
  verdict.dataset.state = state;
  for (const text of verdict.querySelectorAll("[data-when]")) text.hidden = text.dataset.when !== state;
}

start();
