// A button with data-probe-url sends its form there. The answer, {"ok": bool, "message": str}, is shown beside it.

const TIMEOUT_MS = 15_000;

function report(output, state, message) {
  output.dataset.state = state;
  output.textContent = message;
}

async function ask(button) {
  const response = await fetch(button.dataset.probeUrl, {
    method: "POST",
    body: new FormData(button.form),
    headers: { Accept: "application/json" },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  return response.json();
}

async function probe(button) {
  if (button.getAttribute("aria-disabled") === "true") return;
  const output = button.closest(".probe").querySelector(".probe__result");
  button.setAttribute("aria-disabled", "true");
  report(output, "busy", "Testing…");
  try {
    const { ok, message } = await ask(button);
    report(output, ok ? "ok" : "error", message);
  } catch {
    report(output, "error", "The server did not answer. Try again.");
  } finally {
    button.removeAttribute("aria-disabled");
  }
}

for (const button of document.querySelectorAll("[data-probe-url]")) {
  button.closest(".probe").hidden = false;
  button.addEventListener("click", () => probe(button));
}
