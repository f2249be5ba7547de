// What happens in a market: by the live stream where it can be reached, else by asking every few seconds.

import { OwnFeed } from "./own.js";

const POLL_MS = 3_000;
const SLOW_POLL_MS = 15_000;
// The stream's heart beats every 15 seconds: silence for longer means that nothing is at the other end.
const SILENCE_MS = 40_000;
const RETRY_MS = 2_000;
const LONGEST_RETRY_MS = 60_000;
const FAILURES_BEFORE_POLLING = 2;
const ANSWER_MS = 8_000;
// A reader's own orders are asked for when they have changed, but not more often than this.
const OWN_MS = 1_000;
// What leaves the last 24 hours is only known to the server.
const REFRESH_MS = 60_000;
// A page that nobody has looked at for so long follows nothing, until somebody does.
const REST_MS = 60_000;

export class Feed {
  // onAnswer(market): what was asked for. onSnapshot(message), onDelta(message): what the stream tells; onLost(): no more.
  // onState("live" | "reconnecting" | "polling" | "offline", when something was heard last). csrfToken: of a reader who has orders, else null.
  constructor({ streamUrl, liveUrl, csrfToken, onAnswer, onSnapshot, onDelta, onLost, onState }) {
    Object.assign(this, { streamUrl, liveUrl, onAnswer, onSnapshot, onDelta, onLost, onState });
    this.hasOwn = csrfToken !== null;
    this.own = this.hasOwn && streamUrl ? new OwnFeed({ csrfToken, onChange: () => this.#refreshOwn() }) : null;
    // Up to where the stream has told the market; null where it has not begun, or was lost.
    this.sequence = null;
    this.lastEventId = "";
    this.failures = 0;
    this.source = null;
    this.isPolling = false;
    this.pollTimer = this.retryTimer = this.silenceTimer = this.ownTimer = this.restTimer = null;
    this.isResting = false;
    this.heardAt = null;
    this.isAsking = false;
    this.mustAskAgain = false;
  }

  start() {
    document.addEventListener("visibilitychange", () => this.#look());
    // A page in the browser's memory holds no connection, and begins anew when it is shown again.
    window.addEventListener("pagehide", () => this.#stop());
    window.addEventListener("pageshow", (event) => event.persisted && this.#begin());
    setInterval(() => !document.hidden && this.refresh(), REFRESH_MS);
    this.#begin();
  }

  // Ask for the market as it is now; while one question is under way the next one waits.
  async refresh() {
    if (this.isAsking) {
      this.mustAskAgain = true;
      return;
    }
    this.isAsking = true;
    try {
      const answer = await fetch(this.liveUrl, { cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) });
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      this.onAnswer(await answer.json());
      this.heardAt = new Date();
      if (this.isPolling) this.#say("polling");
    } catch {
      if (this.isPolling) this.#say("offline");
    } finally {
      this.isAsking = false;
    }
    if (this.mustAskAgain) {
      this.mustAskAgain = false;
      await this.refresh();
    }
  }

  #say(state) {
    this.onState(state, this.heardAt);
  }

  #begin() {
    if (this.streamUrl) this.#open();
    else this.#poll();
    this.#followOwn();
  }

  // A browser opens few connections to a server at once: a page that nobody looks at keeps none for one's own orders.
  #followOwn() {
    if (document.hidden) this.own?.stop();
    else this.own?.start();
  }

  // The browser would send the last id by itself, but not where it is we who connect anew.
  #open() {
    const query = this.lastEventId && `?${new URLSearchParams({ last_event_id: this.lastEventId })}`;
    this.source = new EventSource(this.streamUrl + query);
    this.source.addEventListener("resumed", () => this.#connected());
    this.source.addEventListener("interrupted", () => this.#poll());
    this.source.addEventListener("heartbeat", () => this.#heard());
    this.source.addEventListener("snapshot", (event) => this.#begins(event));
    this.source.addEventListener("delta", (event) => this.#follow(event));
    this.source.addEventListener("too_slow", () => this.#lost());
    this.source.addEventListener("error", () => this.#lost());
    this.#heard();
  }

  #connected() {
    this.failures = 0;
    this.#heard();
    this.#stopPolling();
    this.#say("live");
    // The last 24 hours, and one's own orders, which the stream does not tell.
    this.refresh();
  }

  #heard() {
    this.heardAt = new Date();
    clearTimeout(this.silenceTimer);
    this.silenceTimer = setTimeout(() => this.#lost(), SILENCE_MS);
  }

  #begins(event) {
    this.#heard();
    const message = JSON.parse(event.data);
    this.sequence = message.sequence;
    this.lastEventId = event.lastEventId;
    this.onSnapshot(message);
  }

  #follow(event) {
    this.#heard();
    const message = JSON.parse(event.data);
    if (this.sequence === null || message.first_sequence !== this.sequence + 1) {
      // The server sees to it that this cannot be; should it be all the same, a new snapshot mends it.
      this.lastEventId = "";
      this.#lost();
      return;
    }
    this.sequence = message.sequence;
    this.lastEventId = event.lastEventId;
    this.onDelta(message);
    if (this.hasOwn && !this.own?.isLive) this.#refreshOwn();
  }

  #refreshOwn() {
    this.ownTimer ??= setTimeout(() => {
      this.ownTimer = null;
      this.refresh();
    }, OWN_MS);
  }

  // EventSource gives up where the answer is no stream: connect anew ourselves, later each time.
  #lost() {
    this.#close();
    this.failures += 1;
    if (this.failures >= FAILURES_BEFORE_POLLING) this.#poll();
    else this.#say("reconnecting");
    const wait = Math.min(RETRY_MS * 2 ** (this.failures - 1), LONGEST_RETRY_MS);
    this.retryTimer = setTimeout(() => this.#open(), wait * (0.5 + Math.random()));
  }

  #poll() {
    if (this.isPolling) return;
    this.isPolling = true;
    // What is asked for is newer than what the stream has told; it begins anew with a snapshot.
    this.sequence = null;
    this.lastEventId = "";
    this.onLost();
    const next = async () => {
      if (!document.hidden) await this.refresh();
      if (this.isPolling) this.pollTimer = setTimeout(next, document.hidden ? SLOW_POLL_MS : POLL_MS);
    };
    next();
  }

  #stopPolling() {
    this.isPolling = false;
    clearTimeout(this.pollTimer);
  }

  #look() {
    this.#followOwn();
    clearTimeout(this.restTimer);
    if (document.hidden) {
      this.restTimer = setTimeout(() => this.#rest(), REST_MS);
      return;
    }
    if (this.isResting) {
      this.isResting = false;
      this.#begin();
    }
    this.refresh();
  }

  #rest() {
    this.isResting = true;
    this.#stop();
  }

  #close() {
    clearTimeout(this.retryTimer);
    clearTimeout(this.silenceTimer);
    this.source?.close();
    this.source = null;
  }

  #stop() {
    this.#close();
    this.#stopPolling();
    this.own?.stop();
  }
}
