// Shows, while a person types a number, how it is understood, or the two numbers that it could mean. The rules are those
// of clarifications/forms/numbers.py. The server decides; without this file it asks back if two numbers are possible.
"use strict";

(() => {
  const THOUSANDS = /^[+-]?\d{1,3}(?:(?:,\d{3}){2,9}|(?:\.\d{3}){2,9})$/;
  const THOUSANDS_AND_REST = /^([+-]?\d{1,3}(?:,\d{3}){1,9})\.(\d{1,30})$|^([+-]?\d{1,3}(?:\.\d{3}){1,9}),(\d{1,30})$/;
  const ONE_MARK = /^([+-]?\d{0,30})[.,](\d{1,30})$/;
  const sentence = (words, said) => words.replace(/%\((\w+)\)s/g, (_whole, name) => said[name]);

  // Return what the text means: {number: [whole, rest]}, {one, other} if it could mean two numbers, or nothing.
  function meaning(typed) {
    const text = typed.trim().slice(0, 64).replace(/[ \u00a0\u202f’']/g, "");
    if (/^[+-]?\d{1,30}$/.test(text)) return { number: [text, ""] };
    if (THOUSANDS.test(text)) return { number: [text.replace(/[.,]/g, ""), ""] };
    let found = THOUSANDS_AND_REST.exec(text);
    if (found) return { number: [(found[1] || found[3]).replace(/[.,]/g, ""), found[2] || found[4]] };
    found = ONE_MARK.exec(text);
    if (!found) return {};
    const [, whole, rest] = found, digits = whole.replace(/[+-]/g, "");
    const two = rest.length === 3 && digits.length >= 1 && digits.length <= 3 && /[1-9]/.test(digits);
    return two ? { one: whole + rest, whole, rest } : { number: [digits ? whole : `${whole}0`, rest] };
  }

  // The digits in groups of three, as the page's language writes them.
  function grouped([whole, rest], mark) {
    const sign = /^[+-]/.test(whole) ? whole[0].replace("+", "") : "";
    const digits = whole.replace(/[+-]/g, "").replace(/^0+(?=\d)/, "");
    return sign + digits.replace(/\B(?=(\d{3})+$)/g, mark === "," ? "\u202f" : ",") + (rest && mark + rest);
  }

  function words(input) {
    const { number: mark, read, ask, refuse } = input.dataset;
    if (!input.value.trim() || /^\d{1,3}$/.test(input.value.trim())) return "";
    const meant = meaning(input.value);
    if (meant.number) return sentence(read, { number: grouped(meant.number, mark) });
    return meant.one ? sentence(ask, { one: meant.one, other: `${meant.whole}${mark}${meant.rest}0` }) : refuse;
  }

  function place(input) {
    const known = document.getElementById(`${input.id}_read`);
    if (known) return known;
    const made = document.createElement("p");
    made.id = `${input.id}_read`;
    made.className = "read-back small";
    made.setAttribute("aria-live", "polite");
    input.after(made);
    return made;
  }

  // The text for screen readers changes when the person stops typing, not at each digit. It does not change while a
  // button is pressed: new text would move the button away from the pointer.
  const REST_MS = 400;
  const timers = new WeakMap();
  let pressed = false;
  addEventListener("pointerdown", () => { pressed = true; }, true);
  for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => { pressed = false; }, true);

  function say(input) {
    clearTimeout(timers.get(input));
    if (pressed) timers.set(input, setTimeout(say, REST_MS, input));
    else place(input).textContent = words(input);
  }

  document.addEventListener("input", ({ target }) => {
    if (!target.matches("input[data-number]")) return;
    clearTimeout(timers.get(target));
    timers.set(target, setTimeout(say, REST_MS, target));
  });
  document.addEventListener("change", ({ target }) => { if (target.matches("input[data-number]")) say(target); });
})();
