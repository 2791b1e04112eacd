// Retrieval at every layer of an opened row's encoder.

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
