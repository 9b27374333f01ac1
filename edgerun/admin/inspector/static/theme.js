// Runs before the first paint, so that a chosen theme does not flash; a file of its own because none may stand inline.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("edgerun.theme");
  } catch {
    // Storage may be switched off: the system's theme then counts.
  }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
