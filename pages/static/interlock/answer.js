// Ctrl+Enter (or Cmd+Enter) answers and goes on to the next question.
"use strict";

for (const form of document.querySelectorAll("form[data-answer]")) {
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit(form.querySelector('button[value="next"]'));
    }
  });
  form.querySelector("[autofocus], [aria-invalid=true], input:not([type=hidden]), select, textarea")?.focus();
}
