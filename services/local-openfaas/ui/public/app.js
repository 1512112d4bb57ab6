/** The page: what the stream sends goes into one state, and the state onto the screen. */
import { createCharts } from "./charts.js";
import { changeOf, renderDecisions } from "./decisions.js";
import { renderDetail, renderWindow } from "./detail.js";
import { byId, setText } from "./dom.js";
import { clockTime, decimal, rate, seconds } from "./format.js";
import { addRecentRates, renderFunctions, setRecentRates, STATE_WORDS } from "./functions.js";
import { clearAnswer, wireInvoke } from "./invoke.js";
import { openStream } from "./stream.js";

const MAX_KEPT = 100;

const state = { atMs: 0, bus: null, functions: [], decisions: [], windows: [] };
let selected = decodeURIComponent(location.hash.slice(1)) || null;
/** Readings that came while the selected function's past is on its way; null when it is here. */
let waiting = null;
let lostAtMs = null;
const spokenStates = new Map();
const charts = createCharts();

const viewOf = (name) => state.functions.find((view) => view.name === name);
const newestWindow = (name) => state.windows.findLast(({ window }) => window.functionName === name);

/** Without a choice, a managed function is the one to look at. */
function chooseSelected() {
  if (viewOf(selected)) return selected;
  return (state.functions.find(({ managed }) => managed) ?? state.functions[0])?.name ?? null;
}

function select(name) {
  if (name === selected) return;
  selected = name;
  history.replaceState(null, "", `#${encodeURIComponent(name)}`);
  clearAnswer();
  render();
  renderReceived();
  void loadPast();
}

/** Fetches the selected function's past; readings that come meanwhile are added behind it. */
async function loadPast() {
  const name = selected;
  if (name === null) return;
  const readings = [];
  waiting = readings;
  charts.clear();
  try {
    const response = await fetch(new URL(`/ui/api/history/${encodeURIComponent(name)}`, location.origin));
    if (waiting !== readings) return; // another was chosen, or another attempt began
    if (response.ok) charts.show(name, await response.json());
  } catch {
    // The connection is lost: the stream says so, and with its return the past is fetched again.
  }
  if (waiting !== readings) return;
  waiting = null;
  for (const reading of readings) charts.add(reading);
}

function render() {
  renderFunctions(state.functions, selected, select);
  const view = viewOf(selected);
  byId("detail").hidden = !view;
  if (view) renderDetail(view, state.atMs);
  const bus = state.bus
    ? `${state.bus.description}${state.bus.state === "connected" ? "" : ` (${state.bus.state})`}`
    : null;
  setText(byId("bus"), bus ?? "none are received, the platform runs without a bus");
  document.title = view
    ? `${view.availableReplicas}/${view.desiredReplicas} · ${rate(view.ratePerSecond)} · ${view.name}`
    : "Replicant";
  speakStates();
}

/** What comes from the bus: rarer than samples, and dearer to draw. */
function renderReceived() {
  const view = viewOf(selected);
  if (!view) return;
  const { decisions, windows, bus } = state;
  renderDecisions({
    decisions,
    windows,
    functionName: selected,
    isManaged: view.managed !== null,
    hasBus: bus !== null,
  });
  const newest = newestWindow(selected);
  renderWindow(newest);
  charts.setChanges(
    decisions
      .filter(({ applied }) => applied.functionName === selected && applied.applied !== null)
      .map(({ reportedAtMs, applied }) => ({ atMs: reportedAtMs, ...changeOf(applied) }))
      .filter(({ direction }) => direction !== "none"),
  );
  showSlo(view.managed, newest?.window.timeLapse ?? 1);
}

/** Objectives are in trace time, this page's seconds are real. */
function showSlo(managed, timeLapse) {
  charts.setSlo(managed ? managed.slo.seconds / timeLapse : null);
  byId("slo-legend").hidden = !managed;
  if (!managed) return;
  const real = seconds(managed.slo.seconds / timeLapse);
  const of = (within) => `SLO ${managed.slo.percentile} % within ${within}`;
  setText(
    byId("slo-text"),
    timeLapse === 1 ? of(real) : `${of(real)} (${seconds(managed.slo.seconds)} at × ${decimal(timeLapse)})`,
  );
}

/** Says a change of state to those who do not see it; numbers are not read out each second. */
function speakStates() {
  const news = [];
  for (const { name, state: now, availableReplicas, desiredReplicas } of state.functions) {
    const before = spokenStates.get(name);
    if (before !== undefined && before !== now.kind) {
      news.push(`${name} is ${STATE_WORDS[now.kind]}, ${availableReplicas} of ${desiredReplicas} replicas`);
    }
    spokenStates.set(name, now.kind);
  }
  if (news.length > 0) setText(byId("spoken"), news.join("; "));
}

function showLink(isLive) {
  document.body.classList.remove("waiting");
  document.body.classList.toggle("lost", !isLive);
  lostAtMs = isLive ? null : (lostAtMs ?? Date.now());
  setText(byId("link-text"), isLive ? "live" : `connection lost at ${clockTime(lostAtMs)}, trying again`);
}

function keep(list, one) {
  if (list.some(({ id }) => id === one.id)) return;
  list.push(one);
  if (list.length > MAX_KEPT) list.shift();
}

openStream(
  {
    state(whole) {
      Object.assign(state, whole);
      const { version, profile, limits } = whole.platform;
      setText(byId("platform"), `profile ${profile} · version ${version}`);
      setText(byId("limits"), limits.replace(/^limits: /, ""));
      setRecentRates(whole.recentRates);
      selected = chooseSelected();
      render();
      renderReceived();
      void loadPast();
    },
    sample(sample) {
      Object.assign(state, sample);
      addRecentRates(sample.functions);
      const next = chooseSelected();
      if (next !== selected) {
        selected = next;
        renderReceived();
        void loadPast();
      }
      render();
      const view = viewOf(selected);
      if (!view) return;
      if (waiting) waiting.push(view);
      else charts.add(view);
    },
    decision(decision) {
      keep(state.decisions, decision);
      renderReceived();
    },
    window(window) {
      keep(state.windows, window);
      renderReceived();
    },
  },
  showLink,
);
wireInvoke(() => selected);
byId("detail").addEventListener("change", ({ target }) => {
  if (target.name === "span") charts.setSpan(Number(target.value));
});
