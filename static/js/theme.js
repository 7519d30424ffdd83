/* Dark or light, set before the first paint (so this file is loaded in the head, without defer).
   The system decides until the reader presses the switch; pressing back to the system's choice forgets it. */
(() => {
  "use strict";
  const KEY = "theme";
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: light)");

  const stored = () => {
    try { return localStorage.getItem(KEY); } catch { return null; } // storage may be forbidden
  };
  const store = (theme) => {
    try {
      if (theme === systemTheme()) localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, theme);
    } catch { /* the switch then lasts as long as the page */ }
  };
  const systemTheme = () => (system.matches ? "light" : "dark");
  const show = (theme) => {
    root.dataset.bsTheme = theme;
    document.dispatchEvent(new CustomEvent("themechange"));
  };

  root.classList.add("has-scripts");
  show(stored() || systemTheme());
  system.addEventListener("change", () => show(stored() || systemTheme()));
  window.addEventListener("storage", (event) => { if (event.key === KEY) show(stored() || systemTheme()); });
  document.addEventListener("DOMContentLoaded", () => {
    for (const button of document.querySelectorAll("[data-theme-switch]")) {
      button.hidden = false;
      button.addEventListener("click", () => {
        const next = root.dataset.bsTheme === "dark" ? "light" : "dark";
        store(next);
        show(next);
      });
    }
  });
})();
