// What was analysed of an opened row's run: its tokenizer, its trainings, retrieval by layer. A table says it in text.

const LOSS = "loss";
const MOST_LOSSES = 10; // points of the loss in a table
const LINE_HEIGHT = 20;
const UNTRAINED = "none"; // the intermediate task of a row that embeds with the checkpoint as it is
const MEASURES = [
  { title: "Pieces a word", least: 1, absent: "no words" },
  { title: "Pieces a character", least: 0, absent: "no characters" },
  { title: "Unknown pieces, %", least: 0, absent: "no pieces" },
];

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
    { class: "plain" },
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

// --- the tokenizer

function tokenizer(row, { tasks, languages }, isChosen) {
  const codes = Object.keys(languages).filter(isChosen);
  const dots = codes.flatMap(code =>
    tasks.filter(task => languages[code][task]).map(task => ({ code, task, figures: languages[code][task] })),
  );
  if (!dots.length) return null;
  const cell = (code, task, place) => {
    const figures = languages[code][task];
    return figures ? (figures[place]?.toFixed(2) ?? MEASURES[place].absent) : figures === null ? "missing-data" : null;
  };
  return analysis(
    "Tokenizer",
    "How it cuts the test texts: a dot each task, English a diamond, the mean a bar. " +
      "Languages from most to least pretraining data (CC-100).",
    MEASURES.map((measure, place) => {
      const shown = dots.map(one => ({ ...one, value: one.figures[place] })).filter(one => one.value !== null);
      return panel(measure.title, "", width => plotTokenizer(row, measure, codes, shown, width));
    }),
    MEASURES.map(({ title }, place) =>
      plainTable(
        `${row.name}: ${title.toLowerCase()}, by language and task`,
        [title, ...tasks],
        codes.map(code => [inWords(code), ...tasks.map(task => cell(code, task, place))]),
      ),
    ),
  );
}

function plotTokenizer(row, { title, least }, codes, dots, width) {
  const means = codes
    .map(code => ({ code, values: dots.filter(one => one.code === code).map(one => one.value) }))
    .filter(one => one.values.length);
  return asImage({
    width,
    marginLeft: 12 + 6.6 * Math.max(...codes.map(code => inWords(code).length)),
    marginRight: 14,
    marginTop: 4,
    marginBottom: 24,
    height: 28 + LINE_HEIGHT * codes.length,
    ariaLabel: `${title} of ${row.name} by language and task; the tables below hold them`,
    x: { domain: [least, Math.max(least + 1, ...dots.map(one => one.value))], nice: true, label: null },
    y: { domain: codes, label: null },
    marks: [
      Plot.gridX({ stroke: LINE, strokeOpacity: 1, ticks: 4 }),
      Plot.axisX({ ticks: 4, tickSize: 0, fill: MUTED }),
      Plot.axisY({ tickSize: 0, tickFormat: inWords }),
      Plot.dot(dots, {
        x: "value",
        y: "code",
        r: 4,
        symbol: one => (one.code === ENGLISH ? "diamond" : "circle"),
        fill: one => (one.code === ENGLISH ? WARM : ACCENT),
        fillOpacity: 0.45,
      }),
      Plot.tickX(means, { x: one => average(one.values), y: "code", inset: 3, stroke: "currentColor", strokeWidth: 2 }),
      Plot.tip(
        dots,
        Plot.pointer({
          x: "value",
          y: "code",
          title: one => `${inWords(one.code)}, ${one.task}: ${one.value.toFixed(2)}`,
        }),
      ),
    ],
  });
}

// --- lines along layers and updates

// `lines` are {name, points: [[x, y]], strong}; `marks` come on top.
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

// --- retrieval by layer

function retrievalByLayer(row, { layers, tasks }, isChosen) {
  const shown = Object.entries(tasks)
    .map(([task, one]) => ({ ...one, task, codes: Object.keys(one.languages).filter(isChosen) }))
    .filter(one => one.codes.length);
  if (!shown.length) return null;
  const header = (layer, own) => `${layer}${layer === own ? "*" : ""}`;
  return analysis(
    "Retrieval by layer",
    "Of the checkpoint as it is, 0 being the embeddings: thin a line each language, strong their mean, dashed the " +
      "layer that a run uses. An analysis, not a result: to choose a layer by these test figures is an oracle.",
    shown.map(one => panel(one.task, `(${one.metric})`, width => plotLayers(row, layers, one, width))),
    shown.map(one =>
      plainTable(
        `${row.name}: ${one.task} (${one.metric}) by language and layer; * is a run’s`,
        [one.task, ...layers.map(layer => header(layer, one.own))],
        linesOfLayers(one).map(([name, figures]) => [
          name,
          ...figures.map(figure => (typeof figure === "number" ? number(figure) : figure)),
        ]),
      ),
    ),
  );
}

