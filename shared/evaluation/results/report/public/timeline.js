/** Load, and below it the ready replicas of each policy, on one time axis. */
import { areaY, lineY, plot, ruleY, text, tickX } from "@observablehq/plot";
import { isBound } from "./colours.js";

const LOAD_HEIGHT = 130;
const PANEL_HEIGHT = 74;
const MARGIN_LEFT = 48;
const MARGIN_RIGHT = 12;
const SPAN_SECONDS = 2 * 3600;

/** The two hours with the most arrivals, as seconds from the start; null for a trace that is hardly longer. */
export function busiestSpan({ arrivalsRps, binSeconds }) {
  const bins = Math.round(SPAN_SECONDS / binSeconds);
  if (arrivalsRps.length < 2 * bins || bins < 2) return null;
  let sum = 0;
  let best = { sum: -1, end: 0 };
  arrivalsRps.forEach((rps, i) => {
    sum += rps - (i >= bins ? arrivalsRps[i - bins] : 0);
    if (i >= bins - 1 && sum > best.sum) best = { sum, end: i + 1 };
  });
  return [(best.end - bins) * binSeconds, best.end * binSeconds];
}

export function timelineFigure({ runs, policies, span, sloSeconds, colour, width }) {
  const { binSeconds, arrivalsRps } = runs[0].timeline;
  const seconds = arrivalsRps.length * binSeconds;
  const [from, to] = span ?? [0, seconds];
  const unit = to - from > 2 * 3600 + 1 ? { seconds: 3600, name: "hours" } : { seconds: 60, name: "minutes" };
  // A step ends where its bin does: the last value once more, at the end.
  const points = (values) =>
    [...values, values.at(-1)]
      .map((value, i) => ({ at: (i * binSeconds) / unit.seconds, value }))
      .filter(({ at }) => at * unit.seconds >= from && at * unit.seconds <= to);
  const x = { domain: [from / unit.seconds, to / unit.seconds], label: null };
  const common = { width: Math.max(560, width), marginLeft: MARGIN_LEFT, marginRight: MARGIN_RIGHT };
  const fine = { fontSize: "12px" };

  const load = plot({
    ...common,
    height: LOAD_HEIGHT,
    marginTop: 26,
    marginBottom: 8,
    style: fine,
    x: { ...x, axis: null },
    y: { label: "↑ load (calls/s)", grid: true, nice: true, zero: true, ticks: 4 },
    marks: [
      areaY(points(arrivalsRps), { x: "at", y: "value", curve: "step-after", fill: "currentColor", fillOpacity: 0.28 }),
      ruleY([0], { strokeOpacity: 0.5 }),
    ],
    ariaLabel: "load over time",
  });

  const shown = policies.filter((policy) => policy !== "oracle");
  const of = (policy) => runs.find((run) => run.policy === policy)?.timeline;
  const lines = shown.flatMap((policy) => points(of(policy).readyReplicas).map((point) => ({ ...point, policy })));
  const late = shown.flatMap((policy) =>
    points(of(policy).p95Seconds)
      .slice(0, -1)
      .filter(({ value }) => value !== null && value > sloSeconds)
      .map(({ at }) => ({ at: at + binSeconds / unit.seconds / 2, policy })),
  );
  const replicas = plot({
    ...common,
    height: shown.length * PANEL_HEIGHT + 62,
    marginTop: 24,
    marginBottom: 38,
    style: fine,
    x: { ...x, label: `time (${unit.name} since the start) →`, labelAnchor: "right" },
    y: { label: "↑ ready replicas", grid: true, nice: true, zero: true, ticks: 3 },
    fy: { domain: shown, label: null, axis: null, padding: 0.14 },
    marks: [
      areaY(points(of("oracle").readyReplicas), {
        x: "at",
        y: "value",
        curve: "step-after",
        fill: "currentColor",
        fillOpacity: 0.13,
      }),
      ruleY([0], { strokeOpacity: 0.5 }),
      lineY(lines, {
        x: "at",
        y: "value",
        fy: "policy",
        z: "policy",
        curve: "step-after",
        stroke: ({ policy }) => (isBound(policy) ? "#8b909a" : colour(policy)),
        strokeWidth: 1.4,
      }),
      tickX(late, {
        x: "at",
        fy: "policy",
        stroke: "var(--late)",
        strokeWidth: 1.2,
        insetTop: PANEL_HEIGHT - 16,
        insetBottom: -3,
      }),
      text(shown, {
        fy: (policy) => policy,
        text: (policy) => policy,
        frameAnchor: "top-right",
        dy: -6,
        fill: (policy) => (isBound(policy) ? "currentColor" : colour(policy)),
        stroke: "var(--page)",
        strokeWidth: 4,
        fontWeight: 600,
      }),
    ],
    ariaLabel: "ready replicas over time, a panel for each policy",
  });
  return [load, replicas];
}
