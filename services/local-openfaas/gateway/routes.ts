/** Every route of the platform's HTTP servers and who may use it: for the page of threats, and for the test that tries them. */

export interface RouteFact {
  readonly server: "gateway" | "metrics" | "provider";
  readonly methods: readonly string[];
  /** `:name` matches one segment, `*` any rest. */
  readonly path: string;
  /**
   * `login`: the platform's user by Basic auth. `anyone`: who reaches the port. Under `/system` and `/ui` pages of other sites
   * are refused in either case, and everywhere requests for a name that is not ours.
   */
  readonly who: "anyone" | "login";
  /** What it changes or shows. */
  readonly what: string;
}

const invocation = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"];

const system = (server: "gateway" | "provider"): readonly RouteFact[] => [
  ...[
    { methods: ["GET"], path: "/system/functions", what: "lists functions with their environment, never secrets" },
    { methods: ["POST"], path: "/system/functions", what: "deploys a function" },
    { methods: ["PUT"], path: "/system/functions", what: "replaces a function" },
    { methods: ["DELETE"], path: "/system/functions", what: "removes a function" },
    { methods: ["GET"], path: "/system/function/:name", what: "shows one function" },
    { methods: ["POST"], path: "/system/scale-function/:name", what: "sets a replica count" },
    { methods: ["GET"], path: "/system/info", what: "shows what this platform is" },
    { methods: ["GET"], path: "/system/telemetry", what: "says that there is none" },
    { methods: ["GET"], path: "/system/logs", what: "shows a function's log, 64 readers at most" },
    { methods: ["GET"], path: "/system/secrets", what: "lists the names of secrets" },
    {
      methods: ["POST", "PUT", "DELETE"],
      path: "/system/secrets",
      what: "writes a secret, which nobody can read back",
    },
  ].map((route) => ({ server, who: "login" as const, ...route })),
  ...[
    { methods: ["GET"], path: "/system/namespaces", what: "lists the one namespace" },
    { methods: ["GET"], path: "/system/namespace/:name", what: "shows the one namespace" },
  ].map((route) => ({ server, who: server === "provider" ? ("anyone" as const) : ("login" as const), ...route })),
];

export const routes: readonly RouteFact[] = [
  {
    ...{ server: "gateway", methods: invocation, path: "/function/:name*", who: "anyone" },
    what: "calls a function; 2000 calls at the same time, 1000 of one function",
  },
  {
    ...{ server: "gateway", methods: ["POST"], path: "/async-function/:name*", who: "anyone" },
    what: "queues a call; its result may be posted to functions of this platform and to listed hosts",
  },
  { server: "gateway", methods: ["GET"], path: "/healthz", who: "anyone", what: "says that the gateway answers" },
  { server: "gateway", methods: ["GET"], path: "/", who: "anyone", what: "leads to the page" },
  ...system("gateway"),
  {
    ...{ server: "gateway", methods: ["POST"], path: "/system/alert", who: "login" },
    what: "scales by an alert, as the community edition does",
  },
  { server: "gateway", methods: ["GET"], path: "/ui/*", who: "login", what: "the page's files" },
  { server: "gateway", methods: ["GET"], path: "/ui/api/state", who: "login", what: "what the page shows" },
  {
    server: "gateway",
    methods: ["GET"],
    path: "/ui/api/history/:name",
    who: "login",
    what: "a function's last windows",
  },
  {
    server: "gateway",
    methods: ["GET"],
    path: "/ui/api/events",
    who: "login",
    what: "events as they come, 32 pages at most",
  },
  { server: "metrics", methods: ["GET"], path: "/metrics", who: "anyone", what: "counts of invocations by function" },
  {
    server: "metrics",
    methods: ["GET"],
    path: "/containers/metrics",
    who: "anyone",
    what: "CPU and memory of replicas",
  },
  { server: "metrics", methods: ["GET"], path: "/healthz", who: "anyone", what: "says that metrics answer" },
  ...system("provider"),
  {
    ...{ server: "provider", methods: invocation, path: "/function/:name*", who: "anyone" },
    what: "calls a function that has a replica",
  },
  { server: "provider", methods: ["GET"], path: "/healthz", who: "anyone", what: "says that the provider answers" },
  { server: "provider", methods: ["GET"], path: "/metrics", who: "anyone", what: "counts of requests by route" },
  {
    server: "provider",
    methods: ["GET"],
    path: "/containers/metrics",
    who: "anyone",
    what: "CPU and memory of replicas",
  },
];
