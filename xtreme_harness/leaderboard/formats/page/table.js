// The table: its headings sort, its rows are shown or hidden, its figures follow the chosen languages.

const TABLE = document.getElementById("standings");
const BODIES = [...TABLE.tBodies];
// What a search looks at.
const NAMES = ["name", "id", "track", "model", "intermediate", "control", "method", "recipe", "source", "signature"];
const LINES = [...TABLE.querySelectorAll("tr[data-row]")].map((line, place) => {
  const row = DATA.rows[line.dataset.row];
  return { line, row, place, body: line.parentElement, shown: true, figures: row.figures, words: wordsOf(row) };
});

function wordsOf(row) {
  const words = NAMES.map(name => row[name]).filter(Boolean);
  return words.join(" ").toLowerCase();
}

function keyOf(entry, column) {
  if (column === "rank") return entry.place;
  if (column === "name") return entry.row.name.toLowerCase();
  return valueOf(entry.figures[column]);
}

// Rows without a figure stay last in either direction; equal ones keep the board's order.
function compared(one, other, { column, descending }) {
  const [a, b] = [keyOf(one, column), keyOf(other, column)];
  if (a === null || b === null) return (a === null) - (b === null) || one.place - other.place;
  const order = typeof a === "string" ? a.localeCompare(b) : a - b;
  return (descending ? -order : order) || one.place - other.place;
}

// Within each track: tracks are not comparable. An opened row takes its details along.
function sortTable(sort) {
  LINES.sort((one, other) => compared(one, other, sort));
  for (const body of BODIES) {
    const lines = LINES.filter(entry => entry.body === body).flatMap(({ line }) => [line, ...openedBelow(line)]);
    body.append(...lines);
  }
  for (const heading of TABLE.querySelectorAll("[data-sort]")) {
    if (heading.dataset.sort === sort.column)
      heading.setAttribute("aria-sort", sort.descending ? "descending" : "ascending");
    else heading.removeAttribute("aria-sort");
  }
}

const openedBelow = line => (line.nextElementSibling?.classList.contains("details") ? [line.nextElementSibling] : []);

// Ranks, names and gaps go upwards first, figures downwards.
function nextSort(sort, column) {
  if (sort.column === column) return { column, descending: !sort.descending };
  return { column, descending: column in DATA.columns && DATA.columns[column][0] !== "gap" };
}

function showLines(isShown) {
  for (const entry of LINES) {
    entry.shown = isShown(entry);
    for (const line of [entry.line, ...openedBelow(entry.line)]) line.hidden = !entry.shown;
  }
  for (const body of BODIES) body.hidden = !LINES.some(entry => entry.body === body && entry.shown);
}

function showFigures(chosen) {
  const average = TABLE.querySelector("th.average");
  (average.querySelector("button") ?? average).textContent = chosen
    ? "mean over the chosen languages"
    : DATA.columns[0][2];
  for (const entry of LINES) {
    entry.figures = figuresOf(entry.row, chosen);
    const [rank, , ...cells] = entry.line.cells;
    rank.textContent = chosen ? "–" : (entry.row.rank ?? "–");
    cells.forEach((cell, place) => fillFigure(cell, entry.figures[place]));
  }
}

function fillFigure(cell, figure) {
  const value = valueOf(figure);
  cell.classList.toggle("best", Boolean(figure?.[4]) && value !== null);
  cell.classList.toggle("state", value === null);
  cell.textContent = value === null ? (stateOf(figure) ?? "–") : number(value);
  if (hasInterval(figure)) cell.append(element("small", {}, intervalOf(figure)));
}

// Headings and names are text without this script; it makes them buttons.
function makeButtons(onSort, onOpen) {
  for (const heading of TABLE.querySelectorAll("[data-sort]")) {
    const button = element("button", { type: "button" }, ...heading.childNodes);
    button.addEventListener("click", () => onSort(heading.dataset.sort));
    heading.append(button);
  }
  for (const { line, row } of LINES) {
    const name = line.querySelector(".name");
    const button = element("button", { type: "button", "aria-expanded": "false" }, ...name.childNodes);
    button.addEventListener("click", () => onOpen(line, row, button));
    name.append(button);
  }
  TABLE.classList.add("enhanced");
}
