// Shows errors as the page of the server would show them, but keeps everything that was entered.

const form = document.getElementById("cfg-form");

function copyOf(template) {
  return document.querySelector(template).content.firstElementChild.cloneNode(true);
}

export function listOf(messages, id) {
  const list = document.createElement("ul");
  list.className = "errorlist";
  list.id = id;
  for (const message of messages) list.append(Object.assign(document.createElement("li"), { textContent: message }));
  return list;
}

function controlOf(row) {
  return row.querySelector(".cfg-control :is(input, select, textarea)");
}

function showBeside(row, messages) {
  const control = controlOf(row);
  const list = listOf(messages, `${control.id}_error`);
  row.classList.add("cfg-setting--error");
  row.querySelector(".cfg-control").after(list);
  control.setAttribute("aria-invalid", "true");
  control.setAttribute("aria-describedby", `${control.id}_helptext ${list.id}`);
}

function itemOf(row, message) {
  const item = copyOf("[data-cfg-error-template]");
  const link = item.querySelector("a");
  link.href = `#${controlOf(row).id}`;
  link.textContent = row.querySelector(".cfg-setting__name label").textContent;
  item.append(message);
  return item;
}

// The summary links to rows, so none of them may be filtered out.
function showEveryRow() {
  const filter = document.querySelector("[data-cfg-filter]");
  if (!filter.value) return;
  filter.value = "";
  filter.dispatchEvent(new Event("input"));
}

function summarise(rows, errors) {
  const box = copyOf("[data-cfg-errors-template]");
  const items = rows.flatMap((row) => errors[row.dataset.cfgSetting].map((message) => itemOf(row, message)));
  box.querySelector("ul").append(...items);
  box.removeAttribute("autofocus"); // it works only while a page loads
  document.querySelector(".cfg-columns").before(box);
  box.focus();
}

function countErrors() {
  for (const link of document.querySelectorAll("[data-cfg-section-link]")) {
    const found = document.querySelectorAll(`${link.hash} .cfg-setting--error`).length;
    if (!found) continue;
    const count = copyOf("[data-cfg-error-count-template]");
    count.prepend(found);
    count.querySelector("[data-cfg-plural]").hidden = found === 1;
    link.append(" ", count);
  }
}

export function clearErrors() {
  document.getElementById("cfg-errors")?.remove();
  for (const count of document.querySelectorAll("[data-cfg-section-link] .cfg-count")) count.remove();
  for (const row of form.querySelectorAll(".cfg-setting--error")) {
    const control = controlOf(row);
    row.classList.remove("cfg-setting--error");
    row.querySelector(".errorlist")?.remove();
    control?.removeAttribute("aria-invalid");
    control?.setAttribute("aria-describedby", `${control.id}_helptext`);
  }
}

// Returns true if every error belongs to a field. Otherwise, shows nothing and returns false.
export function showErrors(errors) {
  const rows = [...form.querySelectorAll("[data-cfg-setting]")].filter(
    (row) => row.dataset.cfgSetting in errors && controlOf(row),
  );
  if (rows.length < Object.keys(errors).length) return false;
  showEveryRow();
  for (const row of rows) showBeside(row, errors[row.dataset.cfgSetting]);
  countErrors();
  summarise(rows, errors);
  return true;
}
