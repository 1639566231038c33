// Shows what saving would change, before it does. Whatever is unusual is left to the page itself.

const form = document.getElementById("cfg-form");
const dialog = document.getElementById("cfg-review");
const button = document.querySelector("[data-cfg-review]");
const save = document.querySelector("[data-cfg-save]");
const count = document.querySelector("[data-cfg-count]");

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

function show({ changes, revision }) {
  if (!changes.length) {
    count.textContent = "Nothing to save";
    return;
  }
  const settings = changes.length === 1 ? "One setting changes" : `${changes.length} settings change`;
  dialog.querySelector("[data-cfg-review-lead]").textContent = `${settings} on top of revision ${revision}.`;
  dialog.querySelector("[data-cfg-review-rows]").replaceChildren(...changes.map(rowOf));
  dialog.showModal();
}

function clearErrors() {
  document.getElementById("cfg-errors")?.remove();
  for (const row of form.querySelectorAll(".cfg-setting--error")) {
    row.classList.remove("cfg-setting--error");
    row.querySelector(".errorlist")?.remove();
    row.querySelector("[aria-invalid]")?.removeAttribute("aria-invalid");
  }
}

function listOf(messages, id) {
  const list = document.createElement("ul");
  list.className = "errorlist";
  list.id = id;
  for (const message of messages) list.append(Object.assign(document.createElement("li"), { textContent: message }));
  return list;
}

function showErrorBeside(key, messages) {
  const row = form.querySelector(`[data-cfg-setting="${CSS.escape(key)}"]`);
  const control = row?.querySelector(".cfg-control :is(input, select, textarea)");
  if (!control) return null;
  const list = listOf(messages, `${control.id}_error`);
  row.classList.add("cfg-setting--error");
  row.querySelector(".cfg-control").after(list);
  control.setAttribute("aria-invalid", "true");
  control.setAttribute("aria-describedby", `${control.id}_helptext ${list.id}`);
  return control;
}

function showErrors({ errors }) {
  const placed = Object.entries(errors).map(([key, messages]) => showErrorBeside(key, messages));
  if (placed.includes(null)) {
    form.requestSubmit(save); // an error that belongs to no field: the page says it best
    return;
  }
  placed[0].focus();
}

async function review() {
  clearErrors();
  const response = await fetch(form.dataset.previewUrl, { method: "POST", body: new FormData(form) });
  const answer = await response.json();
  if (answer.changes) show(answer);
  else if (answer.errors) showErrors(answer);
  else form.requestSubmit(save); // stale: the page shows what the others changed
}

button.hidden = false;
button.addEventListener("click", async () => {
  button.disabled = true;
  try {
    await review();
  } catch {
    form.requestSubmit(save); // no answer, or not the one expected
  } finally {
    button.disabled = false;
  }
});
dialog.querySelector("[data-cfg-close]").addEventListener("click", () => dialog.close());
