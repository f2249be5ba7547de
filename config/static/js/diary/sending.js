// Sends drafts, one after the other. Each carries an identifier of its own, so that what was received and not answered for
// is sent again without doubling.

export const SENT = "sent";
export const LATER = "later";
export const LOG_IN = "log-in";
export const REFUSED = "refused";

const TIMEOUT_MS = 60_000;

/** Send one draft with its photos; return what became of it, and of a refusal the reasons. Parts that have arrived are noted. */
export async function sendDraft(draft, api, note) {
  if (draft.entry === undefined) {
    const answer = await post(`${api}/diary`, JSON.stringify(draft.body), { "content-type": "application/json" });
    if (answer.state !== SENT) return answer;
    draft.entry = answer.content.id;
    await note(draft);
  }
  while (draft.photos.length > 0) {
    const answer = await sendPhoto(draft, api);
    if (answer.state !== SENT) return answer;
    draft.photos = draft.photos.slice(1);
    await note(draft);
  }
  return { state: SENT };
}

function sendPhoto(draft, api) {
  const [photo] = draft.photos;
  const form = new FormData();
  form.append("kind", "photo");
  form.append("diary_entry", String(draft.entry));
  form.append("file", photo.blob, photo.name);
  return post(`${api}/documents`, form, {});
}

async function post(address, body, headers) {
  let response;
  try {
    response = await fetch(address, {
      method: "POST",
      body,
      headers: { ...headers, accept: "application/json", "x-csrftoken": csrfToken() },
      credentials: "same-origin",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch {
    return { state: LATER };
  }
  const content = await response.json().catch(() => null);
  if (response.ok) return content ? { state: SENT, content } : { state: LATER };
  // Logged out meanwhile, or with a token of before: neither is the entry's fault.
  if (response.status === 401 || content?.code === "permission_denied" || content?.code === "not_authenticated") {
    return { state: LOG_IN };
  }
  if (response.status >= 500 || response.status === 429 || response.status === 408 || content === null) {
    return { state: LATER };
  }
  return { state: REFUSED, reasons: reasonsIn(content) };
}

function reasonsIn(problem) {
  const errors = (problem.errors ?? []).map((error) => ({ field: error.pointer.replace(/^\//, ""), text: error.detail }));
  return errors.length > 0 ? errors : [{ field: "", text: problem.detail }];
}

/** Return the token that the page's cookie has now: a page from the worker's cache may hold an old one. */
function csrfToken() {
  return document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? "";
}
