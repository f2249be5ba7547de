// How long it is until the market becomes something else.

const DAY_S = 86_400;

export function countdownView(root) {
  const part = root.querySelector("[data-until]");
  if (!part) return () => {};
  const place = part.querySelector("[data-countdown]");
  let until = part.dataset.until ? Date.parse(part.dataset.until) : null;
  const look = () => {
    const left = until === null ? -1 : Math.ceil((until - Date.now()) / 1000);
    part.hidden = left < 0;
    if (left >= 0) place.textContent = words(left);
  };
  setInterval(() => document.hidden || look(), 1000);
  look();

  return ({ phaseUntil }) => {
    if (phaseUntil === undefined) return;
    until = phaseUntil === null ? null : Date.parse(phaseUntil);
    look();
  };
}

function words(seconds) {
  const two = (value) => String(value).padStart(2, "0");
  const clock = `${two(Math.floor((seconds % DAY_S) / 3600))}:${two(Math.floor((seconds % 3600) / 60))}:${two(seconds % 60)}`;
  return seconds < DAY_S ? clock : `${Math.floor(seconds / DAY_S)} d ${clock}`;
}
