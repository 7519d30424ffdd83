/* What every page does: the CSRF token for htmx, a word where it gets no answer, messages that go by themselves, menus
   that close, errors in focus. */
const GOES_AFTER_MS = 8000;
const words = JSON.parse(document.querySelector('meta[name="words"]').content);

document.addEventListener("htmx:configRequest", (event) => {
  const token = document.querySelector('meta[name="csrf-token"]');
  if (token && event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = token.content;
});

// what a part shows may be old while it gets no answer: dates of another plan, yesterday's numbers
const noteAbove = (part) => {
  const above = part.previousElementSibling;
  return above?.matches("[data-out-of-date]") ? above : null;
};
const sayItIsOld = (event) => {
  const part = event.detail.target;
  if (noteAbove(part)) return;
  const note = Object.assign(document.createElement("p"), { className: "notice tone-warning", role: "alert" });
  note.dataset.outOfDate = "";
  note.textContent = words.out_of_date;
  part.before(note);
};
document.addEventListener("htmx:sendError", sayItIsOld);
document.addEventListener("htmx:responseError", sayItIsOld);

// a form that comes back with its errors (422) is an answer to show, not a failure to hide
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status === 422) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
  if (event.detail.shouldSwap) noteAbove(event.detail.target)?.remove();
});

const dress = (flash) => {
  const close = flash.querySelector("[data-flash-close]");
  if (!close || !close.hidden) return;
  close.hidden = false;
  close.addEventListener("click", () => flash.remove());
  if (flash.dataset.flash === "danger" || flash.dataset.flash === "warning") return;
  // it waits while somebody reads it: WCAG 2.2.1
  const leave = () => (flash.matches(":hover, :focus-within") ? setTimeout(leave, GOES_AFTER_MS) : flash.remove());
  setTimeout(leave, GOES_AFTER_MS);
};
const dressAll = () => document.querySelectorAll("[data-flash]").forEach(dress);
document.addEventListener("htmx:afterSwap", dressAll);
dressAll();

const closeMenus = (except) => {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) if (menu !== except) menu.open = false;
};
document.addEventListener("click", (event) => closeMenus(event.target.closest("details[data-menu]")));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = document.querySelector("details[data-menu][open]");
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
});

document.querySelector("[data-error-summary]")?.focus();
/* A link of the summary leads to what can be typed in or pressed, also where that stands in for the field itself. */
const goTo = (field) => {
  const editor = field.hidden && field.previousElementSibling.querySelector(".ql-editor");
  (field.tomselect ?? (editor || field.querySelector("input")) ?? field).focus();
};
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-error-summary] a");
  const field = link && document.getElementById(link.hash.slice(1));
  if (!field) return;
  event.preventDefault();
  goTo(field);
});
// rows of places that are wider than a phone; each by itself, for two smooth scrolls at once would end one of them
for (const here of document.querySelectorAll(":is(.side, .rooms) a[aria-current]")) {
  const row = here.closest("nav");
  row.scrollLeft = here.offsetLeft - (row.clientWidth - here.offsetWidth) / 2;
}
