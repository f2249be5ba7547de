// Forms whose button has the browser make or show a passkey, and send what it says: <form data-passkey="ID of the options">.
// The challenge stands in the page, or is asked for at data-challenge. Without this, or where there are no passkeys, such
// forms stay hidden.

const toBytes = (text) => {
  const base64 = text.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
};

const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");

const listed = (credentials) => (credentials ?? []).map((each) => ({ ...each, id: toBytes(each.id) }));

const readCreation = (options) => ({
  ...options,
  challenge: toBytes(options.challenge),
  user: { ...options.user, id: toBytes(options.user.id) },
  excludeCredentials: listed(options.excludeCredentials),
});

const readRequest = (options) => ({
  ...options,
  challenge: toBytes(options.challenge),
  allowCredentials: listed(options.allowCredentials),
});

const written = (credential) => {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = toText(credential.response[name]);
  }
  const transports = credential.response.getTransports?.();
  if (transports) response.transports = transports;
  return JSON.stringify({
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: credential.getClientExtensionResults(),
    response,
  });
};

const challengeOf = async (form) => {
  if (!form.dataset.challenge) return JSON.parse(document.getElementById(form.dataset.passkey).textContent);
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
  const answer = await fetch(form.dataset.challenge, { method: "POST", headers: { "X-CSRFToken": token } });
  if (!answer.ok) throw new Error(`challenge: ${answer.status}`);
  return answer.json();
};

const ask = async (form) => {
  const { publicKey } = await challengeOf(form);
  return "new" in form.dataset
    ? navigator.credentials.create({ publicKey: readCreation(publicKey) })
    : navigator.credentials.get({ publicKey: readRequest(publicKey) });
};

const isPossible = Boolean(window.PublicKeyCredential && window.isSecureContext);

for (const note of document.querySelectorAll("[data-no-passkeys]")) note.hidden = isPossible;

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const field = form.querySelector("[name=credential]");
  const button = form.querySelector("button");
  const problem = form.querySelector(".passkey__problem");
  form.hidden = !isPossible;
  form.addEventListener("submit", async (event) => {
    if (field.value) return;
    event.preventDefault();
    button.disabled = true;
    problem.hidden = true;
    try {
      field.value = written(await ask(form));
      form.submit();
    } catch (error) {
      // Whoever closes the browser's question has changed their mind; that, and any other reason, is told alike.
      problem.textContent = problem.dataset.cancelled;
      problem.hidden = false;
      button.disabled = false;
    }
  });
}
