// Takes the place of the stream: a market that changes so many times a second, for so long. Seeded, so that each run is alike.
(() => {
  const RATE = 60;
  let seed = 7;
  const random = (below) => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed % below;
  };
  const side = (first, step) => Array.from({ length: 20 }, (_each, place) => [first + step * place, 5 + random(300), 1]);

  class Flood extends EventTarget {
    constructor(url) {
      super();
      if (!url.includes("/stream/markets/")) return;
      window.flood = { sent: 0, start: (seconds) => this.start(seconds) };
      setTimeout(() => {
        this.tell("resumed", {});
        const state = { state: "open", phase: "open", halt_reason: "", reference_price_fen: 4000, indicative: null };
        this.tell("snapshot", { sequence: 1000, bids: side(3999, -1), asks: side(4001, 1), trades: [], ...state });
      });
    }

    tell(name, data) {
      this.dispatchEvent(Object.assign(new MessageEvent(name, { data: JSON.stringify(data), lastEventId: "life-1" })));
    }

    start(seconds) {
      const began = performance.now();
      return new Promise((done) => {
        const timer = setInterval(() => {
          const due = Math.min(((performance.now() - began) / 1000) * RATE, seconds * RATE);
          while (window.flood.sent < due) this.change();
          if (performance.now() - began >= seconds * 1000) {
            clearInterval(timer);
            done(window.flood.sent);
          }
        }, 1000 / RATE);
      });
    }

    change() {
      const sequence = 1001 + window.flood.sent++;
      const bids = Array.from({ length: 3 }, () => [3999 - random(20), 1 + random(300), 1 + random(4)]);
      const asks = Array.from({ length: 3 }, () => [4001 + random(20), 1 + random(300), 1 + random(4)]);
      const trade = {
        id: 1_000_000 + sequence,
        sequence,
        price_fen: 3999 + random(3),
        quantity_t: 1 + random(9),
        taker_side: random(2) ? "buy" : "sell",
        trading_mode: "listing",
        executed_at: new Date().toISOString(),
      };
      this.tell("delta", { first_sequence: sequence, sequence, bids, asks, trades: sequence % 6 ? [] : [trade] });
    }

    close() {}
  }
  window.EventSource = Flood;

  const seen = (window.seen = { shift: 0, moved: [], frames: 0, long: [] });
  const count = () => {
    seen.frames += 1;
    requestAnimationFrame(count);
  };
  requestAnimationFrame(count);
  new PerformanceObserver((list) => {
    seen.long.push(...list.getEntries().map(({ duration }) => duration));
  }).observe({ type: "longtask", buffered: true });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (entry.hadRecentInput) continue;
      seen.shift += entry.value;
      seen.moved.push(...entry.sources.map(({ node }) => node?.outerHTML?.slice(0, 90) ?? String(node?.nodeName)));
    }
  }).observe({ type: "layout-shift", buffered: true });
})();
