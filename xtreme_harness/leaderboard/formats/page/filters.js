// The form above the table: which rows are shown, and over which languages means are taken.

const FORM = document.getElementById("filters");
const CODES = Object.keys(DATA.languages);
const FACETS = { family: 1, script: 2, class: 3, represented: 4 }; // name of the field: place in a language's facts
const REPRESENTED = { under: true, high: false };

function makeLanguageChoices() {
  const choices = CODES.map(code =>
    element(
      "label",
      {},
      element("input", { type: "checkbox", name: "language", value: code }),
      element("span", {}, languageName(code), " ", element("span", { class: "code" }, code)),
    ),
  );
  document.getElementById("language-choices").append(...choices);
}

// The value of a field, "" where this board has no such filter.
const fieldValue = name => FORM.elements[name]?.value ?? "";

function passesFacets(code) {
  return Object.entries(FACETS).every(([name, place]) => {
    const wanted = fieldValue(name);
    const fact = DATA.languages[code][place];
    return !wanted || (name === "represented" ? fact === REPRESENTED[wanted] : String(fact) === wanted);
  });
}

// A set of codes, or null when all languages are left: then the board's own figures stand.
function chosenLanguages() {
  const boxes = [...FORM.querySelectorAll("[name=language]")];
  const passing = new Set(CODES.filter(passesFacets));
  for (const box of boxes) box.parentElement.hidden = !passing.has(box.value);
  const ticked = boxes.filter(box => box.checked).map(box => box.value);
  const chosen = new Set(ticked.length ? ticked.filter(code => passing.has(code)) : passing);
  document.getElementById("chosen").textContent = describe(chosen);
  return chosen.size === CODES.length ? null : chosen;
}

function describe(chosen) {
  if (chosen.size === CODES.length) return `all ${CODES.length}`;
  const few = chosen.size && chosen.size <= 4 ? `: ${[...chosen].map(languageName).join(", ")}` : "";
  return `${chosen.size} of ${CODES.length}${few}`;
}

function rowFilter() {
  const words = fieldValue("search").toLowerCase().split(/\s+/).filter(Boolean);
  const track = fieldValue("track");
  return entry => (!track || entry.row.track === track) && words.every(word => entry.words.includes(word));
}

function statusText(chosen, sort) {
  const shown = LINES.filter(entry => entry.shown).length;
  const rows = shown === LINES.length ? "" : `${shown} of ${LINES.length} rows. `;
  const sorted =
    sort.column === "rank"
      ? ""
      : `Sorted by ${sortTitle(sort.column)}, ${sort.descending ? "highest" : "lowest"} first, within each track. `;
  if (!chosen) return rows + sorted;
  const scope = `Figures are means over the chosen languages (${describe(chosen)}), not the official average; `;
  return `${scope}they have no ranks and no intervals. ${rows}${sorted}`;
}

function sortTitle(column) {
  if (column === "name") return "system";
  const [kind, name, title] = DATA.columns[column];
  if (kind === "average" && state.chosen) return "that mean";
  return kind === "group" ? `the mean of ${name}` : title;
}
