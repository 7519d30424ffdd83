/* <select data-remote="/clients/search">: search as you type among any number of people. The address answers ?q=
   with [{"value": …, "text": …, "hint": …}]. A plain <select data-picker> gets the same looks without a search. */
const words = JSON.parse(document.querySelector('meta[name="words"]').content);

let hasFailed = false;

const ask = async (address, query, signal) => {
  const url = new URL(address, window.location.href);
  url.searchParams.set("q", query);
  const response = await fetch(url, { headers: { Accept: "application/json" }, credentials: "same-origin", signal });
  if (!response.ok) throw new Error(String(response.status));
  return response.json();
};

const load = (address) => async function (query, done) {
  delete this.loadedSearches[query]; // an answer is not kept, so the same question may be asked again
  this.asking?.abort();
  const { signal } = (this.asking = new AbortController());
  let found = [];
  try {
    found = await ask(address, query, signal);
    hasFailed = false;
  } catch {
    if (signal.aborted) return done(); // a newer question is on its way: what is shown stays until its answer
    hasFailed = true; // no answer is not the same as nobody found
  }
  this.clearOptions(); // all but what is picked
  done(found);
};

/* Each answer takes the place of the one before; until it is there, Enter picks nobody. */
const searching = (address) => ({
  load: load(address),
  preload: "focus",
  refreshThrottle: 0, // the list knows from the first letter on that it is out of date; questions still wait their 300 ms
  shouldLoad: () => true,
  // the server has searched already; a second filter here would hide what it found by another field
  score: () => () => 1,
  onItemAdd() {
    if (!this.inputValue()) return;
    this.setTextboxValue("");
    this.load("");
  },
  onItemRemove() { this.load(this.inputValue()); }, // whoever is taken out stands in the list only if it has them
});

const row = (item, escape) => {
  const hint = item.hint ? ` <span class="ts-hint">${escape(item.hint)}</span>` : "";
  return `<div>${escape(item.text)}${hint}</div>`;
};

const dress = (select) => {
  if (select.tomselect) return;
  const remote = select.dataset.remote;
  const plugins = select.multiple ? { remove_button: { title: words.remove } } : {};
  const picker = new TomSelect(select, {
    plugins,
    maxOptions: 200,
    closeAfterSelect: !select.multiple,
    ...(remote ? searching(remote) : {}),
    render: {
      option: row,
      item: row,
      no_results: () => `<div class="no-results">${hasFailed ? words.search_failed : words.nothing_found}</div>`,
      loading: () => `<div class="no-results"><span class="visually-hidden">${words.loading}</span>${'<span class="skeleton"></span>'.repeat(3)}</div>`,
    },
  });
  picker.hook("instead", "canSelect", (option) => !picker.loading && TomSelect.prototype.canSelect.call(picker, option));
  // the label now belongs to the search field; the select behind it is only what is posted
  select.setAttribute("aria-hidden", "true");
  for (const name of ["aria-describedby", "aria-invalid"]) {
    if (select.hasAttribute(name)) picker.control_input.setAttribute(name, select.getAttribute(name));
  }
};

const dressAll = () => document.querySelectorAll("select[data-remote], select[data-picker]").forEach(dress);
document.addEventListener("htmx:afterSwap", dressAll);
dressAll();
