/** The table of rooms (shared/README.md, "Rooms") as rules. Each says why. */
const room = (name) => `^shared/${name}/`;
const only = (name, allowed, why) => ({
  name: `${name}-imports-only-its-neighbours`,
  comment: why,
  severity: "error",
  from: { path: room(name) },
  to: { path: "^(shared|functions|services)/", pathNot: [name, ...allowed].map((other) => `^shared/${other}/`) },
});
/** Every room under shared/: each has a row below. */
const ROOMS = [
  ...["core", "budget", "metrics", "traces", "load", "guard", "task", "rl", "policies", "sim", "events", "ports"],
  ...["adapters", "config", "host", "deploy", "evaluation", "training", "live", "build", "models"],
];
const LOCAL_DOOR = "^services/local-openfaas/index\\.ts$";
const doorway = (packages, rooms, why) => ({
  name: `only-${rooms.length ? rooms.join("-").replaceAll(/[^a-z-]/g, "") : "nobody"}-opens-${packages[0].replaceAll(/[^a-z-]/g, "")}`,
  comment: why,
  severity: "error",
  from: { path: "^(shared|functions|services)/", pathNot: rooms.map((r) => `^${r}/`) },
  to: { path: packages.map((p) => `node_modules/${p}(/|$)`), dependencyTypesNot: ["type-only"] },
});

module.exports = {
  forbidden: [
    {
      name: "no-cycles",
      comment: "A cycle has no first file to read.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    only("core", [], "The words of the domain depend on nothing."),
    only("metrics", ["core"], "The arithmetic of samples is pure; the collector and the simulator share it."),
    only("traces", ["core"], "A trace and what is planned from it know nobody who plays it."),
    only("load", ["core", "traces"], "A replay is made from a schedule alone."),
    only("budget", ["core"], "What keeps an SLO is learned from windows alone, whoever uses it."),
    only("guard", ["core"], "What may become of a proposal does not depend on who proposed it."),
    only("task", ["core"], "What is learned is said once, whoever learns it and wherever it is lived through."),
    only("rl", ["core", "task"], "Learning sees an environment, never a platform."),
    only(
      "policies",
      ["budget", "core", "rl", "task", "traces"],
      "A policy proposes from history; it reads nothing by itself.",
    ),
    only(
      "sim",
      ["core", "guard", "metrics", "task", "traces"],
      "The simulator is a model of the platform, not of our services.",
    ),
    only("events", ["core"], "An event carries words of the domain."),
    only("ports", ["core", "events"], "A port is said in our own words."),
    only(
      "adapters",
      ["core", "events", "metrics", "ports"],
      "An adapter knows the world and the port it serves; what a histogram says is computed in one room.",
    ),
    only("config", ["core"], "Settings are read once, before anything else."),
    only("host", ["config", "core", "events", "ports"], "Being a workload is the same for every function."),
    only("deploy", ["core"], "A stack file is read before anything runs."),
    only(
      "evaluation",
      ["adapters", "config", "core", "guard", "metrics", "policies", "ports", "rl", "sim", "task", "traces"],
      "An evaluation runs policies in the simulator, and keeps what came of it.",
    ),
    only(
      "training",
      ["adapters", "config", "core", "evaluation", "policies", "ports", "rl", "sim", "task", "traces"],
      "A training plays environments on threads and keeps checkpoints.",
    ),
    only(
      "live",
      [
        ...["adapters", "budget", "config", "core", "deploy", "evaluation", "events", "guard", "host", "load"],
        ...["metrics", "policies", "ports", "rl", "sim", "task", "traces"],
      ],
      "What is done on a running platform uses it from outside: what starts a platform is passed in.",
    ),
    only("build", [], "What makes the bundles needs none of the code in them."),
    only("models", [], "Checkpoints are files."),
    {
      name: "every-room-has-a-row",
      comment: "A room without a row of its own could import anything.",
      severity: "error",
      from: { path: "^shared/", pathNot: ROOMS.map(room) },
      to: {},
    },
    {
      name: "parts-do-not-know-each-other",
      comment: "Parts speak by events and HTTP; what two of them need lives in shared/.",
      severity: "error",
      from: { path: "^(functions|services)/([^/]+)/" },
      to: { path: "^(functions|services)/", pathNot: ["^$1/$2/", LOCAL_DOOR] },
    },
    {
      name: "one-door-to-the-local-platform",
      comment: "The command line starts the local platform, through its door; nobody else needs it.",
      severity: "error",
      from: { path: "^(functions|services|shared)/", pathNot: "^services/(cli|local-openfaas)/" },
      to: { path: LOCAL_DOOR },
    },
    {
      name: "pure-rooms-stay-in-the-browser",
      comment: "core, guard, metrics, task, sim, policies and rl run anywhere: no node modules.",
      severity: "error",
      from: { path: "^shared/(core|guard|metrics|sim|policies|rl|task|events|ports)/" },
      to: { dependencyTypes: ["core"] },
    },
    doorway(["@nats-io"], ["shared/adapters"], "One room speaks NATS."),
    doorway(["axios"], ["shared/adapters"], "One room makes control calls."),
    doorway(["@kubernetes"], ["shared/adapters"], "One room speaks to Kubernetes."),
    doorway(
      ["zod"],
      ["shared/events", "shared/rl/checkpoint", "shared/config", "services/local-openfaas"],
      "Bytes are checked at the doors.",
    ),
    doorway(
      ["pino", "prom-client"],
      ["shared/host", "services/local-openfaas"],
      "Logs and metrics look alike everywhere.",
    ),
    doorway(["express"], ["services/local-openfaas"], "Only what has many routes needs a router."),
    doorway(["commander"], ["services/cli"], "One place parses the command line."),
    doorway(["pidusage"], ["services/local-openfaas"], "Only the platform looks at processes."),
    doorway(["@observablehq"], ["shared/evaluation"], "Figures are drawn in the report alone."),
    doorway(["yaml"], ["shared/deploy"], "stack.yml is read in one place."),
    doorway(["@tensorflow"], ["shared/rl"], "Tensors stay in one room."),
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    exclude: { path: "/public/" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "require", "node", "default", "types"],
    },
  },
};
