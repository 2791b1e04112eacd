// What was analysed of an opened row's run: its tokenizer, its trainings, retrieval by layer. A table says it in text.

const UNTRAINED = "none"; // the intermediate task of a row that embeds with the checkpoint as it is

function analysesOf(row, isChosen) {
  const { fertility, curves, layers } = DATA.analyses[row.run] ?? {};
  const trainings = (curves ?? []).filter(one => one.rows.includes(row.id));
  return [
    fertility && tokenizer(row, fertility, isChosen),
    trainings.length > 0 && learningCurves(row, trainings),
    layers && row.intermediate === UNTRAINED && retrievalByLayer(row, layers, isChosen),
  ].filter(Boolean);
}

const analysis = (title, about, panels, tables) =>
  element(
    "section",
    { class: "analysis" },
    element("h3", {}, title),
    element("p", { class: "label" }, about),
    element("div", { class: "panels" }, panels),
    element("details", {}, element("summary", {}, `${title} in figures`), tables),
  );

const panel = (title, about, draw) =>
  element("figure", {}, element("figcaption", {}, element("b", {}, title), " ", about), chartPlace(draw));

// `lines` are [header, text, ...]; a text may be null.
function plainTable(caption, titles, lines) {
  const line = ([header, ...texts]) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, header),
      texts.map(text => element("td", {}, text)),
    );
  const table = element(
    "table",
    {},
    element("caption", {}, caption),
    element(
      "thead",
      {},
      element(
        "tr",
        { class: "titles" },
        titles.map((title, place) => element("th", { scope: "col", class: place ? null : "corner" }, title)),
      ),
    ),
    element("tbody", {}, lines.map(line)),
  );
  return element("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": caption }, table);
}

const inWords = code => (code in DATA.languages ? languageName(code) : code);
const average = values => values.reduce((sum, value) => sum + value, 0) / values.length;

// Lines along layers or updates: `lines` are {name, points: [[x, y]], strong}; `marks` come on top.
function plotLines(lines, { width, label, ticks, domain, digits, along, marks = [] }) {
  const points = lines.flatMap(({ name, points, strong }) => points.map(([x, y]) => ({ x, y, name, strong })));
  return asImage({
    width,
    marginLeft: 38,
    marginRight: 14,
    marginTop: 18,
    marginBottom: 24,
    height: 210,
    ariaLabel: label,
    x: { label: null },
    y: { label: null, nice: true, domain },
    marks: [
      Plot.gridY({ stroke: LINE, strokeOpacity: 1, ticks: 4 }),
      Plot.axisY({ ticks: 4, tickSize: 0, fill: MUTED }),
      Plot.axisX({ ticks, tickSize: 0, fill: MUTED }),
      ...[false, true].map(strong =>
        Plot.line(
          points.filter(one => Boolean(one.strong) === strong),
          {
            x: "x",
            y: "y",
            z: "name",
            stroke: strong ? ACCENT : MUTED,
            strokeOpacity: strong ? 1 : 0.4,
            strokeWidth: strong ? 2 : 1.25,
          },
        ),
      ),
      ...marks,
      Plot.tip(
        points,
        Plot.pointer({ x: "x", y: "y", title: one => `${one.name}, ${along} ${one.x}: ${one.y.toFixed(digits)}` }),
      ),
    ],
  });
}
