// An opened row's tokenizer: into how many pieces it cuts words and characters, and what it does not know.

const LINE_HEIGHT = 20;
const MEASURES = [
  { title: "Pieces a word", least: 1, absent: "no words" },
  { title: "Pieces a character", least: 0, absent: "no characters" },
  { title: "Unknown pieces, %", least: 0, absent: "no pieces" },
];

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
