// Filters the settings by the words in the search field, and marks the section in view.

const filter = document.querySelector("[data-cfg-filter]");
const rows = [...document.querySelectorAll("[data-cfg-setting]")];
const nothing = document.querySelector("[data-cfg-nothing]");

const textOf = (row) => row.querySelector(".cfg-setting__name").textContent + row.querySelector(".cfg-help").textContent;

function find(words) {
  for (const row of rows) {
    const text = textOf(row).toLowerCase();
    row.hidden = !words.every((word) => text.includes(word));
  }
  for (const section of document.querySelectorAll(".cfg-section")) {
    section.hidden = !section.querySelector("[data-cfg-setting]:not([hidden])");
  }
  nothing.hidden = rows.some((row) => !row.hidden);
}

filter.hidden = false;
filter.addEventListener("input", () => find(filter.value.toLowerCase().split(/\s+/).filter(Boolean)));

function mark(link, isCurrent) {
  if (isCurrent) link.setAttribute("aria-current", "true");
  else link.removeAttribute("aria-current");
}

const links = new Map(
  [...document.querySelectorAll("[data-cfg-section-link]")].map((link) => [link.hash.slice(1), link]),
);
const reading = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      for (const [id, link] of links) mark(link, id === entry.target.id);
    }
  },
  { rootMargin: "-15% 0px -75% 0px" },
);
for (const section of document.querySelectorAll(".cfg-section")) reading.observe(section);
