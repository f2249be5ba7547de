// The diary's page: keeps what is written until it has arrived. Without this script the form is sent as any other.

import { openDrafts } from "./drafts.js";
import { shrink } from "./photos.js";
import { LATER, LOG_IN, REFUSED, SENT, sendDraft } from "./sending.js";

const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 300_000;

const page = document.querySelector("[data-diary]");
const form = page.querySelector("form[data-entry]");
const waiting = page.querySelector("[data-waiting]");
const list = waiting.querySelector("[data-list]");
const template = page.querySelector("template[data-draft]");
const { project, person, api, worker } = page.dataset;

let drafts;
let pause = FIRST_PAUSE_MS;
let timer;
let isSending = false;
const photos = [];

async function start() {
  showKind();
  setNow();
  form.addEventListener("change", showKind);
  offerPlace();
  offerPhotos();
  try {
    drafts = await openDrafts(person);
  } catch (error) {
    // A browser that keeps nothing (a private window): the form is sent at once, as without this script.
    console.warn(error);
    return;
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    keep().catch((error) => {
      console.warn(error);
      say("not-kept");
    });
  });
  waiting.querySelector("[data-send]").addEventListener("click", sendNow);
  addEventListener("online", sendNow);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && sendNow());
  navigator.storage?.persist?.();
  navigator.serviceWorker?.register(worker, { scope: location.pathname }).catch(console.warn);
  await send();
  page.dataset.ready = "";
}

// The form

function kindNow() {
  return form.querySelector("[name=kind]:checked")?.value;
}

function showKind() {
  for (const part of form.querySelectorAll("[data-kind]")) part.hidden = part.dataset.kind !== kindNow();
  form.querySelector("[data-rest]").hidden = !kindNow();
}

/** A page from the cache was made another day. */
function setNow() {
  if (form.elements.replaces.value || form.dataset.refused !== undefined) return;
  const now = new Date();
  const local = new Date(now - now.getTimezoneOffset() * 60_000).toISOString();
  form.elements.happened_on.value = local.slice(0, 10);
  form.elements.happened_time.value = local.slice(11, 16);
}

function offerPlace() {
  const place = form.querySelector("[data-place]");
  const button = place.querySelector("button");
  place.hidden = !navigator.geolocation;
  button.addEventListener("click", () => {
    show(place, "asking");
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => setPlace(place, coords),
      () => show(place, "none"),
      { enableHighAccuracy: true, timeout: 30_000, maximumAge: 60_000 },
    );
  });
}

function setPlace(place, { latitude, longitude, accuracy }) {
  form.elements.latitude.value = latitude.toFixed(6);
  form.elements.longitude.value = longitude.toFixed(6);
  form.elements.accuracy_m.value = Math.min(Math.round(accuracy), 100_000);
  for (const shown of place.querySelectorAll("[data-accuracy]")) shown.textContent = Math.round(accuracy);
  show(place, "known");
}

function offerPhotos() {
  const field = form.elements.photo;
  const shown = form.querySelector("[data-photos]");
  field.addEventListener("change", async () => {
    for (const file of field.files) {
      const photo = await shrink(file);
      photos.push(photo);
      const item = document.createElement("li");
      item.textContent = `${photo.name} (${Math.ceil(photo.blob.size / 1000)} kB)`;
      shown.append(item);
    }
    shown.hidden = false;
    // So that the next one can be taken.
    field.value = "";
  });
}

function bodyOf() {
  const value = (name) => form.elements[name].value.trim();
  const kind = kindNow();
  const content = {};
  for (const field of form.querySelectorAll(`[data-kind="${kind}"] [name]`)) {
    const isChosen = field.type !== "radio" || field.checked;
    if (!isChosen || field.value.trim() === "") continue;
    content[field.name.slice(kind.length + 1)] = field.inputMode === "decimal" ? plainNumber(field.value) : field.value.trim();
  }
  const body = {
    client_uuid: newUuid(),
    kind,
    parcels: Array.from(form.querySelectorAll("[name=parcels]:checked"), (box) => box.value),
    season: value("season"),
    happened_on: value("happened_on"),
    happened_time: value("happened_time") || null,
    content,
    note: value("note"),
    place: null,
    replaces: Number(value("replaces")) || null,
  };
  if (value("latitude")) {
    const place = { latitude: value("latitude"), longitude: value("longitude") };
    body.place = { ...place, accuracy_m: Number(value("accuracy_m")) };
  }
  return body;
}

const GROUPED = /^-?(?:[1-9][0-9]{0,2}(?:,[0-9]{3})+|[1-9][0-9]{0,3}(?:,[0-9]{4})+)(?:\.[0-9]*)?$/;

// As the server's plain_number has it: what is kept here is sent to the API, which takes plain numbers alone.
function plainNumber(text) {
  const written = text.normalize("NFKC").replace(/\s/g, "").replaceAll("。", ".");
  return GROUPED.test(written) ? written.replaceAll(",", "") : written;
}

function newUuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return digits.replace(/(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

async function keep() {
  if (!form.querySelector("[name=parcels]:checked")) return say("no-field");
  const body = bodyOf();
  await drafts.put({ uuid: body.client_uuid, project, body, photos: [...photos], writtenAt: Date.now(), reasons: [] });
  clear();
  say("kept");
  await sendNow();
}

function clear() {
  photos.length = 0;
  form.querySelector("[data-photos]").replaceChildren();
  for (const name of ["note", "replaces", "latitude", "longitude", "accuracy_m"]) form.elements[name].value = "";
  for (const button of form.querySelectorAll("[name=kind]")) button.checked = false;
  show(form.querySelector("[data-place]"), "unknown");
  showKind();
  setNow();
  scrollTo({ top: 0 });
}

// The queue

function sendNow() {
  pause = FIRST_PAUSE_MS;
  return send();
}

async function send() {
  if (isSending) return;
  isSending = true;
  clearTimeout(timer);
  try {
    await sendAll();
  } catch (error) {
    console.warn(error);
  } finally {
    isSending = false;
  }
  await showDrafts();
}

async function sendAll() {
  for (const draft of await drafts.all(project)) {
    if (draft.reasons.length > 0) continue;
    const { state, reasons } = await sendDraft(draft, api, (changed) => drafts.put(changed));
    if (state === SENT) await finish(draft);
    else if (state === REFUSED) await refuse(draft, reasons);
    else return tryLater(state);
  }
}

async function finish(draft) {
  await drafts.remove(draft.uuid);
  say("sent");
  page.querySelector("[data-older]").hidden = false;
}

async function refuse(draft, reasons) {
  await drafts.put({ ...draft, reasons });
  // The reasons stand beside the draft.
  say(REFUSED);
}

function tryLater(state) {
  say(state === LOG_IN ? LOG_IN : LATER);
  if (state === LOG_IN) return;
  timer = setTimeout(send, pause);
  pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
}

async function showDrafts() {
  const found = await drafts.all(project);
  waiting.hidden = found.length === 0;
  waiting.querySelector("[data-count]").textContent = found.length;
  list.replaceChildren(...found.map(itemOf));
}

function itemOf(draft) {
  const item = template.content.firstElementChild.cloneNode(true);
  const set = (name, text) => (item.querySelector(`[data-show="${name}"]`).textContent = text);
  set("kind", form.querySelector(`[name=kind][value="${draft.body.kind}"]`)?.closest("label").textContent.trim() ?? "");
  set("day", draft.body.happened_on);
  set("parcels", draft.body.parcels.join(", "));
  const isRefused = draft.reasons.length > 0;
  for (const part of item.querySelectorAll("[data-when]")) part.hidden = (part.dataset.when === "refused") !== isRefused;
  item.querySelector("[data-reasons]").replaceChildren(
    ...draft.reasons.map((reason) => {
      const line = document.createElement("li");
      line.textContent = reason.text;
      return line;
    }),
  );
  item.querySelector("[data-edit]").addEventListener("click", () => edit(draft));
  item.querySelector("[data-delete]").addEventListener("click", () => remove(draft));
  // What has arrived can only be corrected there: what is left of it are its photos.
  item.querySelector("[data-edit]").hidden = !isRefused || draft.entry !== undefined;
  return item;
}

async function remove(draft) {
  if (!confirm(waiting.dataset.sure)) return;
  await drafts.remove(draft.uuid);
  await showDrafts();
}

/** Put a refused draft back into the form; it becomes another when it is kept again. */
async function edit(draft) {
  const { body } = draft;
  for (const button of form.querySelectorAll("[name=kind]")) button.checked = button.value === body.kind;
  for (const box of form.querySelectorAll("[name=parcels]")) box.checked = body.parcels.includes(box.value);
  for (const [name, said] of Object.entries(body.content)) {
    const field = form.elements[`${body.kind}-${name}`];
    if (field) field.value = said;
  }
  for (const name of ["season", "happened_on", "happened_time", "note"]) form.elements[name].value = body[name] ?? "";
  form.elements.replaces.value = body.replaces ?? "";
  for (const name of ["latitude", "longitude", "accuracy_m"]) form.elements[name].value = body.place?.[name] ?? "";
  photos.splice(0, photos.length, ...draft.photos);
  form.querySelector("[data-photos]").replaceChildren(
    ...photos.map((photo) => Object.assign(document.createElement("li"), { textContent: photo.name })),
  );
  showKind();
  await drafts.remove(draft.uuid);
  await showDrafts();
  form.scrollIntoView();
}

// What is said

function say(state) {
  show(page.querySelector("[data-said]"), state);
}

function show(place, state) {
  for (const text of place.querySelectorAll("[data-when]")) text.hidden = text.dataset.when !== state;
}

start();
