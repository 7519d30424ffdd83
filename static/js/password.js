/* Show and hide what was typed; for a new password, say how strong it is. A hint only: the server decides. */
const words = JSON.parse(document.querySelector('meta[name="words"]').content);
const STRONG_FROM = 16;

const addSwitch = (group) => {
  const field = group.querySelector("input");
  const button = group.querySelector("[data-password-switch]");
  const picture = button.querySelector("use");
  button.hidden = false;
  button.addEventListener("click", () => {
    const isShown = field.type === "password";
    field.type = isShown ? "text" : "password";
    button.setAttribute("aria-pressed", String(isShown));
    button.querySelector(".visually-hidden").textContent = isShown ? words.hide_password : words.show_password;
    picture.setAttribute("href", picture.getAttribute("href").replace(/#.*/, isShown ? "#eye-slash" : "#eye"));
  });
  // a shown password must not be kept by the browser as ordinary text
  field.form?.addEventListener("submit", () => { field.type = "password"; });
};

const judge = (text, least) => {
  if (text.length < least) return [1, words.password_short, "tone-danger"];
  // length counts most; repeated letters do not
  const worth = text.length * Math.min(1, new Set(text).size / 8);
  return worth < STRONG_FROM ? [2, words.password_fair, "tone-warning"] : [3, words.password_strong, "tone-success"];
};

const addStrength = (field) => {
  const hint = document.createElement("div");
  hint.className = "strength";
  hint.hidden = true;
  const bar = Object.assign(document.createElement("progress"), { max: 3 });
  bar.setAttribute("aria-hidden", "true");
  const text = document.createElement("span");
  text.setAttribute("role", "status");
  hint.append(bar, text);
  field.closest("[data-password]").after(hint);
  field.addEventListener("input", () => {
    hint.hidden = field.value === "";
    const [value, sentence, tone] = judge(field.value, field.minLength > 0 ? field.minLength : 10);
    bar.value = value;
    bar.className = `bar ${tone}`;
    if (text.textContent !== sentence) text.textContent = sentence; // announced once, not at each key
  });
};

document.querySelectorAll("[data-password]").forEach(addSwitch);
document.querySelectorAll('[data-password] input[autocomplete="new-password"]').forEach(addStrength);

/* Pressed twice, sign-up would look like two people with one address, and the letter would ask for the password again. */
for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
  window.addEventListener("pageshow", () => { delete form.dataset.sent; }); // back again from the next page
}
