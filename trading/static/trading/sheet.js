// What is a page of its own without this module is shown over the page: reviews, changes, questions. Answers are the server's.

const ANSWER_MS = 15_000;

// onRefused(html): what a ticket looks like that was refused. onDone(told): something was done, as `told` says.
export function sheets(root, { onRefused, onDone }) {
  const sheet = document.querySelector("[data-sheet]");
  if (!sheet) return;
  const content = sheet.querySelector("[data-sheet-content]");
  const failed = sheet.querySelector("[data-sheet-failed]");
  // What a form was sent with last, so that a second press waits for the first.
  let asking = null;

  const open = (html) => {
    failed.hidden = true;
    content.replaceChildren(parsed(html));
    if (!sheet.open) sheet.showModal();
    (content.querySelector("[aria-invalid=true], .errorlist ~ input, .errorlist ~ .with-unit input") ?? content.querySelector("[data-first]"))?.focus();
  };

  const take = (answer, html, form) => {
    const told = parsed(html).querySelector("[data-done]");
    if (told) {
      sheet.close();
      onDone(told, form);
    } else if (form?.matches("[data-ticket]") && answer.status === 422) {
      sheet.close();
      onRefused(parsed(html).querySelector("form"));
    } else if (form && answer.status === 422 && /\/orders$/.test(form.action) && form.closest("[data-sheet]")) {
      // Between review and sending something has changed: the ticket says what.
      sheet.close();
      onRefused(parsed(html).querySelector("form"));
    } else {
      open(html);
    }
  };

  const ask = async (url, options, form) => {
    if (asking) return;
    asking = url;
    root.toggleAttribute("data-asking", true);
    try {
      const headers = { "X-Sheet": "1", Accept: "text/html" };
      const answer = await fetch(url, { ...options, headers, signal: AbortSignal.timeout(ANSWER_MS) });
      if (answer.redirected || !(answer.ok || answer.status === 422)) {
        // Logged out meanwhile, or refused as a whole: the page itself says so.
        location.assign(answer.redirected ? answer.url : location.href);
        return;
      }
      take(answer, await answer.text(), form);
    } catch {
      content.replaceChildren(...(sheet.open ? content.childNodes : []));
      failed.hidden = false;
      if (!sheet.open) sheet.showModal();
    } finally {
      asking = null;
      root.toggleAttribute("data-asking", false);
      form?.dispatchEvent(new CustomEvent("answered", { bubbles: true }));
    }
  };

  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-sheet-form]");
    const button = event.submitter;
    if (!form || button?.matches("[data-plain]")) return;
    event.preventDefault();
    if (button?.matches("[data-sheet-close]")) return;
    ask(button?.hasAttribute("formaction") ? button.formAction : form.action, { method: "POST", body: new FormData(form, button) }, form);
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-sheet-close]")) {
      if (!sheet.open) return;
      event.preventDefault();
      sheet.close();
      return;
    }
    const link = event.target.closest("a[data-open-sheet]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    ask(link.href, { cache: "no-store" });
  });
  // A press beside the sheet closes it.
  sheet.addEventListener("click", (event) => event.target === sheet && sheet.close());
  sheet.addEventListener("close", () => content.replaceChildren());
}

function parsed(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  return holder.content;
}
