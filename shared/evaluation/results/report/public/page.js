/** Draws the report's figures from the data in the page, once it is open. */
import { colourOf } from "./colours.js";
import { shortNames } from "./names.js";
import { paretoFigure } from "./pareto.js";
import { busiestSpan, timelineFigure } from "./timeline.js";

const data = JSON.parse(document.getElementById("data").textContent);
const colour = colourOf(data.policies);
const names = shortNames(data.policies);
const WIDEST = 720;

for (const swatch of document.querySelectorAll("[data-policy]"))
  swatch.style.background = colour(swatch.dataset.policy);

const isOfCell = (row, cell) =>
  row.trace === cell.trace && row.profile === cell.profile && row.rateScale === cell.rateScale;

/** Points that no policy can reach; none where nobody searched. */
function boundsOf({ oracle, foresight }) {
  const bounds = [];
  if (oracle) bounds.push({ name: "oracle", cost: oracle.cost, share: oracle.sloViolationShare });
  if (foresight && foresight.upper !== null) {
    bounds.push({ name: "foresight", cost: foresight.upper, share: foresight.lateShare });
  }
  return bounds;
}

data.cells.forEach((cell, i) => {
  const rows = data.rows.filter((row) => isOfCell(row, cell));
  const plane = document.querySelector(`[data-pareto="${i}"]`);
  const width = Math.min(WIDEST, Math.max(420, plane.clientWidth));
  plane.append(paretoFigure({ rows, bounds: boundsOf(cell), colour, names, width }));
  const place = document.querySelector(`[data-timeline="${i}"]`);
  // Closed ones are drawn when somebody opens them, or prints them.
  const box = place.closest("details");
  let drawn = false;
  const draw = () => {
    if (drawn) return;
    drawn = true;
    drawTimeline(cell, i, place);
  };
  if (box.open) draw();
  box.addEventListener("toggle", draw);
});

addEventListener("beforeprint", () => {
  for (const box of document.querySelectorAll("details")) box.open = true;
});

function drawTimeline(cell, index, place) {
  const runs = data.timelines.filter((run) => run.cell === index);
  const show = (span) =>
    place.replaceChildren(
      ...timelineFigure({
        runs,
        policies: data.policies,
        span,
        sloSeconds: cell.slo.seconds,
        colour,
        width: place.clientWidth,
      }),
    );
  const busiest = busiestSpan(runs[0].timeline);
  const views = [["whole trace", null], ...(busiest ? [["busiest two hours", busiest]] : [])];
  if (views.length > 1) {
    const buttons = views.map(([name, span]) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = name;
      button.setAttribute("aria-pressed", String(span === null));
      button.addEventListener("click", () => {
        for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
        show(span);
      });
      return button;
    });
    document.querySelector(`[data-views="${index}"]`).append(...buttons);
  }
  show(null);
}
