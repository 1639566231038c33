// A button with data-copy="<id>" copies that element's text.

const FEEDBACK_MS = 2000;

async function write(element) {
  // The clipboard API exists only on https and localhost, not on http in a local network
  if (navigator.clipboard) return navigator.clipboard.writeText(element.textContent.trim());
  getSelection().selectAllChildren(element);
  if (!document.execCommand("copy")) throw new Error("copying is not available");
}

async function copy(button) {
  const label = button.querySelector("[data-copy-label]");
  const before = label.textContent;
  try {
    await write(document.getElementById(button.dataset.copy));
    label.textContent = "Copied";
  } catch {
    label.textContent = "Select and copy";
  }
  setTimeout(() => (label.textContent = before), FEEDBACK_MS);
}

function reveal() {
  for (const button of document.querySelectorAll("[data-copy]")) button.hidden = false;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button && button.querySelector("[data-copy-label]").textContent !== "Copied") copy(button);
});
document.addEventListener("config:refreshed", reveal);
reveal();
