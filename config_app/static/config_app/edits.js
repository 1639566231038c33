// Counts and marks the edited settings, and asks before the edits are lost.

const form = document.getElementById("cfg-form");
const count = document.querySelector("[data-cfg-count]");
let saving = false;

function differs(control) {
  if (control.type === "checkbox" || control.type === "radio") return control.checked !== control.defaultChecked;
  if (control.tagName === "SELECT") {
    return [...control.options].some((option) => option.selected !== option.defaultSelected);
  }
  return control.value !== control.defaultValue;
}

function mark(row) {
  const edited = "cfgEdited" in row.dataset || [...row.querySelectorAll("input, select, textarea")].some(differs);
  row.classList.toggle("cfg-setting--edited", edited);
}

function showCount() {
  const edited = form.querySelectorAll(".cfg-setting--edited").length;
  count.textContent = edited ? `${edited} ${edited === 1 ? "setting" : "settings"} edited` : "";
}

// While "Reset to default" is ticked, the field shows the default. Without the tick, it shows again what was entered.
const entered = new WeakMap();

function resetOf(row) {
  const controls = row.querySelectorAll(".cfg-control :is(input, select, textarea)");
  return { tick: row.querySelector('.cfg-tick [name^="_reset_"]'), control: controls.length === 1 ? controls[0] : null };
}

function valueOf(control) {
  return control.type === "checkbox" ? String(control.checked) : control.value;
}

function put(control, text) {
  if (control.type === "checkbox") control.checked = text === "true";
  else control.value = text;
}

function showReset(row) {
  const { tick, control } = resetOf(row);
  if (!tick || !control || tick.checked === entered.has(control)) return;
  if (tick.checked) {
    entered.set(control, valueOf(control));
    put(control, row.dataset.cfgDefault);
  } else {
    put(control, entered.get(control));
    entered.delete(control);
  }
  row.toggleAttribute("data-cfg-shows-default", tick.checked);
}

// A person who edits the field does not want the default
function dropReset(row, target) {
  const { tick, control } = resetOf(row);
  if (tick?.checked && target === control) {
    tick.checked = false;
    entered.delete(control);
    row.removeAttribute("data-cfg-shows-default");
  }
}

form.addEventListener("input", (event) => {
  const row = event.target.closest("[data-cfg-setting]");
  if (row) {
    dropReset(row, event.target);
    showReset(row);
    mark(row);
  }
  showCount();
});

// Ignore a second click while the first one is under way
form.addEventListener("submit", (event) => {
  if (saving) event.preventDefault();
  saving = true;
});

addEventListener("beforeunload", (event) => {
  if (!saving && form.querySelector(".cfg-setting--edited")) event.preventDefault();
});

// After Back or a reload, the browser may restore what was entered
addEventListener("pageshow", () => {
  saving = false;
  for (const row of form.querySelectorAll("[data-cfg-setting]")) {
    showReset(row);
    mark(row);
  }
  showCount();
});
