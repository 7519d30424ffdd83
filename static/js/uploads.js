/* Says beside the field what the server would say of a file or a text that is too big, before anything is sent.
   <input type="file" data-most-bytes data-too-big data-wrong-type accept> and <textarea data-most-length data-too-long>:
   limits and sentences are the server's, which looks again. */
const FILES = "input[type=file][data-most-bytes]";
const TEXTS = "textarea[data-most-length]";

const isOfKind = (file, accept) => accept.split(",").some((kind) =>
  (kind.startsWith(".") ? file.name.toLowerCase().endsWith(kind) : !file.type || file.type === kind));
const troubleWithFile = (field) => {
  const [file] = field.files;
  if (!file) return "";
  if (file.size > Number(field.dataset.mostBytes)) return field.dataset.tooBig;
  return field.accept && !isOfKind(file, field.accept) ? field.dataset.wrongType : "";
};
const troubleWith = (field) => {
  if (field.matches(FILES)) return troubleWithFile(field);
  return field.value.length > Number(field.dataset.mostLength) ? field.dataset.tooLong : "";
};

/* The same marks as the server's (macros/forms.html), so that eyes and screen readers find them in the same places. */
const say = (field, sentence) => {
  const id = `${field.id}-error`;
  const others = (field.getAttribute("aria-describedby") ?? "").split(" ").filter((one) => one && one !== id);
  document.getElementById(id)?.remove();
  field.classList.toggle("is-invalid", Boolean(sentence));
  if (sentence) {
    const note = Object.assign(document.createElement("div"), { id, className: "invalid-feedback d-block", textContent: sentence });
    note.setAttribute("role", "alert");
    field.closest(".mb-3").append(note);
    field.setAttribute("aria-invalid", "true");
    others.push(id);
  } else {
    field.removeAttribute("aria-invalid");
  }
  if (others.length) field.setAttribute("aria-describedby", others.join(" "));
  else field.removeAttribute("aria-describedby");
};
const check = (field) => {
  const sentence = troubleWith(field);
  say(field, sentence);
  return !sentence;
};
// a text in the visual editor is hidden: what is seen takes the focus
const seen = (field) => (field.hidden ? field.parentElement.querySelector(".ql-editor") ?? field : field);

for (const field of document.querySelectorAll(FILES)) field.addEventListener("change", () => check(field));
for (const form of new Set([...document.querySelectorAll(`${FILES}, ${TEXTS}`)].map((field) => field.form))) {
  // the second click of a double one would send the form again, and it would meet its own first as another's change
  form.addEventListener("click", (event) => {
    if (event.detail > 1 && event.target.closest("[type=submit]")) event.preventDefault();
  });
  form.addEventListener("submit", (event) => {
    const wrong = [...form.querySelectorAll(`${FILES}, ${TEXTS}`)].filter((field) => !check(field));
    if (!wrong.length) return;
    event.preventDefault();
    seen(wrong[0]).focus();
  });
}
