"use strict";
for (const button of document.querySelectorAll(".switch button")) {
  button.addEventListener("click", () => show(button.value));
}
function show(language) {
  document.documentElement.dataset.lang = language;
  document.documentElement.lang = language;
  for (const button of document.querySelectorAll(".switch button")) {
    button.setAttribute("aria-pressed", String(button.value === language));
  }
}
