// Applies the chosen theme before the first paint, so it loads as a plain script in <head>.
// It stores the choice under the name that Django's admin uses, so that both share one choice.
"use strict";

{
  const root = document.documentElement;
  const THEMES = ["auto", "light", "dark"];

  const stored = () => {
    try {
      const theme = localStorage.getItem("theme");
      return THEMES.includes(theme) ? theme : "auto";
    } catch {
      return "auto"; // storage is blocked: follow the system
    }
  };

  const apply = (theme) => {
    root.dataset.theme = theme;
    for (const button of document.querySelectorAll("[data-theme-button]")) {
      button.hidden = false;
      button.querySelector("[data-theme-name]").textContent = theme;
      for (const icon of button.querySelectorAll("[data-theme-icon]")) {
        icon.toggleAttribute("hidden", icon.dataset.themeIcon !== theme);
      }
    }
  };

  const next = () => {
    const theme = THEMES[(THEMES.indexOf(root.dataset.theme) + 1) % THEMES.length];
    try {
      localStorage.setItem("theme", theme);
    } catch {
      // storage is blocked: the choice holds for this page only
    }
    apply(theme);
  };

  apply(stored());
  document.addEventListener("DOMContentLoaded", () => apply(stored()));
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-theme-button]")) next();
  });
}
