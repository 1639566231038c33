// Counts down to the moment when a change reverts by itself. Without this script, the banner shows the time of day.

const rows = [...document.querySelectorAll("[data-cfg-seconds-left]")].map((row) => ({
  row,
  place: row.querySelector("[data-cfg-countdown]"),
  end: Date.now() + Number(row.dataset.cfgSecondsLeft) * 1000,
}));

function clock(seconds) {
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

function finish({ row }) {
  row.querySelector("[data-cfg-deadline]").textContent = "The time to confirm is over. The change reverts now.";
  row.querySelector("[data-cfg-settle]")?.remove();
}

function tick() {
  for (const entry of rows.splice(0)) {
    const left = Math.ceil((entry.end - Date.now()) / 1000);
    if (left <= 0) {
      finish(entry);
      continue;
    }
    const timer = Object.assign(document.createElement("span"), { role: "timer", textContent: clock(left) });
    entry.place.replaceChildren("in ", timer);
    rows.push(entry);
  }
  if (rows.length) setTimeout(tick, 1000 - (Date.now() % 1000));
}

tick();
