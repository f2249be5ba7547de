// The charts of a market's page: drawn by their libraries once the page has been painted, else as the server drew them.

import { candlesView } from "./candles.js";
import { depthView } from "./depth.js";

export function chartsView(root) {
  const charts = root.querySelector("[data-charts]");
  if (!charts) return () => {};
  const views = [];
  let latest = null;
  const begin = (make) =>
    make(charts, () => latest)
      .then((view) => {
        views.push(view);
        if (latest) view(latest);
      })
      // The drawing of the server stays, and says the same.
      .catch(console.warn);
  whenIdle(() => begin(candlesView));
  // Its library is asked for by who looks at it.
  const depth = charts.querySelector("#draw-depth");
  let isAsked = false;
  const ask = () => {
    if (!depth.checked || isAsked) return;
    isAsked = true;
    begin(depthView);
  };
  charts.addEventListener("change", ask);
  whenIdle(ask);

  return (market) => {
    latest = market;
    for (const view of views) view(market);
  };
}

function whenIdle(act) {
  const soon = () => (window.requestIdleCallback ?? setTimeout)(act);
  if (document.readyState === "complete") soon();
  else window.addEventListener("load", soon, { once: true });
}
