/** The last decisions, newest first: old → new, by whom, why, and behind each the guard's stages. */
import { byId, element, keyed, setText } from "./dom.js";
import { clockTime, count, percent, seconds } from "./format.js";

const TRIGGERS = { proposal: "", fallback: "fallback rule", floor: "panic floor", tick: "between windows" };

/** What became of the count. */
export function changeOf({ current, desired, applied }) {
  const to = applied ?? desired ?? current;
  if (current === null) return { from: null, to, text: `? → ${count(to)}`, direction: "none" };
  const direction = to > current ? "up" : to < current ? "down" : "none";
  return { from: current, to, direction, text: direction === "none" ? `${current} kept` : `${current} → ${to}` };
}

/** @param {{ decisions: any[], windows: any[], functionName: string, isManaged: boolean, hasBus: boolean }} shown */
export function renderDecisions({ decisions, windows, functionName, isManaged, hasBus }) {
  const own = decisions.filter(({ applied }) => applied.functionName === functionName).reverse();
  setText(byId("decisions-note"), noteOf(own.length, isManaged, hasBus));
  keyed(byId("decisions"), own, {
    key: ({ id }) => id,
    make: (decision) => makeDecision(decision, windows),
  });
}

function noteOf(received, isManaged, hasBus) {
  if (!hasBus) return "none are received: the platform runs without a bus";
  if (received > 0) return `${received} received, newest first; open one for its stages`;
  return isManaged
    ? "none received yet: the first comes with the next window"
    : "none: this function has no replicant.mode or replicant.policy annotation";
}

function makeDecision({ reportedAtMs, applied }, windows) {
  const { policy, trigger, mode, reason, stages } = applied;
  const change = changeOf(applied);
  // The floor's own policy carries the name already.
  const tags = [
    policy.name === "panic-floor" ? "" : TRIGGERS[trigger],
    wasSent(applied) ? "" : `not sent${mode === "auto" ? "" : `: ${mode}`}`,
  ].filter(Boolean);
  const summary = element(
    "summary",
    {},
    element("time", { datetime: new Date(reportedAtMs).toISOString() }, clockTime(reportedAtMs)),
    element("span", { class: `change ${change.direction}` }, change.text),
    element("span", { class: "by" }, policy.name, ...tags.map((tag) => element("span", { class: "tag" }, tag))),
    element("span", { class: "reason" }, clauseOf(reason)),
  );
  const window = windows.find(
    (one) => one.window.functionName === applied.functionName && one.window.seq === applied.seq,
  );
  return element(
    "li",
    {},
    element(
      "details",
      {},
      summary,
      element("p", { class: "whole" }, reason),
      stageTable(stages),
      element("p", { class: "quiet" }, footOf(applied, window?.window)),
    ),
  );
}

/** Whether the platform was asked: a count that was kept needs no asking. */
function wasSent({ applied, desired, current }) {
  return applied !== null || desired === null || desired === current;
}

/** The reason without its head "3 → 5: ", which is in a column of its own. */
function clauseOf(reason) {
  return reason.replace(/^\d+(?: → \d+|, (?:held|kept)): /, "");
}

function stageTable(stages) {
  const head = ["Stage", "Replicas", "Note"].map((text, i) =>
    element("th", { scope: "col", ...(i === 1 && { class: "number" }) }, text),
  );
  const rows = stages.map(({ stage, replicas, note }, i) =>
    element(
      "tr",
      i > 0 && stages[i - 1].replicas !== replicas ? { class: "changed" } : {},
      element("th", { scope: "row" }, stage),
      element("td", { class: "number" }, count(replicas)),
      element("td", {}, note ?? ""),
    ),
  );
  return element(
    "table",
    { class: "plain stages" },
    element("thead", {}, element("tr", {}, ...head)),
    element("tbody", {}, ...rows),
  );
}

function footOf({ decisionId, policy, mode, proposed, applied, target }, window) {
  const parts = [
    decisionId,
    `policy ${policy.name} ${policy.version}`,
    `mode ${mode}`,
    `proposed ${count(proposed)}`,
    applied === null ? "nothing applied" : `applied ${applied} (${target})`,
  ];
  if (window) {
    const { seq, arrivals, latencySeconds, late } = window;
    parts.push(`window ${seq}: ${count(arrivals)} arrivals, P95 ${seconds(latencySeconds.p95)}`);
    parts.push(`late or failed ${percent(late.share)}`);
  }
  return parts.join(" · ");
}
