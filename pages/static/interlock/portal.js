// Conveniences for the requester's pages; each page also works without this file.
"use strict";

(() => {
  const form = document.querySelector("form[data-request]");
  if (form) {
    const figures = [...form.querySelectorAll("[data-figures-of]")];
    const file = form.querySelector('input[type="file"]');
    const drop = form.querySelector("[data-drop]");
    const button = form.querySelector("[data-with-file]");
    const plainWords = button.hasAttribute("data-has-file") ? button.dataset.withFile : button.textContent;

    // Show only the figures of the chosen kind of work.
    const choose = () => {
      const chosen = form.querySelector('input[name="template"]:checked');
      for (const group of figures) group.hidden = !chosen || group.dataset.figuresOf !== chosen.value;
    };
    const name = () => { button.textContent = file.files.length ? button.dataset.withFile : plainWords; };
    form.addEventListener("change", () => { choose(); name(); });
    addEventListener("pageshow", () => { choose(); name(); });
    choose();

    // Accept a file that is dropped on the field.
    drop.classList.add("ready");
    drop.querySelector("[data-drop-hint]").hidden = false;
    const over = (event) => {
      if (![...event.dataTransfer.types].includes("Files")) return;
      event.preventDefault();
      drop.classList.add("over");
    };
    drop.addEventListener("dragenter", over);
    drop.addEventListener("dragover", over);
    drop.addEventListener("dragleave", (event) => { if (!drop.contains(event.relatedTarget)) drop.classList.remove("over"); });
    drop.addEventListener("drop", (event) => {
      event.preventDefault();
      drop.classList.remove("over");
      if (!event.dataTransfer.files.length) return;
      const one = new DataTransfer();
      one.items.add(event.dataTransfer.files[0]);
      file.files = one.files;
      file.dispatchEvent(new Event("change", { bubbles: true }));
      file.focus();
    });
  }

  for (const print of document.querySelectorAll("[data-print]")) {
    print.hidden = false;
    print.addEventListener("click", () => window.print());
  }
})();
