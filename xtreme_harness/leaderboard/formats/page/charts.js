// Charts, as SVG by Observable Plot. They show what the table shows, in its order; the table is their text.

const MOST_DRAWN = 40; // rows of a chart
const ROW_HEIGHT = 26;
const ACCENT = "var(--accent)";
const WARM = "var(--warm)";
const MUTED = "var(--muted)";
const LINE = "var(--line)";

// `pointOf(entry, isChosen)` is null where a row has no such figure.
const CHARTS = {
  averages: {
    title: "Averages",
    pointOf: averagePoint,
    marks: averageMarks,
    note: "with intervals for other items, where there are any; hollow: published, not rerun.",
    noteOnChosen: "over the chosen languages.",
  },
  gaps: {
    title: "Transfer gaps",
    pointOf: gapPoint,
    marks: gapMarks,
    note: "between English (diamond) and the mean of the other languages (dot), over tasks that have English.",
    noteOnChosen: "between English (diamond) and the mean of the other chosen languages (dot).",
  },
};

function drawCharts(chosen, tracks) {
  for (const id of Object.keys(CHARTS)) drawByTrack(id, chosen, tracks);
}

function averagePoint({ row, figures }) {
  const cell = figures[0];
  return valueOf(cell) === null ? null : { id: row.id, row, value: cell[0], low: cell[1], high: cell[2] };
}

function gapPoint({ row }, isChosen) {
  const [english, others] = gapEnds(row, isChosen).map(valueOf);
  return english === null || others === null ? null : { id: row.id, row, english, others };
}

function averageMarks(points) {
  return [
    Plot.ruleY(
      points.filter(one => one.low != null && one.high != null),
      { x1: "low", x2: "high", y: "id", stroke: ACCENT, strokeWidth: 1.5 },
    ),
    Plot.dot(points, {
      x: "value",
      y: "id",
      r: 3.5,
      stroke: ACCENT,
      strokeWidth: 1.5,
      fill: one => (one.row.source ? "var(--surface)" : ACCENT),
    }),
    Plot.text(points, {
      x: one => one.high ?? one.value,
      y: "id",
      text: one => number(one.value),
      dx: 10,
      textAnchor: "start",
      fill: "currentColor",
    }),
  ];
}

function gapMarks(points) {
  return [
    Plot.ruleY(points, { x1: "others", x2: "english", y: "id", stroke: MUTED, strokeWidth: 2, strokeOpacity: 0.6 }),
    Plot.dot(points, { x: "others", y: "id", r: 5, fill: ACCENT }),
    Plot.dot(points, { x: "english", y: "id", r: 5, symbol: "diamond", fill: WARM }),
    Plot.text(points, {
      x: one => Math.max(one.others, one.english),
      y: "id",
      text: one => number(one.english - one.others),
      dx: 10,
      textAnchor: "start",
      fill: "currentColor",
    }),
  ];
}

// One chart a track, on the same axis.
function drawByTrack(id, chosen, tracks) {
  const { title, pointOf, marks, note, noteOnChosen } = CHARTS[id];
  const place = document.getElementById(id);
  const entries = LINES.filter(entry => entry.shown);
  const points = entries.map(entry => pointOf(entry, code => !chosen || chosen.has(code))).filter(Boolean);
  const drawn = tracks.map(track => points.filter(one => one.row.track === track).slice(0, MOST_DRAWN));
  const frame = frameOf(drawn.flat(), place);
  const charts = drawn
    .filter(some => some.length)
    .map(some => {
      const { track } = some[0].row;
      const chart = plotRows(some, marks(some), frame, `${title}, ${track}; the table holds the figures`);
      return tracks.length > 1 ? [element("h3", {}, track), chart] : [chart];
    });
  place.replaceChildren(...charts.flat());
  document.getElementById(`${id}-note`).textContent =
    `${chosen ? noteOnChosen : note} ${leftOut(entries.length - points.length, points.length - drawn.flat().length)}`;
}

const frameOf = (points, place) => ({
  width: Math.max(280, place.clientWidth),
  domain: spread(points),
  longest: Math.max(...points.map(one => one.row.name.length)),
});

