// Puts the page together: one state, shown anew whenever the reader changes it.

const BOARD_ORDER = { column: "rank", descending: false };
const TRACKS = BODIES.map(body => body.dataset.track);
const state = { sort: BOARD_ORDER, chosen: null };
const opened = new Map(); // row: the content of its details

function show() {
  const before = state.chosen;
  state.chosen = chosenLanguages();
  showLines(rowFilter());
  if (before !== state.chosen) showFigures(state.chosen);
  sortTable(state.sort);
  TABLE.classList.toggle("with-intervals", Boolean(FORM.elements.intervals?.checked));
  const status = document.getElementById("status");
  status.textContent = statusText(state.chosen, state.sort);
  status.classList.toggle("partial", Boolean(state.chosen));
  drawCharts(state.chosen, TRACKS);
  if (before !== state.chosen) for (const [row, content] of opened) fillDetails(content, row, state.chosen);
}

function open(line, row, button) {
  const isOpen = button.getAttribute("aria-expanded") === "true";
  button.setAttribute("aria-expanded", String(!isOpen));
  if (isOpen) {
    openedBelow(line)[0].remove();
    opened.delete(row);
    button.removeAttribute("aria-controls");
    return;
  }
  const details = detailsOf(row, line, state.chosen);
  line.after(details);
  opened.set(row, details.querySelector(".detail"));
  button.setAttribute("aria-controls", details.id);
  drawPlaces(opened.get(row));
}

// A link to #row-ID opens that row.
function openLinked() {
  const linked = LINES.find(({ line }) => `#${line.id}` === decodeURIComponent(location.hash));
  const button = linked?.line.querySelector(".name button");
  if (button?.getAttribute("aria-expanded") === "false") button.click();
  linked?.line.scrollIntoView({ block: "start" });
}

function drawAgainWhenWidthChanges() {
  let width = document.body.clientWidth;
  new ResizeObserver(() => {
    if (width === document.body.clientWidth) return;
    width = document.body.clientWidth;
    drawCharts(state.chosen, TRACKS);
    for (const content of opened.values()) drawPlaces(content);
  }).observe(document.body);
}

makeLanguageChoices();
makeButtons(column => {
  state.sort = nextSort(state.sort, column);
  show();
}, open);
FORM.addEventListener("input", show);
FORM.addEventListener("submit", event => event.preventDefault());
document.getElementById("start-over").addEventListener("click", () => {
  FORM.reset();
  state.sort = BOARD_ORDER;
  show();
});
FORM.hidden = false;
document.getElementById("charts").hidden = false;
show();
openLinked();
addEventListener("hashchange", openLinked);
drawAgainWhenWidthChanges();
