// Reads the setup token from the link's fragment (#token=…), which never reaches a server's log. Removes it from
// the address bar and from the browser's history, then submits the form.

const form = document.querySelector("[data-token-form]");
const input = form?.querySelector("[name=token]");

function claim() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!token || !input) return;
  history.replaceState(null, "", location.pathname + location.search);
  input.value = token;
  form.requestSubmit();
}

claim();
// Pasting the link into a tab that already shows this page changes only the fragment
addEventListener("hashchange", claim);
