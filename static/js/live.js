/* Parts with data-live ask for themselves again (htmx). Here: nobody asks while nobody looks, and a part that may not
   be seen any more (signed out, deleted) stops asking. */
document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.target.closest("[data-live]")) event.preventDefault();
});

document.addEventListener("htmx:responseError", (event) => {
  const part = event.target.closest("[data-live]");
  if (!part || event.detail.xhr.status >= 500) return; // the server's own trouble passes
  part.removeAttribute("hx-get");
  part.removeAttribute("hx-trigger");
  part.replaceWith(part.cloneNode(true)); // the clone has no timer
});

// signed out: the answer is the sign-in page, which has no place inside this one
document.addEventListener("htmx:beforeSwap", (event) => {
  const part = event.target.closest("[data-live]");
  if (part && !event.detail.serverResponse.includes(`id="${part.id}"`)) {
    event.detail.shouldSwap = false;
    window.location.reload();
  }
});
