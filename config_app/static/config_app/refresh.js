// Refreshes parts of the page while a change is under way. Without this script, the page shows how far the change
// was when the page was loaded.

const WAITS_MS = [400, 800, 1600, 3200, 6400];
// Tells the server to keep what is shown only once, such as a message, for a full page
const HEADERS = { "X-Config-Refresh": "1" };

function isUnderWay(page) {
  return page.querySelector("[data-cfg-under-way]") !== null;
}

async function load() {
  const response = await fetch(location.href, { headers: HEADERS, cache: "no-store" });
  if (!response.ok || response.redirected) throw new Error("another page");
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

function replaceParts(page) {
  if (!page.querySelector("[data-cfg-part]")) throw new Error("another page");
  for (const part of document.querySelectorAll("[data-cfg-part]")) {
    if (part.contains(document.activeElement)) continue; // someone may be about to follow a link in it
    const now = page.getElementById(part.id);
    if (now) part.replaceWith(now);
    else part.remove();
  }
  document.dispatchEvent(new Event("config:refreshed")); // for scripts that prepare parts of a page
}

async function refresh() {
  for (const wait of WAITS_MS) {
    if (!isUnderWay(document)) return;
    await new Promise((resolve) => setTimeout(resolve, wait));
    try {
      replaceParts(await load());
    } catch {
      // Signed out, without rights, or no answer: keep what the page shows
    }
  }
}

refresh();
