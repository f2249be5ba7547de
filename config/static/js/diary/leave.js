// When somebody logs out, what this browser keeps of the diary goes: the page that opens without a connection, and drafts,
// after a question where some were never sent. On the log-in page nobody is logged in: pages of whoever was are forgotten.

import { forgetDrafts, openDrafts } from "./drafts.js";

const PREFIX = "diary-";

async function forgetPages() {
  if (globalThis.caches) {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name.startsWith(PREFIX)).map((name) => caches.delete(name)));
  }
  const registrations = (await navigator.serviceWorker?.getRegistrations()) ?? [];
  const ours = registrations.filter((each) => /\/projects\/[^/]+\/diary$/.test(new URL(each.scope).pathname));
  await Promise.all(ours.map((registration) => registration.unregister()));
}

async function countOf(person) {
  const drafts = await openDrafts(person);
  const { length } = await drafts.all();
  drafts.close();
  return length;
}

for (const form of document.querySelectorAll("form[data-person]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const count = await countOf(form.dataset.person);
      if (count > 0 && !confirm(form.dataset.unsent.replace("{count}", count))) return;
      await forgetDrafts(form.dataset.person);
      await forgetPages();
    } catch (error) {
      // A browser that keeps nothing has nothing to forget.
      console.warn(error);
    }
    form.submit();
  });
}

if (document.querySelector("[data-forget]")) forgetPages().catch(console.warn);
