// Candles with their volume, by lightweight-charts: moved and zoomed by hand, and grown by the trades of the stream.

import { colour, whenColoursChange } from "./colours.js";
import { seldom } from "./seldom.js";
import { tonnes, yuan } from "./formats.js";

const MINUTES = { "1m": 1, "5m": 5, "15m": 15, "1h": 60, "4h": 240, "1d": 1440 };
const SHANGHAI_SECONDS = 8 * 3600;
const PAGE = 300;
// When so few candles are left at the left edge, those before them are asked for.
const NEAR = 20;
const ROWS = 24;
// A chart is a picture: four of them a second are read as well as sixty, and cost a fraction.
const EVERY_MS = 250;
// Asked of the page once, not for each trade.
const colours = { buy: "", sell: "" };

export async function candlesView(charts, latest) {
  const { candlesUrl, candlesLibrary } = charts.dataset;
  const { createChart, CandlestickSeries, HistogramSeries } = await import(candlesLibrary);
  const place = charts.querySelector("[data-candles]");
  const intervals = charts.querySelector("[data-intervals]");
  let interval = intervals.querySelector(":checked")?.value ?? "1h";
  // Up to this trade all are in the candles that are asked for next.
  let lastTrade = newest(latest()?.trades);
  let bars = await ask(candlesUrl, interval);
  let isAsking = false;
  let hasMore = bars.length === PAGE;

  // It is laid out before it is seen: nothing on the page moves.
  place.style.visibility = "hidden";
  place.hidden = false;
  const chart = createChart(place, { autoSize: true, ...looks() });
  const prices = chart.addSeries(CandlestickSeries, {
    priceFormat: { type: "custom", minMove: 1, formatter: (fen) => yuan(Math.round(fen)) },
  });
  const volumes = chart.addSeries(HistogramSeries, {
    priceScaleId: "volume",
    priceFormat: { type: "custom", minMove: 1, formatter: (amount) => `${tonnes(Math.round(amount))} t` },
    lastValueVisible: false,
    priceLineVisible: false,
  });
  volumes.priceScale().applyOptions({ scaleMargins: { top: 0.8, bottom: 0 } });
  prices.priceScale().applyOptions({ scaleMargins: { top: 0.08, bottom: 0.26 } });
  const dress = () => {
    for (const name of Object.keys(colours)) colours[name] = colour(name);
    chart.applyOptions(looks());
    prices.applyOptions(candleLooks());
    showAll();
  };
  const showAll = () => {
    prices.setData(bars.map(candle));
    volumes.setData(bars.map(column));
    fillTable(charts, bars);
  };
  dress();
  chart.timeScale().fitContent();
  whenColoursChange(dress);

  // Where nothing was traded yet the page says so, and goes on saying it.
  const appear = () => {
    if (!bars.length || charts.hasAttribute("data-drawn")) return;
    charts.toggleAttribute("data-drawn", true);
    afterFrames(2, () => {
      place.style.visibility = "";
      charts.querySelector("[data-chart]").classList.add("chart--replaced");
    });
  };
  appear();

  const anew = async () => {
    interval = intervals.querySelector(":checked").value;
    lastTrade = newest(latest()?.trades);
    bars = await ask(candlesUrl, interval);
    hasMore = bars.length === PAGE;
    chart.applyOptions({ timeScale: { timeVisible: interval !== "1d" } });
    showAll();
    chart.timeScale().fitContent();
  };
  intervals.addEventListener("change", () => anew().catch(console.warn));
  chart.timeScale().subscribeVisibleLogicalRangeChange(async (range) => {
    if (!range || range.from > NEAR || isAsking || !hasMore) return;
    isAsking = true;
    const asked = interval;
    try {
      const before = await ask(candlesUrl, interval, bars[0].begins_at);
      if (asked !== interval) return;
      hasMore = before.length === PAGE;
      bars = [...before, ...bars];
      showAll();
    } catch (error) {
      console.warn(error);
    } finally {
      isAsking = false;
    }
  });

  const draw = ({ trades }) => {
    const listed = trades.filter((trade) => trade.trading_mode === "listing");
    const fresh = listed.filter((trade) => trade.id > lastTrade);
    if (!fresh.length) return;
    const isWhole = fresh.length < listed.length || (lastTrade === 0 && !bars.length);
    lastTrade = fresh.at(-1).id;
    // More was traded than is told: what is known is asked for anew.
    if (!isWhole) {
      anew().catch(console.warn);
      return;
    }
    for (const trade of fresh) {
      grow(bars, trade, interval);
      prices.update(candle(bars.at(-1)));
      volumes.update(column(bars.at(-1)));
    }
    appear();
    fillTable(charts, bars);
  };
  return seldom(draw, EVERY_MS);
}

