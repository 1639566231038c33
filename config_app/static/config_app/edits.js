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

form.addEventListener("input", (event) => {
  const row = event.target.closest("[data-cfg-setting]");
  if (row) mark(row);
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
  for (const row of form.querySelectorAll("[data-cfg-setting]")) mark(row);
  showCount();
});