// [name, figures] of each language, and of their mean, which exists where all of them have a figure.
function linesOfLayers({ languages, codes }) {
  const lines = codes.map(code => [inWords(code), languages[code]]);
  const means = languages[codes[0]].map((_, place) => {
    const figures = codes.map(code => languages[code][place]);
    return figures.find(figure => typeof figure !== "number") ?? average(figures);
  });
  return [...lines, ["mean", means]];
}

function plotLayers(row, layers, one, width) {
  const lines = linesOfLayers(one).map(([name, figures], place) => ({
    name,
    points: figures.map((figure, at) => [layers[at], figure]).filter(([, figure]) => typeof figure === "number"),
    strong: place === one.codes.length,
  }));
  const step = Math.ceil(layers.length / 8);
  const own = layers.includes(one.own) ? [one.own] : [];
  return plotLines(lines, {
    width,
    label: `${one.task} of ${row.name} by layer; the tables below hold the figures`,
    ticks: layers.filter((_, place) => place % step === 0),
    domain: [0, 100],
    digits: 1,
    along: "layer",
    marks: [
      Plot.ruleX(own, { stroke: WARM, strokeDasharray: "4,3", strokeWidth: 1.5 }),
      Plot.text(own, {
        x: layer => layer,
        frameAnchor: "top",
        dy: -14,
        text: layer => `layer ${layer}`,
        textAnchor: one.own > layers[layers.length >> 1] ? "end" : "start",
        fill: WARM,
      }),
      Plot.dot(lines.at(-1).points, { x: "0", y: "1", r: 2.5, fill: ACCENT }),
    ],
  });
}

// --- learning curves

const digitsOf = name => (name === LOSS ? 3 : 1);

function learningCurves(row, trainings) {
  const kinds = [...new Set(trainings.map(one => `${one.tasks} (${one.role})`))];
  const panels = kinds.flatMap(kind => {
    const same = trainings.filter(one => `${one.tasks} (${one.role})` === kind);
    return [...new Set(same.flatMap(one => Object.keys(one.points)))]
      .filter(name => same.some(one => one.points[name]?.length > 1))
      .map(name => curvePanel(row, kind, name, same));
  });
  return analysis(
    "Learning curves",
    "By update: the loss, each point the mean since the one before; figures on English dev where there are several, " +
      "a ring where the weights were kept.",
    panels,
    [curveTable(row, trainings)],
  );
}

function curvePanel(row, kind, name, trainings) {
  const lines = trainings
    .filter(one => one.points[name])
    .map(one => ({ name, points: one.points[name], strong: true, unit: one.unit, selected: one.selected }));
  return panel(kind, name, width =>
    plotLines(
      lines.map(line => ({ ...line, name: lines.length > 1 ? `${name} ${line.unit.slice(0, SHORT)}` : name })),
      {
        width,
        label: `${name} of ${kind}, ${row.name}; the table below holds it`,
        ticks: 5,
        domain: name === LOSS ? [0, Math.max(...lines.flatMap(line => line.points.map(point => point[1])))] : undefined,
        digits: digitsOf(name),
        along: "update",
        marks: name === LOSS ? [] : [keptRings(lines)],
      },
    ),
  );
}

const keptRings = lines =>
  Plot.dot(
    lines.flatMap(({ points, selected }) => points.filter(([update]) => update === selected)),
    { x: "0", y: "1", r: 5, stroke: ACCENT, strokeWidth: 1.5 },
  );

function curveTable(row, trainings) {
  const names = [...new Set(trainings.flatMap(one => Object.keys(one.points)))];
  return plainTable(
    `${row.name}: learning curves`,
    ["training", "update", ...names],
    trainings.flatMap(one => curveLines(one, names)),
  );
}

// A line for every evaluation, and for some points of the loss.
function curveLines({ tasks, role, selected, points }, names) {
  const shown = Object.entries(points).flatMap(([name, found]) => (name === LOSS ? someOf(found) : found));
  const updates = [...new Set(shown.map(([update]) => update))].sort((one, other) => one - other);
  const text = (name, update) => points[name]?.find(([at]) => at === update)?.[1].toFixed(digitsOf(name));
  return updates.map(update => [
    `${tasks} (${role})`,
    `${update}${update === selected ? " (kept)" : ""}`,
    ...names.map(name => text(name, update)),
  ]);
}

// At most MOST_LOSSES, evenly spread, the last one among them.
function someOf(points) {
  const step = Math.ceil(points.length / MOST_LOSSES);
  return points.filter((_, place) => (points.length - 1 - place) % step === 0);
}
