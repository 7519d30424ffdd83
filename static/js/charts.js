/* Draws <table data-chart="line|bar|rows|stacked|doughnut"> above itself. The table is the truth and stays for those who
   cannot see the picture. First column: labels; every other column: a series, its colour from the head's data-tone.
   A cell's number is its data-value, or else its text. "rows" lie on their side, each with its own data-tone. */
const words = JSON.parse(document.querySelector('meta[name="words"]').content);
const TONES = ["success", "info", "warning", "violet", "danger", "muted"];
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const numberIn = (cell) => Number(cell.dataset.value ?? cell.textContent.replace(/[^\d.-]/g, ""));

const read = (table) => {
  const heads = [...table.tHead.rows[0].cells].slice(1);
  const rows = [...table.tBodies[0].rows];
  return {
    labels: rows.map((row) => row.cells[0].textContent.trim()),
    tones: rows.map((row, i) => row.dataset.tone || TONES[i % TONES.length]),
    series: heads.map((head, i) => ({
      label: head.textContent.trim(),
      tone: head.dataset.tone || TONES[i % TONES.length],
      data: rows.map((row) => numberIn(row.cells[i + 1])),
    })),
  };
};

const datasets = (kind, { series, tones }) => series.map(({ label, tone, data }) => {
  const ink = colour(`--chart-${tone}`);
  const fill = kind === "doughnut" || kind === "rows" ? tones.map((t) => colour(`--chart-${t}`)) : ink;
  const common = { label, data, backgroundColor: fill };
  if (kind === "doughnut") return { ...common, borderColor: colour("--surface"), borderWidth: 3 };
  if (kind === "line") return { ...common, borderColor: ink, borderWidth: 2.5, tension: .3, pointRadius: 2, pointHitRadius: 16 };
  return { ...common, borderRadius: 4, maxBarThickness: 44 };
});

const scales = (isOnItsSide, axis) => {
  const labels = axis(false);
  const numbers = { ...axis(true), beginAtZero: true };
  // on its side every label is read: none is left out
  return isOnItsSide ? { x: numbers, y: { ...labels, ticks: { ...labels.ticks, autoSkip: false } } } : { x: labels, y: numbers };
};

const options = (kind, series, isNarrow) => {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const soft = colour("--soft");
  const axis = (grid) => ({
    stacked: kind === "stacked", grid: { display: grid, color: colour("--line") }, border: { display: false },
    ticks: { color: soft, maxRotation: 0, autoSkipPadding: 16, precision: 0 },
  });
  return {
    responsive: true, maintainAspectRatio: false, animation: still ? false : { duration: 350 },
    indexAxis: kind === "rows" ? "y" : "x",
    interaction: kind === "doughnut" ? {} : { mode: "index", intersect: false, axis: kind === "rows" ? "y" : "x" },
    cutout: "68%",
    plugins: {
      legend: {
        display: kind === "doughnut" || series.length > 1, position: kind === "doughnut" && !isNarrow ? "right" : "bottom",
        labels: { color: soft, usePointStyle: true, pointStyle: "circle", boxWidth: 8, boxHeight: 8, padding: 16 },
      },
    },
    scales: kind === "doughnut" ? {} : scales(kind === "rows", axis),
  };
};

const draw = (table, canvas) => {
  const kind = table.dataset.chart;
  const found = read(table);
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  return new Chart(canvas, {
    type: kind === "stacked" || kind === "rows" ? "bar" : kind,
    data: { labels: found.labels, datasets: datasets(kind, found) },
    options: options(kind, found.series, canvas.parentElement.clientWidth < 400),
  });
};

const frame = (table) => {
  const canvas = document.createElement("canvas");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", table.caption?.textContent.trim() ?? "");
  const box = Object.assign(document.createElement("div"), { className: "chart-canvas" });
  const numbers = Object.assign(document.createElement("details"), { className: "chart-numbers" });
  numbers.append(Object.assign(document.createElement("summary"), { textContent: words.numbers }));
  box.append(canvas);
  table.before(box, numbers);
  numbers.append(table);
  return canvas;
};

const drawn = new Map();
const drawAll = () => {
  for (const [table, { chart }] of drawn) if (!table.isConnected) { chart.destroy(); drawn.delete(table); }
  for (const table of document.querySelectorAll("table[data-chart]")) {
    if (drawn.has(table)) continue;
    const canvas = frame(table);
    drawn.set(table, { canvas, chart: draw(table, canvas) });
  }
};
document.addEventListener("htmx:afterSwap", drawAll);
document.addEventListener("themechange", () => {
  for (const [table, entry] of drawn) {
    entry.chart.destroy();
    entry.chart = draw(table, entry.canvas);
  }
});
drawAll();