function afterFrames(count, act) {
  requestAnimationFrame(() => (count > 1 ? afterFrames(count - 1, act) : act()));
}

function newest(trades) {
  return trades?.filter((trade) => trade.trading_mode === "listing").at(-1)?.id ?? 0;
}

async function ask(url, interval, before) {
  const query = new URLSearchParams({ interval, limit: PAGE, ...(before && { to: before }) });
  const answer = await fetch(`${url}?${query}`);
  if (!answer.ok) throw new Error(`candles: status ${answer.status}`);
  return (await answer.json()).candles;
}

// Let a trade make its candle grow, or begin the next one.
function grow(bars, trade, interval) {
  const begins = begin(Date.parse(trade.executed_at), MINUTES[interval] * 60_000);
  const fen = trade.price_fen;
  const last = bars.at(-1);
  if (last && Date.parse(last.begins_at) >= begins) {
    bars[bars.length - 1] = {
      ...last,
      high_fen: Math.max(last.high_fen, fen),
      low_fen: Math.min(last.low_fen, fen),
      close_fen: fen,
      quantity_t: last.quantity_t + trade.quantity_t,
    };
    return;
  }
  const fresh = { open_fen: fen, high_fen: fen, low_fen: fen, close_fen: fen, quantity_t: trade.quantity_t };
  bars.push({ begins_at: new Date(begins).toISOString(), ...fresh });
}

// Days and hours begin as in Shanghai, whose clocks are never changed.
function begin(moment, length) {
  const offset = SHANGHAI_SECONDS * 1000;
  return Math.floor((moment + offset) / length) * length - offset;
}

// The library knows only UTC: it is told Shanghai's clock.
function timeOf(bar) {
  return Date.parse(bar.begins_at) / 1000 + SHANGHAI_SECONDS;
}

function candle(bar) {
  return { time: timeOf(bar), open: bar.open_fen, high: bar.high_fen, low: bar.low_fen, close: bar.close_fen };
}

function column(bar) {
  const rose = bar.close_fen >= bar.open_fen;
  return { time: timeOf(bar), value: bar.quantity_t, color: `${rose ? colours.buy : colours.sell}80` };
}

function looks() {
  return {
    layout: {
      background: { color: "transparent" },
      textColor: colour("ink-soft"),
      fontFamily: colour("figure-face"),
      // The page has the link.
      attributionLogo: false,
    },
    grid: { vertLines: { color: colour("line") }, horzLines: { color: colour("line") } },
    rightPriceScale: { borderColor: colour("line") },
    timeScale: { borderColor: colour("line"), timeVisible: true, secondsVisible: false, rightOffset: 2 },
    localization: { locale: document.documentElement.lang },
    // A page is scrolled by the wheel; a chart is zoomed with a finger, or with Ctrl.
    handleScroll: { mouseWheel: false, vertTouchDrag: false },
    handleScale: { mouseWheel: false },
  };
}

// Hollow where the price rose, filled where it fell: not by colour alone.
function candleLooks() {
  const [up, down] = [colour("buy"), colour("sell")];
  return {
    upColor: colour("surface"),
    downColor: down,
    borderUpColor: up,
    borderDownColor: down,
    wickUpColor: up,
    wickDownColor: down,
  };
}

function fillTable(charts, bars) {
  const table = charts.querySelector(".charts__table");
  const fill = () => {
    const rows = bars.slice(-ROWS).reverse().map(row);
    if (rows.length) charts.querySelector("[data-candle-rows]").replaceChildren(...rows);
  };
  if (table.open) fill();
  else table.ontoggle = () => table.open && fill();
}

const moment = new Intl.DateTimeFormat("en-CA", {
  timeZone: "Asia/Shanghai",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});

function row(bar) {
  const made = document.createElement("tr");
  const head = document.createElement("th");
  head.scope = "row";
  head.textContent = moment.format(Date.parse(bar.begins_at)).replace(",", "");
  made.append(head);
  const texts = [bar.open_fen, bar.high_fen, bar.low_fen, bar.close_fen].map(yuan);
  for (const text of [...texts, tonnes(bar.quantity_t)]) {
    const cell = document.createElement("td");
    cell.className = "number";
    cell.textContent = text;
    made.append(cell);
  }
  return made;
}
