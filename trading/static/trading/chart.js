// The line of the latest trades: the same drawing as trading/web/charts.py.

import { tapeTime, yuan } from "./formats.js";

const WIDTH = 600;
const HEIGHT = 200;
const VOLUME_HEIGHT = 40;
const SVG = "http://www.w3.org/2000/svg";

export function chartView(root) {
  const chart = root.querySelector("[data-chart]");
  if (!chart) return () => {};
  const part = (name) => chart.querySelector(`[data-${name}]`);

  let drawn = null;

  return ({ trades }) => {
    // Candles have taken its place, or it stands as it is.
    if (chart.classList.contains("chart--replaced") || drawn === (trades.at(-1)?.id ?? null)) return;
    drawn = trades.at(-1)?.id ?? null;
    chart.toggleAttribute("data-empty", trades.length < 2);
    if (trades.length < 2) return;
    const prices = trades.map((trade) => trade.price_fen);
    const highest = Math.max(...prices);
    const lowest = Math.min(...prices);
    const line = prices.map((price, place) => point(place, price, prices.length, highest, lowest)).join(" ");
    part("line").setAttribute("points", line);
    part("area").setAttribute("points", `0,${HEIGHT} ${line} ${WIDTH},${HEIGHT}`);
    part("highest").textContent = yuan(highest);
    part("lowest").textContent = yuan(lowest);
    part("first").textContent = tapeTime(trades[0].executed_at);
    part("last").textContent = tapeTime(trades.at(-1).executed_at);
    part("bars").replaceChildren(...bars(trades.map((trade) => trade.quantity_t)));
  };
}

function point(place, price, count, highest, lowest) {
  const x = (place * WIDTH) / (count - 1);
  const share = highest > lowest ? (price - lowest) / (highest - lowest) : 0.5;
  return `${x.toFixed(1)},${(HEIGHT - share * HEIGHT).toFixed(1)}`;
}

function bars(quantities) {
  const width = WIDTH / quantities.length;
  const largest = Math.max(...quantities);
  return quantities.map((quantity, place) => {
    const height = (quantity * VOLUME_HEIGHT) / largest;
    const bar = document.createElementNS(SVG, "rect");
    bar.setAttribute("x", (place * width + width * 0.15).toFixed(1));
    bar.setAttribute("y", (VOLUME_HEIGHT - height).toFixed(1));
    bar.setAttribute("width", (width * 0.7).toFixed(1));
    bar.setAttribute("height", height.toFixed(1));
    return bar;
  });
}
