// Fills the field `credential` of a form with what the authenticator gives, then sends the form.
for (const button of document.querySelectorAll("button[data-passkey]")) {
  button.addEventListener("click", async (event) => {
    const form = button.form;
    if (form.elements.credential.value !== "") return;
    event.preventDefault();
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
      form.requestSubmit(button);
    } catch (error) {
      const problem = document.createElement("p");
      problem.setAttribute("role", "alert");
      problem.textContent = `The passkey was not used: ${error.message}`;
      form.prepend(problem);
    }
  });
}
