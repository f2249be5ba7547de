// One's own orders and trades, as they change: by a private stream, which a ticket opens.

const TICKETS = "/api/v1/streams/ticket";
const RETRY_MS = 5_000;
const LONGEST_RETRY_MS = 120_000;
const SILENCE_MS = 40_000;

export class OwnFeed {
  // onChange(): something of one's own may have changed.
  constructor({ csrfToken, onChange }) {
    Object.assign(this, { csrfToken, onChange });
    this.isLive = false;
    this.lastEventId = "";
    this.failures = 0;
    this.source = null;
    this.retryTimer = this.silenceTimer = null;
    this.mayRun = false;
  }

  start() {
    if (this.mayRun) return;
    this.mayRun = true;
    this.#open();
  }

  stop() {
    this.mayRun = false;
    this.#close();
  }

  // A ticket is good once: each connection asks for its own.
  async #open() {
    try {
      const answer = await fetch(TICKETS, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": this.csrfToken },
        body: "{}",
      });
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const { address, ticket } = await answer.json();
      if (!this.mayRun || !address) return;
      const query = new URLSearchParams({ ticket, last_event_id: this.lastEventId });
      this.source = new EventSource(`${address}?${query}`);
    } catch {
      this.#lost();
      return;
    }
    for (const name of ["snapshot", "orders"]) this.source.addEventListener(name, (event) => this.#changed(event));
    this.source.addEventListener("heartbeat", (event) => this.#heard(event));
    for (const name of ["error", "ended", "too_slow", "interrupted"]) {
      this.source.addEventListener(name, () => this.#lost());
    }
    this.#listen();
  }

  #changed(event) {
    this.isLive = true;
    this.failures = 0;
    this.#heard(event);
    this.onChange();
  }

  #heard(event) {
    this.lastEventId = event.lastEventId;
    this.#listen();
  }

  #listen() {
    clearTimeout(this.silenceTimer);
    this.silenceTimer = setTimeout(() => this.#lost(), SILENCE_MS);
  }

  #lost() {
    this.#close();
    if (!this.mayRun) return;
    this.failures += 1;
    const wait = Math.min(RETRY_MS * 2 ** (this.failures - 1), LONGEST_RETRY_MS);
    this.retryTimer = setTimeout(() => this.#open(), wait * (0.5 + Math.random()));
  }

  #close() {
    this.isLive = false;
    clearTimeout(this.retryTimer);
    clearTimeout(this.silenceTimer);
    this.source?.close();
    this.source = null;
  }
}
