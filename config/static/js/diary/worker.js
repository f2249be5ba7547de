// Opens the diary's page where there is no connection. VERSION and KEPT stand before this (ledger/web/worker.py).
// It answers for the page that it is registered for and for the files of that page; everything else goes its way.

const CACHE = `diary-${VERSION}`;
const PATIENCE_MS = 4000;
const page = new URL(self.registration.scope).pathname;

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches.open(CACHE).then((cache) => cache.addAll(KEPT.map((path) => new Request(path, { cache: "reload" })))),
  );
  self.skipWaiting();
});

self.addEventListener("activate", (event) => {
  event.waitUntil(forgetOthers().then(() => self.clients.claim()));
});

async function forgetOthers() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith("diary-") && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== self.location.origin) return;
  if (request.mode === "navigate" && address.pathname === page) event.respondWith(open(event));
  else if (KEPT.includes(address.pathname)) event.respondWith(kept(request));
});

/** Answer with the page as the server has it, or where it does not answer soon with the one that was last seen. */
async function open(event) {
  const { request } = event;
  const cache = await caches.open(CACHE);
  const last = await cache.match(page);
  const fresh = fetch(request).then(async (response) => {
    // What leads elsewhere, such as to the log-in, is not the page.
    if (response.ok && !response.redirected && !new URL(request.url).search) await cache.put(page, response.clone());
    return response;
  });
  if (!last) return fresh;
  event.waitUntil(fresh.catch(() => {}));
  const late = new Promise((resolve) => setTimeout(() => resolve(last), PATIENCE_MS));
  return Promise.race([fresh.catch(() => last), late]);
}

async function kept(request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(request, { ignoreSearch: true })) ?? fetch(request);
}
