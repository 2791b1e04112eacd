// An opened row: what it is, how to run it again, and its figures in each language. Made when first opened.

const SHORT = 8; // characters of a hash that people read

function detailsOf(row, line, chosen) {
  const columns = line.cells.length;
  const content = element("div", { class: "detail" });
  fillDetails(content, row, chosen);
  return element(
    "tr",
    { class: "details", id: `details-${row.id}` },
    element("td", { colspan: columns, class: "opened" }, content),
  );
}

function fillDetails(content, row, chosen) {
  const isChosen = code => !chosen || chosen.has(code);
  content.replaceChildren(
    element("div", { class: "columns" }, element("div", {}, factsOf(row), notesOf(row)), stripOf(row, isChosen)),
    element("div", { class: "columns" }, copyable("Signature", row.signature), copyable("Command", row.command)),
    hasCells(row)
      ? heatMap(row, isChosen)
      : element("p", { class: "label" }, "No figures by language are published for this row."),
    ...analysesOf(row, isChosen),
  );
  drawPlaces(content);
}

const hasCells = row => row.cells.some(cells => cells.some(cell => valueOf(cell) !== null));

function factsOf(row) {
  const facts = [
    ["Average", averageText(row.figures[0])],
    ["Track", row.track],
    ["Model", row.model],
  ];
  const terms = [...(row.source ? published(row) : []), ...facts, ...(row.source ? [] : ran(row))];
  const shown = terms.filter(([, fact]) => fact);
  return element("dl", {}, shown.map(([term, fact]) => [element("dt", {}, term), element("dd", {}, fact)]).flat());
}

const averageText = cell =>
  valueOf(cell) === null ? stateOf(cell) : number(cell[0]) + (hasInterval(cell) ? ` (${intervalOf(cell)})` : "");

const published = row => [
  ["Standing", "published, not rerun"],
  ["Source", row.source],
];

function ran(row) {
  const deviation = row.figures[0][3];
  return [
    ["Intermediate", row.intermediate],
    ["Control", row.control],
    ["Method", row.method],
    ["Recipe", row.recipe],
    ["Seeds", row.seeds?.join(", ")],
    [
      "Over seeds",
      valueOf(row.figures[0]) !== null &&
        deviation != null &&
        `±${deviation.toFixed(2)} (standard deviation of the average)`,
    ],
    ["Root hash", row.root && element("code", { title: row.root }, row.root.slice(0, SHORT))],
    ["Run", row.run],
    ["Records", row.link && element("a", { href: row.link }, row.records)],
  ];
}

function notesOf(row) {
  return row.notes
    ? element(
        "ul",
        { class: "notes" },
        row.notes.map(note => element("li", {}, note)),
      )
    : null;
}

function stripOf(row, isChosen) {
  if (!hasCells(row)) return null;
  return element(
    "figure",
    {},
    element("figcaption", {}, element("b", {}, "Languages by task"), " a dot each; English a diamond, the mean a bar."),
    chartPlace(width => plotLanguages(row, isChosen, width)),
  );
}

function copyable(title, text) {
  if (!text) return null;
  const code = element("code", {}, text);
  const button = element("button", { type: "button", "aria-label": `Copy ${title.toLowerCase()}` }, "Copy");
  button.addEventListener("click", () => copy(code, button));
  return element("div", {}, element("p", { class: "label" }, title), element("div", { class: "copy" }, code, button));
}

// A page opened from a file may not write to the clipboard: the text is marked then, for the reader's own keys.
async function copy(code, button) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(code);
    button.textContent = "Marked";
  }
  setTimeout(() => {
    button.textContent = "Copy";
  }, 2000);
}

// --- figures by language and task

function heatMap(row, isChosen) {
  const place = element("div", {});
  const others = DATA.rows.filter(other => other.track === row.track && other !== row && hasCells(other));
  const select = element(
    "select",
    {},
    element("option", { value: "" }, "this row’s figures"),
    metricsOf().map(name => element("option", { value: `metric ${name}` }, `${name} alone`)),
    others.map(other => element("option", { value: `row ${other.id}` }, `minus ${other.name}`)),
  );
  const fill = () => place.replaceChildren(heatTable(row, isChosen, select.value));
  select.addEventListener("change", fill);
  fill();
  return element(
    "div",
    {},
    element("p", {}, element("label", { class: "field" }, element("span", {}, "Figures by language"), select)),
    place,
  );
}

