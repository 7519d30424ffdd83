/* <select data-remote="/clients/search">: search as you type among any number of people. The address answers ?q=
   with [{"value": …, "text": …, "hint": …}]. A plain <select data-picker> gets the same looks without a search. */
const words = JSON.parse(document.querySelector('meta[name="words"]').content);

let hasFailed = false;

const load = (address) => async (query, done) => {
  hasFailed = false;
  try {
    const url = new URL(address, window.location.href);
    url.searchParams.set("q", query);
    const response = await fetch(url, { headers: { Accept: "application/json" }, credentials: "same-origin" });
    if (!response.ok) throw new Error(String(response.status));
    done(await response.json());
  } catch {
    hasFailed = true; // no answer is not the same as nobody found
    done([]);
  }
};

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
    // the server has searched already; a second filter here would hide what it found by another field
    ...(remote ? { load: load(remote), preload: "focus", score: () => () => 1 } : {}),
    render: {
      option: row,
      item: row,
      no_results: () => `<div class="no-results">${hasFailed ? words.search_failed : words.nothing_found}</div>`,
      loading: () => `<div class="no-results">${words.loading}</div>`,
    },
  });
  // the label now belongs to the search field; the select behind it is only what is posted
  select.setAttribute("aria-hidden", "true");
  const help = select.getAttribute("aria-describedby");
  if (help) picker.control_input.setAttribute("aria-describedby", help);
};

const dressAll = () => document.querySelectorAll("select[data-remote], select[data-picker]").forEach(dress);
document.addEventListener("htmx:afterSwap", dressAll);
dressAll();
