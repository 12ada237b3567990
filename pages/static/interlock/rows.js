// Conveniences for tables in forms: rows are added and removed without the server, and spreadsheet rows can be pasted.
"use strict";

for (const field of document.querySelectorAll("[data-rows]")) {
  const name = field.dataset.rows, most = Number(field.dataset.most);
  const body = field.querySelector("tbody"), count = field.querySelector(`input[name="${name}-rows"]`);
  const said = field.querySelector("[data-rows-said]");
  const rows = () => [...body.rows];
  const inputs = (row) => [...row.querySelectorAll("td > input:not([type=hidden]), td > select, td > textarea")];
  field.querySelector("[data-paste-hint]").hidden = false;

  // The names of a row's inputs, labels and buttons contain the row's position.
  function renumber() {
    rows().forEach((row, at) => {
      for (const one of row.querySelectorAll("[data-row]")) one.textContent = at + 1;
      for (const one of row.querySelectorAll("[id], [name], [for]")) {
        for (const key of ["id", "name", "for"]) {
          const old = one.getAttribute(key);
          const start = key === "name" ? `${name}-` : `id_${name}-`;
          if (old?.startsWith(start)) one.setAttribute(key, start + old.slice(start.length).replace(/^\d+/, at));
        }
      }
      row.querySelector(`button[name="${name}-remove"]`).value = at + 1;
    });
    count.value = body.rows.length;
  }

  function blank(row) {
    for (const one of row.querySelectorAll(".error, .read-back")) one.remove();
    for (const one of inputs(row)) {
      one.value = "";
      for (const key of ["aria-invalid", "aria-describedby"]) one.removeAttribute(key);
    }
  }

  function add() {
    if (body.rows.length >= most) { said.textContent = field.dataset.left; return null; }
    const row = body.rows[body.rows.length - 1].cloneNode(true);
    blank(row);
    body.append(row);
    renumber();
    return row;
  }

  // Enter presses the first button of the form, from any input; let it add a row only from inside this table.
  field.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.name === `${name}-add`) {
      event.preventDefault();
      const first = Array.from({ length: Number(button.value) }, add).find(Boolean);
      if (first) inputs(first)[0].focus();
    } else if (button?.name === `${name}-remove`) {
      event.preventDefault();
      const row = button.closest("tr"), next = row.nextElementSibling || row.previousElementSibling;
      if (next) row.remove(); else blank(row);
      renumber();
      inputs(next || row)[0].focus();
    }
  });

  // -- pasting -----------------------------------------------------------------------------------
  function fill(input, text) {
    if (input.tagName === "SELECT") {
      const found = [...input.options].find((one) => one.text.trim().toLowerCase() === text.toLowerCase());
      input.value = found ? found.value : "";
    } else {
      input.value = text;
    }
  }

  body.addEventListener("paste", (event) => {
    const text = event.clipboardData.getData("text/plain");
    if (!/[\t\n]/.test(text.replace(/\r?\n$/, ""))) return;
    event.preventDefault();
    let lines = text.replace(/\r\n?/g, "\n").replace(/\n+$/, "").split("\n").map((line) => line.split("\t"));
    const titles = [...rows()[0].querySelectorAll("td > label")].map((label) => label.firstChild.textContent.trim().toLowerCase());
    if (lines[0].every((cell) => titles.includes(cell.trim().toLowerCase()))) lines = lines.slice(1);
    let row = event.target.closest("tr"), filled = 0;
    const from = inputs(row).indexOf(event.target);
    for (const cells of lines) {
      row = filled ? row.nextElementSibling || add() : row;
      if (!row) break;
      inputs(row).slice(from).forEach((input, at) => { if (at < cells.length) fill(input, cells[at].trim()); });
      filled += 1;
    }
    const words = field.dataset.pasted.replace("{n}", filled);
    said.textContent = filled < lines.length ? `${words} ${field.dataset.left}` : words;
  });
}
