// How much is wanted up to each price, by uPlot: bids rise to the left, asks to the right.

import { colour, whenColoursChange } from "./colours.js";
import { seldom } from "./seldom.js";
import { tonnes, yuan } from "./formats.js";

const EVERY_MS = 250;

export async function depthView(charts) {
  const { depthLibrary, depthLooks } = charts.dataset;
  await Promise.all([loaded("script", "src", depthLibrary), loaded("link", "href", depthLooks)]);
  const place = charts.querySelector("[data-depth]");
  let plot = null;
  let latest = null;

  const draw = (market) => {
    latest = market;
    const levels = stepsOf(latest);
    if (plot) plot.setData(levels);
    else plot = new window.uPlot(options(place), levels, place);
  };
  const anew = () => {
    plot?.destroy();
    plot = null;
    if (latest) draw(latest);
  };
  place.hidden = false;
  charts.querySelector("[data-depth-drawing]").classList.add("chart--replaced");
  new ResizeObserver(() => plot?.setSize({ width: place.clientWidth, height: place.clientHeight })).observe(place);
  whenColoursChange(anew);

  return seldom(draw, EVERY_MS);
}

function loaded(tag, attribute, url) {
  return new Promise((done, failed) => {
    const element = document.createElement(tag);
    if (tag === "link") element.rel = "stylesheet";
    element.addEventListener("load", done);
    element.addEventListener("error", () => failed(new Error(`not loaded: ${url}`)));
    element[attribute] = url;
    document.head.append(element);
  });
}

// Prices in order, with what is wanted at each or better; on the other side's prices nothing.
function stepsOf({ bids, asks }) {
  const added = (levels) => {
    let total = 0;
    return levels.map(([price, quantity]) => [price, (total += quantity)]);
  };
  const left = added(bids).reverse();
  const right = added(asks);
  return [
    [...left, ...right].map(([price]) => price),
    [...left.map(([, total]) => total), ...right.map(() => null)],
    [...left.map(() => null), ...right.map(([, total]) => total)],
  ];
}

function options(place) {
  const stepped = window.uPlot.paths.stepped;
  const axis = { stroke: colour("ink-soft"), grid: { stroke: colour("line"), width: 1 }, ticks: { show: false } };
  const side = (name, align) => ({
    stroke: colour(name),
    fill: colour(`${name}-soft`),
    width: 2,
    paths: stepped({ align }),
    points: { show: false },
    value: (_plot, total) => (total === null || total === undefined ? "" : `${tonnes(total)} t`),
  });
  return {
    width: place.clientWidth,
    height: place.clientHeight,
    scales: { x: { time: false } },
    legend: { show: false },
    cursor: { y: false },
    axes: [
      { ...axis, values: (_plot, prices) => prices.map((fen) => yuan(Math.round(fen))) },
      { ...axis, side: 1, size: 60, values: (_plot, totals) => totals.map((total) => tonnes(Math.round(total))) },
    ],
    series: [{}, side("buy", -1), side("sell", 1)],
  };
}
