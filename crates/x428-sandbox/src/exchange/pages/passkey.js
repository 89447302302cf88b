// Fills the field `credential` of a form with what the authenticator gives, then sends the form.
const words = {
  NotAllowedError: "The passkey was not used: it was canceled, or it took too long. Try again.",
  InvalidStateError: "This device has a passkey for your account already.",
  SecurityError: "The browser does not use passkeys at this address.",
};
for (const button of document.querySelectorAll("button[data-passkey]")) {
  const form = button.form;
  const problem = form.querySelector("[role=alert][hidden]");
  button.hidden = false;
  button.addEventListener("click", async (event) => {
    if (form.elements.credential.value !== "" || !form.reportValidity()) return;
    event.preventDefault();
    problem.hidden = true;
    button.disabled = true;
    try {
      const options = JSON.parse(button.dataset.options);
      const credential = button.dataset.passkey === "create"
        ? await navigator.credentials.create({
            publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options),
          })
        : await navigator.credentials.get({
            publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options),
          });
      form.elements.credential.value = JSON.stringify(credential.toJSON());
      button.disabled = false;
      form.requestSubmit(button);
    } catch (error) {
      problem.textContent = words[error.name] ?? "This browser could not use a passkey.";
      problem.hidden = false;
      button.disabled = false;
      button.focus();
    }
  });
}
