// The sliders of a report's scenario: min(cap, factor × recurring share) × hours a month × hourly rate.
// Without this file the page shows the values of the report, which the server wrote.
"use strict";

(() => {
  const box = document.querySelector("[data-scenario]");
  const form = box?.querySelector("[data-sliders]");
  if (!form) return;

  const language = document.documentElement.lang;
  const said = form.querySelector("[data-said]"), changed = box.querySelector("[data-changed]");
  const interval = box.querySelector("[data-interval]");
  const outputs = [...box.querySelectorAll("[data-out]")];
  const stated = new Map(outputs.map((output) => [output, output.textContent]));
  const hours = Number(box.dataset.hours), recurring = Number(box.dataset.recurring);
  const SPACE = "\u00a0", SAY_AFTER_MS = 500;
  let timer = 0;

  const number = (value, digits, least = 0) => new Intl.NumberFormat(language, { minimumFractionDigits: least, maximumFractionDigits: digits }).format(value);
  const words = {
    number: (value) => number(value, 4),
    percent: (value) => (language.startsWith("fr") ? `${number(value, 1)}${SPACE}%` : `${number(value, 1)}%`),
    money: (value) => `${number(value, 2, 2)}${SPACE}${box.dataset.currency}`.trim(),
    hours: (value) => `${number(value, 2, 2)}${SPACE}${said.dataset.hour}`,
  };

  const value = (name) => (form.elements[name] ? Number(form.elements[name].value) : null);

  function figures() {
    const share = Math.min(value("cap"), value("factor") * recurring);
    const recovered = (share / 100) * hours, rate = value("rate");
    const found = { share: words.percent(share), hours: words.hours(recovered) };
    if (rate !== null) Object.assign(found, { monthly: words.money(recovered * rate), annual: words.money(12 * recovered * rate) });
    return found;
  }

  const isChanged = () => [...form.querySelectorAll("input")].some((input) => Number(input.value) !== Number(input.defaultValue));

  function show() {
    const found = figures(), own = isChanged();
    for (const input of form.querySelectorAll("input")) {
      const shown = words[input.dataset.as](Number(input.value));
      form.querySelector(`output[for="${input.id}"]`).textContent = shown;
      input.setAttribute("aria-valuetext", shown);
    }
    for (const output of outputs) output.textContent = own ? found[output.dataset.out] ?? "" : stated.get(output);
    if (interval) interval.hidden = own;
    changed.hidden = !own;
    return found;
  }

  // Said once the slider rests, so that a screen reader is not interrupted at each step.
  function say(found) {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const sentence = found.monthly ? said.dataset.words : said.dataset.wordsHours;
      said.textContent = sentence.replace(/\{(\w+)\}/g, (_whole, name) => found[name]);
    }, SAY_AFTER_MS);
  }

  form.addEventListener("input", () => say(show()));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => say(show())));
  form.hidden = false;
  show();
})();
