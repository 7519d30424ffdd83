/* A link with data-confirm leads to a page that asks once more. Here that page's card is shown in a dialog instead.
   Whatever goes wrong, the link is followed as if this file did not exist. */
const fetchCard = async (url) => {
  const response = await fetch(url, { headers: { Accept: "text/html" }, credentials: "same-origin" });
  if (!response.ok || response.redirected) throw new Error(String(response.status));
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const card = page.querySelector("[data-confirm-card]");
  if (!card) throw new Error("no card");
  return document.adoptNode(card);
};

const ask = (card) => {
  const dialog = document.createElement("dialog");
  dialog.className = "ask";
  dialog.setAttribute("aria-labelledby", "confirm-title");
  dialog.append(card);
  dialog.addEventListener("click", (event) => {
    const leaves = event.target === dialog || event.target.closest("[data-dialog-close]");
    if (!leaves) return;
    event.preventDefault();
    dialog.close();
  });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  // the safe choice first: Enter by habit must not delete
  dialog.querySelector("[data-dialog-close]")?.focus();
};

document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-confirm]");
  const asksForAnotherTab = event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0;
  if (!link || asksForAnotherTab || typeof HTMLDialogElement === "undefined") return;
  event.preventDefault();
  if (link.getAttribute("aria-busy") === "true") return;
  link.setAttribute("aria-busy", "true");
  try {
    ask(await fetchCard(link.href));
  } catch {
    window.location.assign(link.href);
  } finally {
    link.removeAttribute("aria-busy");
  }
});
