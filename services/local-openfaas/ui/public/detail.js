/** The selected function: facts, replicas, and the last window that was closed on it. */
import { byId, element, keyed, setAttribute, setText } from "./dom.js";
import { age, count, decimal, seconds } from "./format.js";
import { STATE_WORDS } from "./functions.js";

export function renderDetail(view, nowMs) {
  setText(byId("detail-name"), view.name);
  setText(byId("detail-facts"), factsOf(view).join(" · "));
  const problem = byId("detail-problem");
  problem.hidden = view.state.kind !== "back-off";
  setText(problem, view.state.kind === "back-off" ? `${STATE_WORDS["back-off"]}: ${view.state.detail}` : "");
  renderReplicas(view, nowMs);
}

function factsOf({ image, limits, managed }) {
  const facts = [image];
  const bounds = [limits.cpu && `${limits.cpu} CPU`, limits.memory].filter(Boolean);
  facts.push(bounds.length > 0 ? `limits ${bounds.join(", ")} a replica` : "no limits");
  if (managed) {
    const { mode, policy, minReplicas, maxReplicas, targetInFlight } = managed;
    facts.push(
      `${mode} by ${policy}, ${minReplicas}…${maxReplicas} replicas, target ${decimal(targetInFlight)} in-flight each`,
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

/** @param {any | undefined} told */
export function renderWindow(told, managed) {
  byId("window-card").hidden = !told;
  if (!told) return;
  const { window, toldAtMs } = told;
  const lapse = window.timeLapse === 1 ? "" : `, in trace time (× ${decimal(window.timeLapse)})`;
  const at = new Date(toldAtMs).toLocaleTimeString("en-GB");
  setText(byId("window-note"), `${window.seq}: ${decimal(window.windowSeconds)} s until ${at}${lapse}`);
  const { p50, p95, p99 } = window.latencySeconds;
  const errors = window.completedError;
  const percent = (ratio) => (ratio === null ? "–" : `${(ratio * 100).toFixed(0)} % of request`);
  const isSlow = managed && p95 !== null && p95 > managed.sloP95Seconds;
  const pairs = [
    ["arrivals", count(window.arrivals)],
    [
      "completed",
      errors === null ? count(window.completedOk) : `${count(window.completedOk)} ok, ${count(sum(errors))} not`,
    ],
    ["latency P50", seconds(p50)],
    [
      "latency P95",
      `${seconds(p95)}${managed ? ` (SLO ${seconds(managed.sloP95Seconds)}${isSlow ? ", missed" : ""})` : ""}`,
    ],
    ["latency P99", seconds(p99)],
    ["in-flight", `${decimal(window.inFlightMean)} mean, ${count(window.inFlightMax)} most`],
    ["replicas", `${count(window.availableReplicas)} available, ${count(window.desiredReplicas)} desired`],
    ["CPU", percent(window.cpuRatio)],
    ["memory", percent(window.memoryRatio)],
  ];
  if (window.missing.length > 0) pairs.push(["not measured", window.missing.join(", ")]);
  keyed(byId("window"), pairs, {
    key: ([name]) => name,
    make: ([name]) => element("div", {}, element("dt", {}, name), element("dd")),
    update: (pair, [, value]) => setText(pair.lastChild, value),
  });
}

function sum(counts) {
  return Object.values(counts).reduce((total, one) => total + one, 0);
}