function leftOut(without, below) {
  const said = [without && `${without} without such a figure`, below && `${below} below the first ${MOST_DRAWN}`];
  return said.some(Boolean) ? `Not drawn: ${said.filter(Boolean).join(", ")}.` : "";
}

function spread(points) {
  const values = points
    .flatMap(one => [one.value, one.low, one.high, one.english, one.others])
    .filter(value => value != null);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const room = Math.max(1, (most - least) * 0.06);
  return [Math.max(0, least - room), Math.min(100, most + room)];
}

function plotRows(points, marks, { width, domain, longest }, label) {
  const names = new Map(points.map(one => [one.id, one.row.name]));
  const marginLeft = Math.min(width * 0.42, 12 + 6.6 * longest);
  return asImage({
    width,
    marginLeft,
    marginRight: 40,
    marginTop: 6,
    marginBottom: 34,
    height: 40 + ROW_HEIGHT * points.length,
    ariaLabel: label,
    x: { domain, label: null, ticks: 5 },
    y: { domain: [...names.keys()], label: null },
    marks: [
      Plot.gridX({ stroke: LINE, strokeOpacity: 1, ticks: 5 }),
      Plot.axisX({ ticks: 5, tickSize: 0, fill: MUTED }),
      Plot.axisY({
        tickSize: 0,
        tickFormat: id => names.get(id),
        lineWidth: marginLeft / 12,
        textOverflow: "ellipsis",
      }),
      ...marks,
    ],
  });
}

// To a screen reader one picture with a name, not a heap of numbers from axes.
function asImage(options) {
  const chart = Plot.plot({ ...options, style: { background: "none" } });
  chart.setAttribute("role", "img");
  for (const part of chart.querySelectorAll("[aria-label]")) part.removeAttribute("aria-label");
  return chart;
}

// A place in an opened row for the chart that `draw(width)` makes once the row stands in the page, or null.
const drawings = new WeakMap();

function chartPlace(draw) {
  const place = element("div", { class: "chart" });
  drawings.set(place, draw);
  return place;
}

function drawPlaces(content) {
  for (const place of content.querySelectorAll(".chart")) {
    if (!place.clientWidth) continue;
    const chart = drawings.get(place)(Math.max(230, place.clientWidth));
    place.replaceChildren(...(chart ? [chart] : []));
  }
}

// The languages of an opened row, task by task; English is set apart.
function plotLanguages(row, isChosen, width) {
  const points = TASKS.flatMap(task =>
    DATA.tasks[task].languages.filter(isChosen).map(code => ({ task, code, value: valueOf(cellOf(row, task, code)) })),
  ).filter(one => one.value !== null);
  const means = TASKS.map(task => ({ task, value: valueOf(meanOf(cellsOf(row, task, isChosen))) })).filter(
    one => one.value !== null,
  );
  const tasks = TASKS.filter(task => points.some(one => one.task === task));
  if (!tasks.length) return null;
  return asImage({
    width,
    marginLeft: 14 + 6.6 * Math.max(...tasks.map(task => task.length)),
    marginTop: 6,
    marginBottom: 34,
    height: 40 + 30 * tasks.length,
    ariaLabel: `Figures of ${row.name} by task and language; the table below holds them`,
    x: { label: null, ticks: 5, nice: true },
    y: { domain: tasks, label: null },
    marks: [
      Plot.gridX({ stroke: LINE, strokeOpacity: 1, ticks: 5 }),
      Plot.axisX({ ticks: 5, tickSize: 0, fill: MUTED }),
      Plot.axisY({ tickSize: 0 }),
      Plot.dot(
        points.filter(one => one.code !== ENGLISH),
        { x: "value", y: "task", r: 4.5, fill: ACCENT, fillOpacity: 0.45 },
      ),
      Plot.dot(
        points.filter(one => one.code === ENGLISH),
        { x: "value", y: "task", r: 5, symbol: "diamond", fill: WARM },
      ),
      Plot.tickX(means, { x: "value", y: "task", inset: 5, stroke: "currentColor", strokeWidth: 2 }),
      Plot.tip(
        points,
        Plot.pointer({ x: "value", y: "task", title: one => `${languageName(one.code)}: ${number(one.value)}` }),
      ),
    ],
  });
}
