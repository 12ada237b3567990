// Sends the form at once; the button is for browsers without scripts.
"use strict";

document.querySelector("form[data-go-on]")?.requestSubmit();
