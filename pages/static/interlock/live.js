// Keeps the regions of a page up to date: when the WebSocket says that a topic changed, the page fetches itself and
// replaces the regions that changed. The socket carries no content: after a reconnect the page fetches itself again.
"use strict";

(() => {
  const meta = document.querySelector('meta[name="interlock-live"]');
  const topics = meta ? meta.content.trim().split(/\s+/).filter(Boolean) : [];
  const [bound, secure] = location.protocol === "https:" ? ["__Host-", "; Secure"] : ["", ""];
  document.cookie = `${bound}time_zone=${Intl.DateTimeFormat().resolvedOptions().timeZone}; path=/; SameSite=Lax${secure}`;
  if (!topics.length || !document.querySelector("[data-live]")) return;

  const status = document.getElementById("live-status");
  const POLL_MS = 60000, REST_MS = 100, SETTLE_MS = 1000, FIRST_WAIT_MS = 500, LONGEST_WAIT_MS = 10000, SLIDE_MS = 300;
  let socket = null, wait = FIRST_WAIT_MS, retry = 0, fetching = false, again = false, timer = 0, away = false, leaving = false;

  // -- looking again ---------------------------------------------------------------------------
  // Fetch at once after a message; all messages during a fetch cause one more fetch, after a pause.
  async function look() {
    if (leaving) return;
    if (fetching || timer) { again = true; return; }
    fetching = true;
    try {
      const response = await fetch(location.href, { credentials: "same-origin", cache: "no-store" });
      if (response.redirected && !somethingTyped()) { location.reload(); return; }
      if (response.redirected) { away = true; status.className = "live-status"; status.textContent = status.dataset.out; return; }
      if (response.ok) swapAll(new DOMParser().parseFromString(await response.text(), "text/html"));
    } catch (error) {
      say("away");
    } finally {
      fetching = false;
      timer = setTimeout(() => { timer = 0; if (again) { again = false; look(); } }, REST_MS);
    }
  }

  // A person who was signed out keeps the page and the typed text until they send the form.
  function somethingTyped() {
    const typed = document.querySelectorAll("form[method=post] input:not([type=hidden]), form[method=post] textarea");
    return [...typed].some((one) => one.value !== one.defaultValue || one.checked !== one.defaultChecked);
  }

  function swapAll(fresh) {
    const before = places();
    for (const region of document.querySelectorAll("[data-live][id]")) {
      const newer = fresh.getElementById(region.id);
      if (newer) swap(region, newer);
    }
    slide(before);
    document.dispatchEvent(new CustomEvent("interlock:looked"));
  }

  // A region with a ticked box is not replaced: the person is choosing rows in it.
  function swap(region, newer) {
    if (comparable(region) === comparable(newer) || region.querySelector("input[type=checkbox]:checked")) return;
    const focused = region.contains(document.activeElement) ? pathTo(document.activeElement) : null;
    const unfolded = new Set([...region.querySelectorAll("details[open]")].map(nameOf));
    const scrolled = [...region.querySelectorAll("[id]")].filter((one) => one.scrollLeft).map((one) => [one.id, one.scrollLeft]);
    region.replaceChildren(...newer.childNodes);
    region.className = newer.className;
    for (const one of region.querySelectorAll("details")) if (unfolded.has(nameOf(one))) one.open = true;
    for (const [id, left] of scrolled) { const one = document.getElementById(id); if (one) one.scrollLeft = left; }
    if (focused) find(region, focused)?.focus({ preventScroll: true });
  }

  // A folded part is recognised by its id, or by the plot whose numbers it holds.
  function nameOf(details) {
    return details.id || details.closest("figure")?.querySelector("figcaption").textContent || details.firstElementChild.textContent;
  }

  function comparable(region) {
    return region.innerHTML.replace(/name="csrfmiddlewaretoken" value="[^"]*"/g, "").replace(/ open=""/g, "");
  }

  // An element of the new page is matched by its id, or by its card and its position inside the card.
  function pathTo(element) {
    const card = element.closest("[data-key]");
    const inside = card ? [...card.querySelectorAll("a, button, input, summary")].indexOf(element) : -1;
    return { id: element.id, key: card?.dataset.key, inside };
  }

  function find(region, path) {
    if (path.id) return document.getElementById(path.id);
    const card = path.key && region.querySelector(`[data-key="${CSS.escape(path.key)}"]`);
    return card ? card.querySelectorAll("a, button, input, summary")[path.inside] || card : null;
  }

  // -- cards that slide to their new place -----------------------------------------------------
  function places() {
    return new Map([...document.querySelectorAll("[data-live] [data-key]")].map((card) => [card.dataset.key, card.getBoundingClientRect()]));
  }

  function slide(before) {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    for (const card of document.querySelectorAll("[data-live] [data-key]")) {
      const old = before.get(card.dataset.key), now = card.getBoundingClientRect();
      if (!old) { card.animate([{ opacity: 0 }, { opacity: 1 }], SLIDE_MS); continue; }
      const x = old.left - now.left, y = old.top - now.top;
      if (x || y) card.animate([{ transform: `translate(${x}px, ${y}px)` }, { transform: "none" }], { duration: SLIDE_MS, easing: "ease-out" });
    }
  }

  // -- the socket ------------------------------------------------------------------------------
  function connect() {
    retry = 0;
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    socket = new WebSocket(`${scheme}//${location.host}/ws/live/?topics=${encodeURIComponent(topics.join(" "))}`);
    socket.onmessage = (message) => {
      if (document.hidden) again = true;
      else if (!JSON.parse(message.data).listening || away) look();
      else setTimeout(look, SETTLE_MS);  // what happened between the page and the socket
      if (JSON.parse(message.data).listening) { wait = FIRST_WAIT_MS; say("back"); }
    };
    socket.onclose = (event) => {
      socket = null;
      if (event.code === 4401) { look(); return; }  // signed out: the look leads to the page where people sign in
      if (event.code === 4429) { retry = setTimeout(connect, POLL_MS); return; }  // too many pages: this one looks every minute
      say("away");
      later();
    };
  }

  function later() {
    if (retry) return;
    retry = setTimeout(connect, wait * (0.5 + Math.random()));
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  }

  function say(what) {
    if (what === "away" && !away) { away = true; status.className = "live-status"; status.textContent = status.dataset.away; }
    if (what === "back" && away) {
      away = false;
      status.className = "live-status back";
      status.textContent = status.dataset.back;
      setTimeout(() => { if (!away) status.textContent = ""; }, 4000);
    }
  }

  addEventListener("submit", () => { leaving = true; });
  addEventListener("pageshow", () => { leaving = false; });
  addEventListener("offline", () => socket?.close());
  addEventListener("online", () => { clearTimeout(retry); retry = 0; wait = FIRST_WAIT_MS; if (!socket) connect(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden && again) { again = false; look(); } });
  setInterval(() => { if (!document.hidden) look(); }, POLL_MS);
  connect();
})();
