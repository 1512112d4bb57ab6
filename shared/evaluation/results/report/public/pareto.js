/** The Pareto plot of one load: late calls against cost, with intervals. */
import { dot, line, link, plot, text, tip, pointer } from "@observablehq/plot";
import { isBound } from "./colours.js";
import { placeLabels } from "./labels.js";

const HEIGHT = 340;
const percentOf = (share) => share * 100;
const thousandsOf = (value) => value / 1000;
const costOf = ({ cost, replicaSeconds }) => cost ?? replicaSeconds;

export function paretoFigure({ rows, bounds, colour, names, width }) {
  const points = rows
    .filter(({ policy }) => !bounds.some(({ name }) => name === policy))
    .map((row) => ({
      name: row.policy,
      label: names.get(row.policy),
      x: thousandsOf(costOf(row).mean),
      y: percentOf(row.sloViolationShare.mean),
      x1: thousandsOf(costOf(row).lo),
      x2: thousandsOf(costOf(row).hi),
      y1: percentOf(row.sloViolationShare.lo),
      y2: percentOf(row.sloViolationShare.hi),
      isFront: row.isParetoOptimal,
      colour: colour(row.policy),
      symbol: isBound(row.policy) ? "diamond" : "circle",
    }));
  for (const { name, cost, share } of bounds) {
    points.push({
      name,
      label: name,
      x: thousandsOf(cost),
      y: percentOf(share),
      isFront: null,
      colour: colour(name),
      symbol: "diamond",
    });
  }
  const rivals = points.filter(({ x1 }) => x1 !== undefined);
  const front = points.filter(({ isFront }) => isFront).sort((a, b) => a.x - b.x);

  const options = {
    width,
    height: HEIGHT,
    marginLeft: 48,
    marginBottom: 44,
    marginTop: 26,
    marginRight: 24,
    style: { fontSize: "12px", overflow: "visible" },
    x: axisOf(points, "x", { label: "cost (thousands of replica-seconds) →", labelAnchor: "right" }),
    y: axisOf(points, "y", { label: "↑ late (% of calls)" }),
    ariaLabel: "late calls against cost",
  };
  const scales = plot({ ...options, marks: [dot(points, { x: "x", y: "y" })] });
  const labels = placeLabels(points, scales.scale("x").apply, scales.scale("y").apply, {
    width,
    height: HEIGHT,
  });
  return plot({
    ...options,
    marks: [
      line(front, {
        x: "x",
        y: "y",
        curve: "step-after",
        stroke: "currentColor",
        strokeOpacity: 0.45,
        strokeDasharray: "3 3",
      }),
      link(rivals, { x1: "x1", x2: "x2", y1: "y", y2: "y", stroke: "colour", strokeWidth: 1.5 }),
      link(rivals, { x1: "x", x2: "x", y1: "y1", y2: "y2", stroke: "colour", strokeWidth: 1.5 }),
      // One mark each: the side of a label is no channel.
      ...labels.map(({ point, dx, dy, anchor }) =>
        text([point], {
          x: "x",
          y: "y",
          text: "label",
          dx,
          dy,
          textAnchor: anchor,
          fill: point.symbol === "diamond" ? "currentColor" : point.colour,
          stroke: "var(--page)",
          strokeWidth: 4,
          fontWeight: point.isFront ? 600 : 400,
        }),
      ),
      dot(points, {
        x: "x",
        y: "y",
        r: 5,
        symbol: "symbol",
        fill: (point) => (point.symbol === "diamond" ? "var(--page)" : point.colour),
        stroke: "colour",
        strokeWidth: 1.8,
      }),
      tip(
        rivals,
        pointer({
          x: "x",
          y: "y",
          title: ({ name, x, y, x1, x2, y1, y2 }) =>
            `${name}\nlate ${y.toFixed(2)} % [${y1.toFixed(2)}, ${y2.toFixed(2)}]\n` +
            `cost ${x.toFixed(1)} k [${x1.toFixed(1)}, ${x2.toFixed(1)}]`,
        }),
      ),
    ],
  });
}

/** More than this between the largest and the smallest value is drawn in logarithms, and says so. */
const LOG_RATIO = 6;

/** All points and their bars, with some room. */
function axisOf(points, axis, { label, ...options }) {
  const values = points.flatMap((point) => [
    point[axis],
    point[`${axis}1`] ?? point[axis],
    point[`${axis}2`] ?? point[axis],
  ]);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const common = { ...options, grid: true };
  if (low > 0 && high / low > LOG_RATIO) {
    const room = (high / low) ** 0.08;
    const [first, last] = [low / room, high * room];
    const ticks = [1, 2, 5].flatMap((digit) => [-3, -2, -1, 0, 1, 2, 3, 4, 5].map((power) => digit * 10 ** power));
    const shown = ticks.filter((tick) => tick >= first && tick <= last);
    return {
      ...common,
      type: "log",
      domain: [first, last],
      label: `${label.replace(" →", "")}, logarithmic${label.endsWith("→") ? " →" : ""}`,
      ticks: shown,
      tickFormat: String,
    };
  }
  const room = (high - low || Math.abs(high) || 1) * 0.1;
  return { ...common, label, nice: true, domain: [axis === "y" ? 0 : Math.max(0, low - room), high + room] };
}
