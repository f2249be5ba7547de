// Returns every text that a person reads in the page or hears of it, but for code and for what says that it is in another language.
() => {
  const elsewhere = "[lang]:not(html), [translate=no], noscript, code, pre, kbd, samp, script, style, template, .code, .hash, .serial, textarea";
  const texts = new Set();
  const walker = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
  const keep = (text) => {
    const line = (text ?? "").replace(/\s+/g, " ").trim();
    if (/[A-Za-z]{2}/.test(line)) texts.add(line);
  };
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    if (parent && !parent.closest(elsewhere)) keep(walker.currentNode.data);
  }
  for (const element of document.querySelectorAll("*")) {
    if (element.closest(elsewhere)) continue;
    for (const name of ["aria-label", "alt", "title", "placeholder", "data-unsent", "aria-description"]) keep(element.getAttribute(name));
    if (element.localName === "input" && ["submit", "button"].includes(element.type)) keep(element.value);
  }
  return [...texts];
}
