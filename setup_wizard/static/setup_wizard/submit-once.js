// A form is sent once: a second click or Enter while the first is under way does nothing.

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

// The back button may show the page exactly as it was left
addEventListener("pageshow", (event) => {
  if (event.persisted) for (const form of document.forms) release(form);
});
