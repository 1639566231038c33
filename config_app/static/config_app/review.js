// Before a save, shows what would change, and asks for a proof of identity if a change needs one. Everything that
// was entered, secrets included, stays on the page until it is saved. In unusual cases, this script submits the form.
// The page that the server returns then explains what is wrong.

import { clearErrors, listOf, showErrors } from "./errors.js";

const form = document.getElementById("cfg-form");
const dialog = document.getElementById("cfg-review");
const button = document.querySelector("[data-cfg-review]");
const save = document.querySelector("[data-cfg-save]");
const count = document.querySelector("[data-cfg-count]");
const template = document.querySelector("[data-cfg-proof-template]");
const proof = (template?.content ?? document).querySelector("[data-cfg-proof]");
const control = proof.querySelector("input, a");
const PASSWORD = "_password";
let decided = false;

function fillValue(element, text, change, tag) {
  const shown = document.createElement(text && !change.is_secret ? tag : "span");
  shown.textContent = text || (text === null ? "not set" : "empty");
  if (!text) shown.className = "cfg-quiet";
  element.replaceChildren(shown);
}

function rowOf(change) {
  const row = dialog.querySelector("[data-cfg-review-row]").content.cloneNode(true);
  row.querySelector("[data-label]").textContent = change.label;
  row.querySelector("[data-key]").textContent = change.key;
  row.querySelector("[data-effect]").textContent = `takes effect ${change.takes_effect}`;
  fillValue(row.querySelector("[data-old]"), change.old, change, "del");
  fillValue(row.querySelector("[data-new]"), change.new, change, "ins");
  return row;
}

function showProofErrors(messages) {
  proof.querySelector(".errorlist")?.remove();
  proof.classList.toggle("cfg-proof--error", messages.length > 0);
  control.removeAttribute("aria-describedby");
  if (messages.length) {
    const list = listOf(messages, `${control.id}_error`);
    proof.append(list);
    control.setAttribute("aria-describedby", list.id);
  }
  control.focus();
}

function askForProof() {
  proof.querySelector("input")?.setAttribute("form", form.id);
  dialog.querySelector("[data-cfg-proof-slot]").append(proof);
  showProofErrors([]);
}

function warn(words) {
  const place = dialog.querySelector("[data-cfg-review-warning]");
  place.textContent = words;
  place.hidden = !words;
}

function warnOf(findings) {
  const list = dialog.querySelector("[data-cfg-review-findings]");
  list.replaceChildren(...findings.map(noticeOf));
  list.hidden = !findings.length;
}

function noticeOf(finding) {
  const notice = document.createElement("li");
  notice.className = "cfg-notice cfg-notice--warning";
  notice.textContent = finding;
  return notice;
}

function show({ changes, revision, proof: missing, warning, findings }) {
  if (!changes.length) {
    count.textContent = "Nothing to save";
    return;
  }
  const settings = changes.length === 1 ? "One setting changes" : `${changes.length} settings change`;
  dialog.querySelector("[data-cfg-review-lead]").textContent = `${settings} on top of revision ${revision}.`;
  dialog.querySelector("[data-cfg-review-rows]").replaceChildren(...changes.map(rowOf));
  warnOf(findings);
  warn(warning);
  proof.remove();
  dialog.showModal();
  if (missing) askForProof();
}

function refuse(errors) {
  if (errors[PASSWORD]) {
    showProofErrors(errors[PASSWORD]);
    return;
  }
  dialog.close();
  if (!showErrors(errors)) saveNow(); // an error belongs to no field, so the server's page must show it
}

function saveNow() {
  decided = true;
  form.requestSubmit(save);
}

function showOrSave(answer, isReview) {
  if (answer.errors) refuse(answer.errors);
  else if (!answer.changes) saveNow(); // the configuration has changed, and the server's page shows how
  else if (answer.proof && dialog.open) showProofErrors([answer.proof]);
  else if (answer.proof || isReview) show(answer);
  else saveNow();
}

async function preview({ isReview }) {
  if (button.disabled) return; // one preview at a time: each may count as an attempt to enter the password
  button.disabled = true;
  clearErrors();
  try {
    const response = await fetch(form.dataset.previewUrl, { method: "POST", body: new FormData(form) });
    showOrSave(await response.json(), isReview);
  } catch {
    saveNow(); // no answer, or an unexpected one
  } finally {
    button.disabled = false;
  }
}

button.hidden = false;
// The first button of a form is its default button, so browsers also click it after the Enter key in a text field.
button.addEventListener("click", (event) => {
  event.preventDefault();
  preview({ isReview: !dialog.open });
});

// In the capture phase, because edits.js treats the first submit that reaches it as a save
form.addEventListener(
  "submit",
  (event) => {
    const asks = dialog.open ? dialog.contains(proof) : form.querySelector("[data-cfg-sensitive].cfg-setting--edited");
    if (decided || !asks) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    preview({ isReview: false });
  },
  { capture: true },
);
addEventListener("pageshow", () => (decided = false));
dialog.querySelector("[data-cfg-close]").addEventListener("click", () => dialog.close());
