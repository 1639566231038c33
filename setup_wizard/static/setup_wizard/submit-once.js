// Sends a form only once: while the first submit is under way, a second click or Enter does nothing.

const busy = new WeakSet();

function buttonsOf(form) {
  return [...form.elements].filter((element) => element.type === "submit");
}

function mark(form, submitter) {
  for (const button of buttonsOf(form)) button.setAttribute("aria-disabled", "true");
  if (submitter?.dataset.busyLabel) {
    submitter.dataset.label = submitter.textContent;
    submitter.textContent = submitter.dataset.busyLabel;
  }
}

function release(form) {
  busy.delete(form);
  for (const button of buttonsOf(form)) {
    button.removeAttribute("aria-disabled");
    if (button.dataset.label) button.textContent = button.dataset.label;
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (busy.has(form)) {
    event.preventDefault();
    return;
  }
  busy.add(form);
  mark(form, event.submitter);
});

// The Back button may restore the page with its form still marked as sent
addEventListener("pageshow", (event) => {
  if (event.persisted) for (const form of document.forms) release(form);
});
