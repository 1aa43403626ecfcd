"use strict";
// draws every chart from the data in the page; colours of text and grid come from the style sheet
const figures = JSON.parse(document.getElementById("figures").textContent);
const touch = window.matchMedia("(pointer: coarse)").matches;
const narrow = window.matchMedia("(max-width: 640px)").matches;
for (const node of document.querySelectorAll("[data-figure]")) {
  const figure = figures[node.dataset.figure];
  if (touch) figure.layout.dragmode = false;
  if (narrow) figure.layout.font.size = 11;
  Plotly.newPlot(node, figure.data, figure.layout, { displayModeBar: false, responsive: true });
}
