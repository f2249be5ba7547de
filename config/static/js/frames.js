// A frame that scrolls sideways can be reached by keys, and says what it holds; one that does not is no stop on the way.

const FRAMES = ".table-frame, pre";

function nameOf(frame) {
  const head = frame.querySelector("caption") ?? frame.closest("section, article, details, main")?.querySelector("h1, h2, h3, summary");
  return head?.textContent.trim().replace(/\s+/g, " ") ?? "";
}

const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) {
      target.tabIndex = 0;
      target.setAttribute("role", "region");
      target.setAttribute("aria-label", nameOf(target));
    } else {
      for (const name of ["tabindex", "role", "aria-label"]) target.removeAttribute(name);
    }
  }
});

for (const frame of document.querySelectorAll(FRAMES)) sizes.observe(frame);
