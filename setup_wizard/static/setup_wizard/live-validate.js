// Checks a field while someone types in it: sends its name and value to [data-validate-url] and shows the answer,
// {"error": str | null}, beside it. Secrets are never sent. They are checked when the form is submitted.

const DELAY_MS = 500;
const pending = new WeakMap();

function isCheckable(input) {
  return input.name && input.type !== "password" && !input.closest("[data-secret]");
}

function valueOf(input) {
  return input.type === "checkbox" && !input.checked ? "" : input.value;
}

function show(field, error) {
  const message = field.querySelector(".field__error");
  const input = field.querySelector("input, select, textarea");
  message.textContent = error ? error[0].toUpperCase() + error.slice(1) : "";
  field.classList.remove("field--error");
  field.dataset.state = error ? "error" : "ok";
  input.toggleAttribute("aria-invalid", false);
  if (error) input.setAttribute("aria-invalid", "true");
  describe(input, message.id, Boolean(error));
}

function describe(input, id, on) {
  const ids = new Set((input.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean));
  if (on) ids.add(id);
  else ids.delete(id);
  if (ids.size) input.setAttribute("aria-describedby", [...ids].join(" "));
  else input.removeAttribute("aria-describedby");
}

async function check(input, field, signal) {
  const body = new URLSearchParams({ name: input.name, value: valueOf(input) });
  const csrf = input.form?.querySelector("[name=csrfmiddlewaretoken]");
  const headers = { Accept: "application/json", "X-CSRFToken": csrf?.value ?? "" };
  const url = input.closest("[data-validate-url]").dataset.validateUrl;
  try {
    const response = await fetch(url, { method: "POST", body, headers, signal });
    if (response.ok) show(field, (await response.json()).error);
  } catch {
    // Offline, or replaced by the next keystroke. When the form is submitted, the server checks every field
  }
}

function schedule(event, delay) {
  const input = event.target;
  const field = input.closest(".field");
  if (!field || !input.closest("[data-validate-url]") || !isCheckable(input)) return;
  const value = valueOf(input);
  const earlier = pending.get(input);
  if (earlier?.value === value) return;
  clearTimeout(earlier?.timer);
  earlier?.controller.abort();
  const controller = new AbortController();
  const timer = setTimeout(() => check(input, field, controller.signal), delay);
  pending.set(input, { timer, controller, value });
  if (field.dataset.state === "ok") delete field.dataset.state;
}

document.addEventListener("input", (event) => schedule(event, DELAY_MS));
document.addEventListener("change", (event) => schedule(event, 0));
