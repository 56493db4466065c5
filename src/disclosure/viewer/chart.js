// Bars over time as an SVG that screen readers name and the printer prints. The table beside it has every figure.

import { compact } from "./languages.js";

const SVG = "http://www.w3.org/2000/svg";
// As wide as the screen, so that its letters keep their size on a phone.
const WIDTH = Math.min(640, innerWidth - 70);
const [HEIGHT, LEFT, FOOT] = [200, 52, 22];

function draw(name, attributes, ...children) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

// `groups`: a label, and bars with the place of their series, a value to draw and a text that says it.
export function barChart(title, groups) {
  const values = groups.flatMap((group) => group.bars.map((bar) => bar.value));
  const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
  if (low === high) return "";
  const y = (value) => 8 + ((high - value) / (high - low)) * (HEIGHT - FOOT - 16);
  const step = (WIDTH - LEFT) / groups.length;
  const chart = draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": title });
  for (const value of new Set([low, 0, high])) {
    chart.append(
      draw("line", { class: value ? "" : "axis", x1: LEFT, x2: WIDTH, y1: y(value), y2: y(value) }),
      draw("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, compact(value)),
    );
  }
  const every = Math.ceil(70 / step);
  groups.forEach((group, at) => {
    const width = Math.min(36, (step * 0.8) / group.bars.length);
    const middle = LEFT + step * (at + 0.5);
    group.bars.forEach(({ series, value, said }, place) => {
      const x = middle + (place - group.bars.length / 2) * width;
      const height = Math.max(1, Math.abs(y(value) - y(0)));
      const rect = { class: "s" + series, x, y: Math.min(y(value), y(0)), width: Math.max(1, width - 1), height };
      chart.append(draw("rect", rect, draw("title", {}, said)));
    });
    if (at % every === 0) chart.append(draw("text", { x: middle, y: HEIGHT - 5, "text-anchor": "middle" }, group.label));
  });
  return chart;
}
