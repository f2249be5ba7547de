// How numbers and times are written: as the server writes them, in the document's language.
// Money is whole fen, as numbers or BigInt; no floating point touches it.

const language = document.documentElement.lang;
const whole = new Intl.NumberFormat(language);
const day = new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Shanghai", dateStyle: "short" });
const clock = new Intl.DateTimeFormat("en-GB", { timeZone: "Asia/Shanghai", timeStyle: "medium" });

export const NOTHING = "–";
const MINUS = "−";

export function yuan(fen) {
  if (fen === null) return NOTHING;
  const exact = BigInt(fen);
  const positive = exact < 0n ? -exact : exact;
  const cents = String(positive % 100n).padStart(2, "0");
  return `${exact < 0n ? MINUS : ""}${whole.format(positive / 100n)}.${cents}`;
}

export function tonnes(amount) {
  return amount === null ? NOTHING : whole.format(amount);
}

export function signedYuan(fen) {
  return fen === null ? NOTHING : (fen > 0 ? "+" : "") + yuan(fen);
}

export function signedPercent(part, base) {
  if (part === null) return NOTHING;
  const sign = part > 0 ? "+" : part < 0 ? MINUS : "";
  return `${sign}${((Math.abs(part) * 100) / base).toFixed(2)}%`;
}

export function direction(change) {
  return change > 0 ? "rise" : change < 0 ? "fall" : "";
}

// The time of day in Shanghai, with month and day where that is not today.
export function tapeTime(text) {
  const moment = new Date(text);
  const date = day.format(moment);
  const time = clock.format(moment);
  return date === day.format(new Date()) ? time : `${date.slice(5)} ${time}`;
}

// Fen of an amount of yuan as people write it, or null where it is none.
export function parseYuan(text) {
  const match = /^([0-9]{1,12})(?:\.([0-9]{1,2}))?$/.exec(plain(text));
  return match ? BigInt(match[1]) * 100n + BigInt((match[2] ?? "").padEnd(2, "0")) : null;
}

export function parseTonnes(text) {
  const written = plain(text);
  return /^[0-9]{1,12}$/.test(written) ? BigInt(written) : null;
}

const GROUPED = /^-?(?:[1-9][0-9]{0,2}(?:,[0-9]{3})+|[1-9][0-9]{0,3}(?:,[0-9]{4})+)(?:\.[0-9]*)?$/;

// The number without what only sets it out, as the server's plain_number has it.
function plain(text) {
  const written = text.normalize("NFKC").replace(/\s/g, "").replaceAll("。", ".").replace(/^¥/, "");
  return GROUPED.test(written) ? written.replaceAll(",", "") : written;
}
