/** The list of functions: one row each, the numbers of the last second, and a minute of load as a line. */
import { byId, element, keyed, setAttribute, setText } from "./dom.js";
import { bytes, count, percent, quantile, rate } from "./format.js";

export const STATE_WORDS = {
  ready: "ready",
  starting: "starting",
  scaling: "scaling",
  "back-off": "crash back-off",
  idle: "idle at zero",
};

const SPARK_READINGS = 60;
const SPARK_WIDTH = 120;
const SPARK_HEIGHT = 22;
/** @type {Map<string, (number | null)[]>} */
const recent = new Map();

export function setRecentRates(byFunction) {
  recent.clear();
  for (const [name, rates] of Object.entries(byFunction)) recent.set(name, [...rates]);
}

export function addRecentRates(functions) {
  for (const { name, ratePerSecond } of functions) {
    const rates = recent.get(name) ?? [];
    rates.push(ratePerSecond);
    if (rates.length > SPARK_READINGS) rates.shift();
    recent.set(name, rates);
  }
}

/** @param {string | null} selected @param {(name: string) => void} onSelect */
export function renderFunctions(functions, selected, onSelect) {
  byId("no-functions").hidden = functions.length > 0;
  keyed(byId("functions"), functions, {
    key: ({ name }) => name,
    make: ({ name }) => makeRow(name, onSelect),
    update: (row, view) => updateRow(row, view, view.name === selected),
  });
}

function makeRow(name, onSelect) {
  const cell = (field, label, className) =>
    element("td", { role: "cell", "data-field": field, "data-label": label, class: className });
  const button = element("button", { type: "button", class: "name" }, name);
  const row = element(
    "tr",
    { role: "row" },
    element("th", { role: "rowheader", scope: "row" }, button),
    element("td", { role: "cell", class: "state", "data-field": "state" }, dot(), element("span", { class: "word" })),
    cell("replicas", "replicas", "number"),
    element("td", { role: "cell", class: "spark-column" }, spark(name)),
    cell("rate", "rate", "number"),
    cell("p95", "P95", "number"),
    cell("budget", "budget used", "number"),
    cell("inFlight", "in-flight", "number"),
    cell("invocations", "invocations", "number"),
    cell("cpu", "CPU", "number extra"),
    cell("memory", "memory", "number extra"),
  );
  // The button is for keyboards and screen readers; a pointer may hit the whole row.
  row.addEventListener("click", () => onSelect(name));
  return row;
}

function dot() {
  return element("span", { class: "dot", "aria-hidden": "true" });
}

function updateRow(row, view, isSelected) {
  row.classList.toggle("selected", isSelected);
  setAttribute(row.querySelector("button"), "aria-pressed", String(isSelected));
  const state = row.querySelector(".state");
  setAttribute(state, "data-state", view.state.kind);
  setAttribute(state, "title", view.state.detail ?? STATE_WORDS[view.state.kind]);
  setText(state.querySelector(".word"), STATE_WORDS[view.state.kind]);
  const values = {
    replicas: `${view.availableReplicas}/${view.desiredReplicas}`,
    rate: rate(view.ratePerSecond),
    p95: quantile(view.p95Seconds),
    budget: budgetText(view.budget),
    inFlight: count(view.inFlight),
    invocations: count(view.invocations),
    cpu: `${count(view.usage.milliCpu)} m`,
    memory: bytes(view.usage.memoryBytes),
  };
  const isNothing = {
    rate: !view.ratePerSecond,
    p95: view.p95Seconds === null,
    budget: view.budget?.share == null,
    inFlight: view.inFlight === 0,
    invocations: view.invocations === 0,
  };
  for (const [field, text] of Object.entries(values)) {
    const cell = row.querySelector(`[data-field=${field}]`);
    setText(cell, text);
    cell.classList.toggle("quiet", isNothing[field] ?? false);
  }
  const budget = row.querySelector("[data-field=budget]");
  setAttribute(budget, "title", view.budget ? `SLO ${view.budget.slo}: ${view.budget.words}` : "");
  budget.classList.toggle("over", isOver(view.budget));
  row.classList.toggle("unmanaged", view.budget === null);
  drawSpark(row.querySelector(".spark"), recent.get(view.name) ?? []);
}

/** "3.1 % of 5 %"; a dash for what is not known, and for a function that has no SLO. */
function budgetText(budget) {
  return budget === null || budget.share === null ? "–" : `${percent(budget.share)} of ${percent(budget.budget)}`;
}

/** @param {{ share: number | null, budget: number } | null} budget */
export function isOver(budget) {
  return budget !== null && budget.share !== null && budget.share > budget.budget;
}

const SVG = "http://www.w3.org/2000/svg";

function spark(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${SPARK_WIDTH} ${SPARK_HEIGHT}`);
  svg.setAttribute("class", "spark");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `load of ${name} in the last minute`);
  svg.append(document.createElementNS(SVG, "polyline"));
  return svg;
}

/** Each line is as high as its own largest rate, so that a quiet function's shape shows too; at least 1/s. */
function drawSpark(svg, rates) {
  const most = Math.max(0, ...rates.map((value) => value ?? 0));
  const top = Math.max(1, most);
  svg.classList.toggle("flat", most === 0);
  const step = SPARK_WIDTH / (SPARK_READINGS - 1);
  const points = rates.map((value, i) => {
    const x = SPARK_WIDTH - (rates.length - 1 - i) * step;
    return `${x.toFixed(1)},${(SPARK_HEIGHT - 1.5 - ((value ?? 0) / top) * (SPARK_HEIGHT - 3)).toFixed(1)}`;
  });
  svg.firstChild.setAttribute("points", points.join(" "));
}
