// Buttons that copy what an element shows: <button data-copy="ID" data-copied="Copied" hidden>. Without this they stay hidden.

for (const button of document.querySelectorAll("[data-copy]")) {
  const label = button.querySelector("span");
  const text = label.textContent;
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    label.textContent = button.dataset.copied;
    setTimeout(() => (label.textContent = text), 2000);
  });
}
