// Returns what makes a page wider than the window, or nothing.
() => {
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= wide) return [];
  const scrolls = (element) => {
    for (let at = element.parentElement; at && at !== document.body; at = at.parentElement) {
      if (["auto", "scroll", "hidden", "clip"].includes(getComputedStyle(at).overflowX)) return true;
    }
    return false;
  };
  const found = [...document.querySelectorAll("body *")].filter((element) => {
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.right > wide + 0.5 && !scrolls(element);
  });
  const last = found.filter((element) => !found.some((other) => other !== element && element.contains(other)));
  return (last.length ? last : [document.body]).slice(0, 3).map((element) => `${element.localName}.${[...element.classList].join(".")} ${element.textContent.trim().replace(/\s+/g, " ").slice(0, 40)}`);
}
