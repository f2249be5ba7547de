// What a page is asked by the tests: returns findings, each a line of text, and what a person could read in it.
() => {
  const findings = [];
  const named = (element) => {
    const id = element.id ? `#${element.id}` : "";
    const kind = element.className && element.className.baseVal === undefined ? `.${[...element.classList].join(".")}` : "";
    return `<${element.localName}${id}${kind}> ${(element.textContent ?? "").trim().replace(/\s+/g, " ").slice(0, 40)}`;
  };
  const shown = (element) => element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
  const all = (selector) => [...document.querySelectorAll(selector)];

  const heads = all("h1").filter(shown);
  if (heads.length !== 1) findings.push(`has ${heads.length} first headings`);
  if (!document.title.trim()) findings.push("has no title");
  const seen = new Map();
  for (const element of all("[id]")) seen.set(element.id, (seen.get(element.id) ?? 0) + 1);
  for (const [id, count] of seen) if (count > 1) findings.push(`has the id ${id} ${count} times`);
  for (const field of all("input:not([type=hidden], [type=submit], [type=button]), select, textarea")) {
    const said = field.labels?.length || field.getAttribute("aria-label") || field.getAttribute("aria-labelledby");
    if (!said && shown(field)) findings.push(`has a field without a label: ${field.name}`);
  }
  for (const row of all("tr").filter(shown)) {
    const cells = [...row.cells].map((cell) => [cell, cell.getBoundingClientRect()]);
    const over = cells.find(([, a], at) => cells.slice(at + 1).some(([, b]) =>
      Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1));
    if (over) findings.push(`has cells that lie over each other: ${named(over[0])}`);
  }
  for (const reference of all("[aria-describedby], [aria-labelledby], [for]")) {
    for (const name of ["aria-describedby", "aria-labelledby", "for"]) {
      for (const id of (reference.getAttribute(name) ?? "").split(/\s+/).filter(Boolean)) {
        if (!document.getElementById(id)) findings.push(`${name}=${id} leads nowhere: ${named(reference)}`);
      }
    }
  }
  for (const element of all("button, summary, input:not([type=hidden], [type=checkbox], [type=radio]), select, a.button")) {
    if (!shown(element)) continue;
    const box = element.getBoundingClientRect();
    // A thumb needs more than the 24 px of WCAG 2.2, which axe-core looks after.
    if (box.width > 0 && box.height < 30) findings.push(`is hard to hit (${Math.round(box.width)} × ${Math.round(box.height)}): ${named(element)}`);
  }
  // What no rule colours is black: the class is misspelt, or its rule was taken away. Codes for cameras are drawn black on purpose.
  for (const form of all("svg :is(rect, path, circle, ellipse, polygon)").filter(shown)) {
    const box = form.getBoundingClientRect();
    if (box.width * box.height < 9 || form.closest("[stroke], defs, mask, clipPath")) continue;
    if (getComputedStyle(form).fill === "rgb(0, 0, 0)") findings.push(`is painted black: ${form.outerHTML.slice(0, 80)}`);
  }
  return findings;
}