const metricsOf = () => [...new Set(TASKS.flatMap(task => DATA.tasks[task].metrics))];

// What a cell shows: {text, note, share of the colour, end of the scale}; `shown` is "", "metric NAME" or "row ID".
function pictured(row, task, code, shown) {
  const cell = cellOf(row, task, code);
  if (cell === null) return null;
  if (valueOf(cell) === null) return { text: stateOf(cell) };
  if (shown.startsWith("row "))
    return pictureDifference(
      cell,
      cellOf(
        DATA.rows.find(one => one.id === shown.slice(4)),
        task,
        code,
      ),
    );
  if (shown.startsWith("metric ")) return pictureFigure(cell[5 + DATA.tasks[task].metrics.indexOf(shown.slice(7))], "");
  return pictureFigure(cell[0], intervalOf(cell), cell[4]);
}

const pictureFigure = (value, note, best) =>
  value == null
    ? null
    : { text: number(value), note, best, share: Math.max(0, Math.min(1, (value - 20) / 75)), end: "more" };

function pictureDifference(cell, other) {
  if (valueOf(other) === null) return { text: stateOf(other) };
  const difference = cell[0] - other[0];
  return {
    text: signed(difference),
    share: Math.min(1, Math.abs(difference) / 10),
    end: difference < 0 ? "less" : "more",
  };
}

function heatTable(row, isChosen, shown) {
  const codes = CODES.filter(isChosen);
  const table = element(
    "table",
    { class: "heat" },
    element("caption", {}, `${row.name}: figures by language and task`),
    element(
      "thead",
      {},
      element(
        "tr",
        { class: "titles" },
        element("th", { scope: "col", class: "corner" }, "language"),
        TASKS.map(task => element("th", { scope: "col" }, task)),
      ),
    ),
    element(
      "tbody",
      {},
      codes.map(code => languageLine(row, code, shown)),
    ),
    shown ? null : element("tfoot", {}, meanLine(row, isChosen, codes.length === CODES.length)),
  );
  return element(
    "div",
    { class: "scroll", role: "region", tabindex: "0", "aria-label": `${row.name}: figures by language and task` },
    table,
  );
}

function languageLine(row, code, shown) {
  const [name, family, script, resources] = DATA.languages[code];
  const about = family ? `${family}, ${script}, class ${resources}` : "";
  return element(
    "tr",
    { "data-language": code },
    element(
      "th",
      { scope: "row", class: "language" },
      name,
      " ",
      element("span", { class: "code" }, code),
      about ? element("small", {}, about) : null,
    ),
    TASKS.map(task => pictureCell(pictured(row, task, code, shown))),
  );
}

function pictureCell(picture) {
  if (!picture) return element("td", { class: "none" }, element("span", { class: "unseen" }, "not in this task"));
  const cell = element(
    "td",
    { class: picture.best ? "best" : picture.share === undefined ? "none" : null },
    picture.text,
    picture.note ? element("small", {}, picture.note) : null,
  );
  if (picture.share !== undefined) {
    cell.style.setProperty("--share", picture.share.toFixed(3));
    cell.style.setProperty("--end", `var(--${picture.end})`);
  }
  return cell;
}

function meanLine(row, isChosen, isOfficial) {
  const places = Object.fromEntries(DATA.columns.map(([kind, name], place) => [kind === "task" ? name : "", place]));
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, isOfficial ? "mean" : "mean over the chosen"),
    TASKS.map(task => meanCell(isOfficial ? row.figures[places[task]] : meanOf(cellsOf(row, task, isChosen)))),
  );
}

function meanCell(figure) {
  if (valueOf(figure) === null) return element("td", {}, stateOf(figure) ?? "–");
  const spread = figure[3] != null ? element("small", {}, `±${figure[3].toFixed(2)} over seeds`) : null;
  return element(
    "td",
    {},
    number(figure[0]),
    hasInterval(figure) ? element("small", {}, intervalOf(figure)) : null,
    spread,
  );
}
