// Learning curves of the trainings behind an opened row.

const LOSS = "loss";
const MOST_LOSSES = 10; // points of the loss in a table

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
