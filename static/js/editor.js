/* <textarea data-editor="letter|blog"> becomes a visual editor. The textarea stays the truth: it is what is posted.
   Formats are a short list without formula and video, align is a class (our policy forbids inline styles), and HTML
   that this editor would damage (tables, styles: a ready letter) is left as source. The server cleans it in any case. */
const words = JSON.parse(document.querySelector('meta[name="words"]').content);
const KEPT = new Set(["P", "BR", "H2", "H3", "STRONG", "B", "EM", "I", "U", "S", "A", "OL", "UL", "LI", "BLOCKQUOTE"]);
const FORMATS = ["header", "bold", "italic", "underline", "strike", "link", "list", "blockquote", "align"];
const BUTTONS = [
  ["header", "2", "heading"], ["header", "3", "subheading"], ["bold", null, "bold"], ["italic", null, "italic"],
  ["underline", null, "underline"], ["strike", null, "strike"], ["list", "ordered", "numbered"],
  ["list", "bullet", "bulleted"], ["blockquote", null, "quote"], ["align", "", "left"], ["align", "center", "center"],
  ["align", "right", "right"], ["link", null, "link"], ["image", null, "image"], ["clean", null, "clear"],
];
// the Tab key leads on to the next field, as everywhere: WCAG 2.1.2
const LEAVING = { tab: null, "remove tab": null, indent: null, outdent: null };
Quill.register(Quill.import("attributors/class/align"), true);

const element = (tag, className = "", text = "") => Object.assign(document.createElement(tag), { className, textContent: text });
const parse = (html) => new DOMParser().parseFromString(html, "text/html").body;
// the text is asked first: parsing it would already apply, and report, a forbidden style
const maySee = (html, withImages) => !/<style|\sstyle\s*=/i.test(html) && [...parse(html).querySelectorAll("*")].every((node) =>
  KEPT.has(node.tagName) || (withImages && node.tagName === "IMG"));

/* Quill draws both kinds of list as <ol> with a mark on each item; the world outside needs real <ul> and <ol>. */
const plainHtml = (root) => {
  const copy = root.cloneNode(true);
  copy.querySelectorAll(".ql-ui").forEach((node) => node.remove());
  for (const list of copy.querySelectorAll("ol")) {
    let open = null;
    for (const item of [...list.children]) {
      const tag = item.dataset.list === "bullet" ? "UL" : "OL";
      if (open?.tagName !== tag) list.before((open = document.createElement(tag)));
      item.removeAttribute("data-list");
      open.append(item);
    }
    list.remove();
  }
  return copy.textContent.trim() || copy.querySelector("img") ? copy.innerHTML : "";
};

/* The server keeps no picture wider than this. A photo is made so small before it is posted, because the text with all
   its pictures has a limit: two of a telephone would be beyond it. What cannot be read goes as it is, and the server
   says what is wrong with it; so do other kinds, which browsers do not all turn upright. */
const MIMETYPES = ["image/jpeg", "image/png", "image/webp"];
const WIDEST = 1600;
const SMALL_BYTES = 300_000;
const smaller = async (file) => {
  const bitmap = file.type === "image/jpeg" && file.size > SMALL_BYTES && (await createImageBitmap(file).catch(() => null));
  if (!bitmap) return file;
  const scale = Math.min(1, WIDEST / bitmap.width, (2 * WIDEST) / bitmap.height);
  const canvas = element("canvas");
  [canvas.width, canvas.height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * scale)));
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const made = await new Promise((done) => canvas.toBlob(done, file.type, 0.9));
  return made && made.size < file.size ? made : file;
};
const address = (blob) => new Promise((done) => {
  const reader = new FileReader();
  reader.onload = () => done(reader.result);
  reader.readAsDataURL(blob);
});
async function insertPictures(range, files) {
  const Delta = Quill.import("delta");
  const images = await Promise.all(files.map(async (file) => address(await smaller(file))));
  const start = new Delta().retain(range.index).delete(range.length);
  this.quill.updateContents(images.reduce((change, image) => change.insert({ image }), start), "user");
  this.quill.setSelection(range.index + images.length, "silent");
}

const toolbar = (withImages) => {
  const bar = element("div");
  bar.setAttribute("aria-label", words.toolbar);
  for (const [format, value, word] of BUTTONS) {
    if (format === "image" && !withImages) continue;
    const button = Object.assign(element("button", `ql-${format}`), { type: "button", title: words[word] });
    if (value !== null) button.value = value;
    bar.append(button);
  }
  return bar;
};

