// What the page knows, and means over chosen languages. A cell is a state or [value, low, high, deviation, best, ...].
const DATA = JSON.parse(document.getElementById("data").textContent);
const TASKS = Object.keys(DATA.tasks);
const ENGLISH = DATA.english;

const valueOf = cell => (typeof cell === "string" ? null : (cell?.[0] ?? null));
const stateOf = cell => (typeof cell === "string" ? cell : null);
const languageName = code => DATA.languages[code][0];
const number = value => value.toFixed(1);
const signed = value => (value > 0 ? "+" : value < 0 ? "−" : "±") + Math.abs(value).toFixed(1);
const hasInterval = cell => Array.isArray(cell) && cell[1] != null && cell[2] != null;
const intervalOf = cell => (hasInterval(cell) ? `${number(cell[1])}–${number(cell[2])}` : "");

// The mean, or the worst state where one is missing: as a leaderboard's averages; null over nothing.
function meanOf(cells) {
  if (!cells.length) return null;
  const states = cells.map(stateOf).filter(Boolean);
  if (states.length) return DATA.severity.find(state => states.includes(state)) ?? states[0];
  return [cells.reduce((sum, cell) => sum + cell[0], 0) / cells.length];
}

function cellOf(row, task, code) {
  const place = DATA.tasks[task].languages.indexOf(code);
  return place < 0 ? null : row.cells[TASKS.indexOf(task)][place];
}

// A task's cells in the languages that `isChosen`.
function cellsOf(row, task, isChosen) {
  const cells = row.cells[TASKS.indexOf(task)];
  return cells.filter((_, place) => isChosen(DATA.tasks[task].languages[place]));
}

const meanOfTasks = (row, tasks, isChosen) =>
  meanOf(tasks.map(task => meanOf(cellsOf(row, task, isChosen))).filter(mean => mean !== null));

// [English, the others]: means over the tasks that have English and one of the chosen others.
function gapEnds(row, isChosen) {
  const isOther = code => code !== ENGLISH && isChosen(code);
  const tasks = TASKS.filter(
    task => DATA.tasks[task].languages.includes(ENGLISH) && DATA.tasks[task].languages.some(isOther),
  );
  return [meanOfTasks(row, tasks, code => code === ENGLISH), meanOfTasks(row, tasks, isOther)];
}

function gapOf(row, isChosen) {
  const ends = gapEnds(row, isChosen);
  if (ends.some(end => valueOf(end) === null)) return ends.includes(null) ? null : meanOf(ends);
  return [ends[0][0] - ends[1][0]];
}

const FIGURES = {
  average: (row, name, isChosen) => meanOfTasks(row, TASKS, isChosen),
  without_english: (row, name, isChosen) => meanOfTasks(row, TASKS, code => code !== ENGLISH && isChosen(code)),
  gap: (row, name, isChosen) => gapOf(row, isChosen),
  group: (row, name, isChosen) => meanOfTasks(row, DATA.groups[name], isChosen),
  task: (row, name, isChosen) => meanOf(cellsOf(row, name, isChosen)),
};

// A row's figures column by column: the board's own, or means over `chosen` (a set of codes).
function figuresOf(row, chosen) {
  if (!chosen) return row.figures;
  return DATA.columns.map(([kind, name]) => FIGURES[kind](row, name, code => chosen.has(code)));
}

// An element with attributes and children; text stays text.
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter(child => child !== null && child !== undefined && child !== ""));
  return made;
}
