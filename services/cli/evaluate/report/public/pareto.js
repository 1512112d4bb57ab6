/** The Pareto plot of one load: SLO violations against replica-seconds, with intervals. */
import { dot, line, link, plot, text, tip, pointer } from "@observablehq/plot";
import { isOracle } from "./colours.js";
import { placeLabels } from "./labels.js";

const HEIGHT = 340;
const percentOf = (share) => share * 100;
const thousandsOf = (value) => value / 1000;

export function paretoFigure({ rows, oracle, colour, names, width }) {
  const points = rows
    .filter(({ policy }) => policy !== "oracle")
    .map((row) => ({
      name: row.policy,
      label: names.get(row.policy),
      x: thousandsOf(row.replicaSeconds.mean),
      y: percentOf(row.sloViolationShare.mean),
      x1: thousandsOf(row.replicaSeconds.lo),
      x2: thousandsOf(row.replicaSeconds.hi),
      y1: percentOf(row.sloViolationShare.lo),
      y2: percentOf(row.sloViolationShare.hi),
      isFront: row.isParetoOptimal,
      colour: colour(row.policy),
      symbol: isOracle(row.policy) ? "diamond" : "circle",
    }));
  points.push({
    name: "oracle",
    label: "oracle",
    x: thousandsOf(oracle.replicaSeconds),
    y: percentOf(oracle.sloViolationShare),
    isFront: null,
    colour: colour("oracle"),
    symbol: "diamond",
  });
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
    x: axisOf(points, "x", { label: "replica-seconds (thousands) →", labelAnchor: "right" }),
    y: axisOf(points, "y", { label: "↑ SLO violations (% of calls)" }),
    ariaLabel: "SLO violations against replica-seconds",
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
            `${name}\nviolations ${y.toFixed(2)} % [${y1.toFixed(2)}, ${y2.toFixed(2)}]\n` +
            `replica-seconds ${x.toFixed(1)} k [${x1.toFixed(1)}, ${x2.toFixed(1)}]`,
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
