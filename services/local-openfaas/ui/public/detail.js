/** The selected function: facts, replicas, and the last window that was closed on it. */
import { byId, element, keyed, setAttribute, setText } from "./dom.js";
import { age, count, decimal, percent, seconds } from "./format.js";
import { isOver, STATE_WORDS } from "./functions.js";

export function renderDetail(view, nowMs) {
  setText(byId("detail-name"), view.name);
  setText(byId("detail-facts"), factsOf(view).join(" · "));
  const problem = byId("detail-problem");
  problem.hidden = view.state.kind !== "back-off";
  setText(problem, view.state.kind === "back-off" ? `${STATE_WORDS["back-off"]}: ${view.state.detail}` : "");
  renderBudget(view.budget);
  renderReplicas(view, nowMs);
}

/** The gauge is full where the budget is; what is over it shows by its colour, and in the words. */
function renderBudget(budget) {
  const line = byId("budget");
  line.hidden = budget === null;
  if (budget === null) return;
  line.classList.toggle("over", isOver(budget));
  line.classList.toggle("unknown", budget.share === null);
  byId("budget-bar").style.width = `${Math.min(100, ((budget.share ?? 0) / budget.budget) * 100).toFixed(1)}%`;
  // A number and its sign stay on one line.
  setText(byId("budget-text"), `SLO ${budget.slo}: ${budget.words}`.replaceAll(" %", "\u00a0%"));
}

function factsOf({ image, limits, managed }) {
  const facts = [image];
  const bounds = [limits.cpu && `${limits.cpu} CPU`, limits.memory].filter(Boolean);
  facts.push(bounds.length > 0 ? `limits ${bounds.join(", ")} a replica` : "no limits");
  if (managed) {
    const { mode, policy, minReplicas, maxReplicas, targetInFlight } = managed;
    facts.push(
      `${mode} by ${policy.replace(/@held$/, ", held by ticks")}, ${minReplicas}…${maxReplicas} replicas, target ${decimal(targetInFlight)} in-flight each`,
    );
  } else facts.push("not under Replicant's care");
  return facts;
}

function renderReplicas({ replicas, state }, nowMs) {
  byId("no-replicas").hidden = replicas.length > 0;
  setText(byId("no-replicas"), state.kind === "idle" ? "None: the next invocation starts one." : "None at the moment.");
  keyed(byId("replicas"), replicas, {
    key: ({ id }) => id,
    make: ({ id, pid }) =>
      element(
        "tr",
        { title: `process ${pid}` },
        element("th", { scope: "row" }, id),
        element(
          "td",
          { class: "state" },
          element("span", { class: "dot", "aria-hidden": "true" }),
          element("span", { class: "word" }),
        ),
        element("td", { class: "number" }),
        element("td", { class: "number started-in" }),
        element("td", { class: "number" }),
      ),
    update: (row, { state, inFlight, startedAtMs, readyAtMs }) => {
      const [, stateCell, inFlightCell, startedInCell, ageCell] = row.children;
      setAttribute(stateCell, "data-state", state);
      setText(stateCell.lastChild, state);
      setText(inFlightCell, count(inFlight));
      setText(startedInCell, seconds(readyAtMs === null ? null : (readyAtMs - startedAtMs) / 1000));
      setText(ageCell, age(nowMs - startedAtMs));
    },
  });
}

/** @param {any | undefined} newest */
export function renderWindow(newest) {
  byId("window-card").hidden = !newest;
  if (!newest) return;
  const { window, reportedAtMs, slo } = newest;
  const lapse = window.timeLapse === 1 ? "" : `, in trace time (× ${decimal(window.timeLapse)})`;
  const at = new Date(reportedAtMs).toLocaleTimeString("en-GB");
  setText(byId("window-note"), `${window.seq}: ${decimal(window.windowSeconds)} s until ${at}${lapse}`);
  const { p50, p95, p99 } = window.latencySeconds;
  const errors = window.completedError;
  const ofRequest = (ratio) => (ratio === null ? "–" : `${(ratio * 100).toFixed(0)} % of request`);
  const pairs = [
    ["arrivals", count(window.arrivals)],
    [
      "completed",
      errors === null ? count(window.completedOk) : `${count(window.completedOk)} ok, ${count(sum(errors))} not`,
    ],
    ["latency P50", seconds(p50)],
    ["latency P95", seconds(p95)],
    ["latency P99", seconds(p99)],
    [`failed, or later than ${seconds(slo.seconds)}`, lateText(window.late)],
    ["in-flight", `${decimal(window.inFlightMean)} mean, ${count(window.inFlightMax)} most`],
    ["replicas", `${count(window.availableReplicas)} available, ${count(window.desiredReplicas)} desired`],
    ["CPU", ofRequest(window.cpuRatio)],
    ["memory", ofRequest(window.memoryRatio)],
  ];
  if (window.missing.length > 0) pairs.push(["not measured", window.missing.join(", ")]);
  keyed(byId("window"), pairs, {
    key: ([name]) => name,
    make: ([name]) => element("div", {}, element("dt", {}, name), element("dd")),
    update: (pair, [, value]) => setText(pair.lastChild, value),
  });
}

/** "3.1 %", and how far it can be trusted. */
function lateText({ share, because }) {
  if (because === null) return percent(share);
  return share === null ? because : `${percent(share)}, ${because}`;
}

function sum(counts) {
  return Object.values(counts).reduce((total, one) => total + one, 0);
}
