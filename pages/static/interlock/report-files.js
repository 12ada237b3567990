// The files of a report: says that a file is being made, then how large it is, or why there is none.
// Without this file the links download the files just the same.
"use strict";

(() => {
  const part = document.querySelector("[data-report-files]");
  if (!part) return;
  const status = part.querySelector("[data-file-status]"), language = document.documentElement.lang;

  const size = (bytes) => new Intl.NumberFormat(language, { style: "unit", unit: bytes < 1e6 ? "kilobyte" : "megabyte", maximumFractionDigits: bytes < 1e6 ? 0 : 1 }).format(bytes < 1e6 ? Math.max(1, bytes / 1e3) : bytes / 1e6);
  const nameIn = (response) => /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition") ?? "")?.[1] ?? "report";

  // The page that refuses a file says why in a sentence of its own.
  async function refusalIn(response) {
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    return page.querySelector("[data-refusal]")?.textContent ?? status.dataset.failed;
  }

  function save(blob, name) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }

  async function fetchFile(link) {
    link.setAttribute("aria-disabled", "true");
    status.textContent = status.dataset.making;
    try {
      const response = await fetch(link.href, { credentials: "same-origin" });
      // Somebody who is signed out is sent to the page on which to sign in: the browser goes there itself.
      if (response.redirected) return void location.assign(link.href);
      if (!response.ok) return void (status.textContent = await refusalIn(response));
      const blob = await response.blob();
      save(blob, nameIn(response));
      status.textContent = status.dataset.made.replace("{size}", size(blob.size));
    } catch {
      status.textContent = status.dataset.failed;
    } finally {
      link.removeAttribute("aria-disabled");
    }
  }

  part.addEventListener("click", (event) => {
    const link = event.target.closest("a[download]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    if (link.getAttribute("aria-disabled") !== "true") fetchFile(link);
  });
})();
