/** Two charts on one time axis: rate against replicas, and P95 under it. */
import { byId, setAttribute, setText } from "./dom.js";
import { clockTime, count, decimal, quantile, rate, seconds } from "./format.js";

/** As many as the platform keeps. */
const MAX_READINGS = 900;
/** A young function's readings are not stretched wider than this. */
const MIN_SPAN_SECONDS = 60;
const COLUMNS = ["atMs", "ratePerSecond", "p95Seconds", "desiredReplicas", "availableReplicas"];

export function createCharts() {
  const load = { node: byId("load-chart"), height: 250, plot: null };
  const latency = { node: byId("latency-chart"), height: 130, plot: null };
  let columns = emptyColumns();
  /** @type {{ atMs: number, from: number, to: number }[]} */
  let changes = [];
  let sloSeconds = null;
  let spanSeconds = 300;
  let about = "";

  const range = () => {
    const newest = (columns.atMs.at(-1) ?? Date.now()) / 1000;
    const oldest = (columns.atMs[0] ?? Date.now()) / 1000;
    return [Math.min(Math.max(newest - spanSeconds, oldest), newest - Math.min(MIN_SPAN_SECONDS, spanSeconds)), newest];
  };

  function build() {
    const look = getComputedStyle(document.documentElement);
    const colour = (name) => look.getPropertyValue(`--${name}`).trim();
    const font = `11px ${look.getPropertyValue("--font").trim()}`;
    const axis = (more) => ({
      stroke: colour("muted"),
      font,
      grid: { stroke: colour("grid"), width: 1 },
      ticks: { show: false },
      ...more,
    });
    const times = (_plot, splits, _axis, _space, step) => splits.map((at) => clockTime(at * 1000, step < 60));
    const common = (part) => ({
      width: Math.max(200, part.node.clientWidth),
      height: part.height,
      legend: { show: false },
      padding: [8, 0, 0, 0],
      cursor: { sync: { key: "replicant" }, drag: { x: false, y: false }, points: { size: 6 } },
    });
    const replicas = uPlot.paths.stepped({ align: 1 });
    load.plot?.destroy();
    latency.plot?.destroy();
    load.plot = new uPlot(
      {
        ...common(load),
        scales: {
          x: { range },
          rate: { range: (_plot, _min, most) => [0, Math.max(1, (most ?? 0) * 1.15)] },
          replicas: { range: (_plot, _min, most) => [0, Math.max(2, (most ?? 0) + 1)] },
        },
        axes: [
          axis({ values: times, size: 28 }),
          axis({ scale: "rate", size: 48, values: (_plot, splits) => splits.map((value) => `${decimal(value)}/s`) }),
          axis({
            scale: "replicas",
            side: 1,
            size: 34,
            grid: { show: false },
            incrs: [1, 2, 5, 10, 20, 50, 100],
            values: (_plot, splits) => splits.map((value) => count(value)),
          }),
        ],
        series: [
          {},
          { scale: "rate", stroke: colour("rate"), fill: colour("rate-fill"), width: 1.5, points: { show: false } },
          { scale: "replicas", stroke: colour("available"), width: 2.25, paths: replicas, points: { show: false } },
          {
            scale: "replicas",
            stroke: colour("desired"),
            width: 1.5,
            dash: [4, 4],
            paths: replicas,
            points: { show: false },
          },
        ],
        hooks: { draw: [(plot) => drawChanges(plot, changes, colour)], setCursor: [showValues] },
      },
      loadData(),
      load.node,
    );
    latency.plot = new uPlot(
      {
        ...common(latency),
        scales: { x: { range }, seconds: { range: (_plot, _min, most) => [0, Math.max(0.01, (most ?? 0) * 1.15)] } },
        axes: [
          axis({ values: times, size: 28 }),
          axis({
            scale: "seconds",
            size: 48,
            space: 24,
            values: (_plot, splits) => splits.map((value) => (value ? seconds(value) : "0")),
          }),
          // As wide as the replica axis above, so that the same moment is at the same place.
          axis({ scale: "seconds", side: 1, size: 34, grid: { show: false }, values: () => [] }),
        ],
        series: [
          {},
          { scale: "seconds", stroke: colour("p95"), fill: colour("p95-fill"), width: 1.5, points: { show: false } },
          { scale: "seconds", stroke: colour("bad"), width: 1, dash: [6, 4], points: { show: false } },
        ],
        hooks: { setCursor: [showValues] },
      },
      latencyData(),
      latency.node,
    );
    showValues();
  }

  const times = () => columns.atMs.map((at) => at / 1000);
  const loadData = () => [times(), columns.ratePerSecond, columns.availableReplicas, columns.desiredReplicas];
  /** The objective is drawn where it is near; far above it would press the line flat. */
  const latencyData = () => {
    const most = Math.max(0, ...columns.p95Seconds.map((value) => value ?? 0));
    const isNear = sloSeconds !== null && sloSeconds <= most * 4;
    return [times(), columns.p95Seconds, columns.atMs.map(() => (isNear ? sloSeconds : null))];
  };

  /** The values under the cursor, else the newest. */
  function showValues() {
    const at = load.plot?.cursor.idx ?? columns.atMs.length - 1;
    const texts = {
      rate: rate(columns.ratePerSecond[at]),
      available: count(columns.availableReplicas[at]),
      desired: count(columns.desiredReplicas[at]),
      p95: quantile(columns.p95Seconds[at]),
    };
    for (const [key, text] of Object.entries(texts)) setText(document.querySelector(`[data-value=${key}]`), text);
  }

  function redraw() {
    if (!load.plot) return;
    load.plot.setData(loadData());
    latency.plot.setData(latencyData());
    showValues();
    const last = columns.atMs.length - 1;
    if (last < 0) return;
    const replicas = `${count(columns.availableReplicas[last])} of ${count(columns.desiredReplicas[last])} replicas`;
    setAttribute(load.node, "aria-label", `${about}: ${rate(columns.ratePerSecond[last])}, ${replicas}`);
    setAttribute(latency.node, "aria-label", `${about}: P95 ${quantile(columns.p95Seconds[last])}`);
  }

  for (const part of [load, latency]) {
    new ResizeObserver(([entry]) => {
      const width = Math.floor(entry.contentRect.width);
      if (part.plot && width > 0 && width !== part.plot.width) part.plot.setSize({ width, height: part.height });
    }).observe(part.node);
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", build);

  return {
    /** Begins with a function's past. */
    show(name, history) {
      about = `Load of ${name}`;
      columns = Object.fromEntries(COLUMNS.map((column) => [column, [...history[column]]]));
      if (load.plot) redraw();
      else build();
    },
    clear() {
      columns = emptyColumns();
      redraw();
    },
    add(reading) {
      if (reading.atMs <= (columns.atMs.at(-1) ?? -Infinity)) return;
      for (const column of COLUMNS) {
        columns[column].push(reading[column]);
        if (columns[column].length > MAX_READINGS) columns[column].shift();
      }
      redraw();
    },
    setChanges(next) {
      changes = next;
      load.plot?.redraw(false);
    },
    setSlo(next) {
      sloSeconds = next;
    },
    setSpan(next) {
      spanSeconds = next;
      redraw();
    },
  };
}

function emptyColumns() {
  return Object.fromEntries(COLUMNS.map((column) => [column, []]));
}

/** A small arrow at the foot of the chart where a decision changed the count. */
function drawChanges(plot, changes, colour) {
  const { ctx, bbox } = plot;
  const size = 4 * devicePixelRatio;
  const foot = bbox.top + bbox.height - 2 * devicePixelRatio;
  ctx.save();
  for (const { atMs, from, to } of changes) {
    const x = plot.valToPos(atMs / 1000, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    const [base, tip] = to > from ? [foot, foot - 1.7 * size] : [foot - 1.7 * size, foot];
    ctx.fillStyle = colour("available");
    ctx.beginPath();
    ctx.moveTo(x - size, base);
    ctx.lineTo(x + size, base);
    ctx.lineTo(x, tip);
    ctx.fill();
  }
  ctx.restore();
}