const label = (quill, bar, textarea) => {
  for (const button of bar.querySelectorAll("button")) button.setAttribute("aria-label", button.title);
  // the style sheet shows these words in place of Quill's English ones
  const tooltip = quill.theme.tooltip.root;
  tooltip.dataset.label = `${words.link}:`;
  tooltip.querySelector("input").setAttribute("aria-label", words.link);
  Object.assign(tooltip.querySelector(".ql-action").dataset, { label: words.edit, save: words.save });
  tooltip.querySelector(".ql-remove").dataset.label = words.remove;
  const about = { role: "textbox", "aria-multiline": "true", "aria-label": textarea.labels[0]?.textContent.trim() ?? "" };
  for (const name of ["aria-describedby", "aria-invalid"]) if (textarea.hasAttribute(name)) about[name] = textarea.getAttribute(name);
  for (const [name, value] of Object.entries(about)) quill.root.setAttribute(name, value);
};

/* Below the text stands a field for each picture in it: what it shows. */
const LONGEST_ALT = 300;
const pictureField = (quill, image, text) => {
  const line = element("div", "editor-picture");
  const id = `picture-${crypto.getRandomValues(new Uint32Array(1))[0]}`;
  const label = Object.assign(element("label", "form-label", text), { htmlFor: id });
  const input = Object.assign(element("input", "form-control"), { id, type: "text", maxLength: LONGEST_ALT, value: image.alt });
  input.addEventListener("input", () => quill.formatText(quill.getIndex(Quill.find(image)), 1, "alt", input.value, "user"));
  line.append(Object.assign(element("img"), { src: image.src, alt: "" }), label, input);
  return { image, line, input };
};
const pictureFields = (quill, box) => {
  const list = Object.assign(element("div", "editor-pictures"), { hidden: true });
  list.setAttribute("role", "group");
  list.setAttribute("aria-label", words.pictures);
  box.append(list);
  let shown = [];
  return () => {
    const images = [...quill.root.querySelectorAll("img")];
    // the same pictures: whoever types in a field must not lose it
    if (images.length !== shown.length || images.some((image, n) => image !== shown[n].image)) {
      shown = images.map((image, n) => pictureField(quill, image, words.picture_shows.replace("{n}", n + 1)));
      list.replaceChildren(...shown.map(({ line }) => line));
      list.hidden = !shown.length;
    }
    for (const { image, input } of shown) if (input !== document.activeElement) input.value = image.alt;
  };
};

const build = (textarea) => {
  const withImages = textarea.dataset.editor === "blog";
  const box = element("div", "editor");
  const bar = toolbar(withImages);
  const sheet = element("div");
  box.append(bar, sheet);
  textarea.before(box);
  const quill = new Quill(sheet, {
    theme: "snow",
    bounds: box,
    formats: withImages ? [...FORMATS, "image"] : FORMATS,
    modules: { toolbar: bar, keyboard: { bindings: LEAVING }, uploader: withImages ? { mimetypes: MIMETYPES, handler: insertPictures } : { mimetypes: [] } },
  });
  label(quill, bar, textarea);
  const showPictures = withImages ? pictureFields(quill, box) : () => {};
  quill.on("text-change", showPictures);
  // only what a person changed is written back: merely opening a text must not rewrite it
  quill.on("text-change", (_now, _before, source) => {
    if (source !== "user") return;
    textarea.value = plainHtml(quill.root);
    textarea.dispatchEvent(new Event("input", { bubbles: true }));
  });
  const load = () => {
    quill.setContents(quill.clipboard.convert({ html: textarea.value }), "silent");
    showPictures();
  };
  return { box, load };
};

const dress = (textarea) => {
  const { box, load } = build(textarea);
  const withImages = textarea.dataset.editor === "blog";
  const line = element("div", "editor-bar");
  const note = element("span", "", words.source_only);
  const toggle = Object.assign(element("button", "btn btn-quiet btn-sm"), { type: "button" });
  line.append(note, toggle);
  box.before(line);
  textarea.classList.add("editor-source");
  const show = (visual) => {
    if (visual) load();
    box.hidden = !visual;
    textarea.hidden = visual;
    textarea.required = false; // a hidden field cannot show the browser's complaint; the server's is shown beside it
    toggle.textContent = visual ? words.source : words.visual;
  };
  const check = () => {
    const fits = maySee(textarea.value, withImages);
    note.hidden = fits;
    toggle.disabled = !fits;
    return fits;
  };
  toggle.addEventListener("click", () => show(textarea.hidden ? false : check()));
  textarea.addEventListener("input", check);
  show(check());
};

document.querySelectorAll("textarea[data-editor]").forEach(dress);
