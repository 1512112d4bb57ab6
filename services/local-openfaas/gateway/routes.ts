/** Every route of the platform's HTTP servers and who may use it: for the page of threats, and for the test that tries them. */

/** A route of one server. */
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

/** A row: methods, path, who may use it, and what it changes or shows. */
type Row = readonly [methods: string, path: string, who: RouteFact["who"], what: string];

const invocation = "GET HEAD OPTIONS POST PUT PATCH DELETE";

/** A provider's namespaces are open to read. */
const system = (namespaces: RouteFact["who"]): readonly Row[] => [
  ["GET", "/system/functions", "login", "lists functions with their environment, never secrets"],
  ["POST", "/system/functions", "login", "deploys a function"],
  ["PUT", "/system/functions", "login", "replaces a function"],
  ["DELETE", "/system/functions", "login", "removes a function"],
  ["GET", "/system/function/:name", "login", "shows one function"],
  ["POST", "/system/scale-function/:name", "login", "sets a replica count"],
  ["GET", "/system/info", "login", "shows what this platform is"],
  ["GET", "/system/telemetry", "login", "says that there is none"],
  ["GET", "/system/logs", "login", "shows a function's log, 64 readers at most"],
  ["GET", "/system/secrets", "login", "lists the names of secrets"],
  ["POST PUT DELETE", "/system/secrets", "login", "writes a secret, which nobody can read back"],
  ["GET", "/system/namespaces", namespaces, "lists the one namespace"],
  ["GET", "/system/namespace/:name", namespaces, "shows the one namespace"],
];

const asyncCall = "queues a call; its result may be posted to functions of this platform and to listed hosts";

const rows: Readonly<Record<RouteFact["server"], readonly Row[]>> = {
  gateway: [
    [invocation, "/function/:name*", "anyone", "calls a function; 2000 calls at the same time, 1000 of one function"],
    ["POST", "/async-function/:name*", "anyone", asyncCall],
    ["GET", "/healthz", "anyone", "says that the gateway answers"],
    ["GET", "/", "anyone", "leads to the page"],
    ...system("login"),
    ["POST", "/system/alert", "login", "scales by an alert, as the community edition does"],
    ["GET", "/ui/*", "login", "the page's files"],
    ["GET", "/ui/api/state", "login", "what the page shows"],
    ["GET", "/ui/api/history/:name", "login", "a function's last windows"],
    ["GET", "/ui/api/events", "login", "events as they come, 32 pages at most"],
  ],
  metrics: [
    ["GET", "/metrics", "anyone", "counts of invocations by function"],
    ["GET", "/containers/metrics", "anyone", "CPU and memory of replicas"],
    ["GET", "/healthz", "anyone", "says that metrics answer"],
  ],
  provider: [
    ...system("anyone"),
    [invocation, "/function/:name*", "anyone", "calls a function that has a replica"],
    ["GET", "/healthz", "anyone", "says that the provider answers"],
    ["GET", "/metrics", "anyone", "counts of requests by route"],
    ["GET", "/containers/metrics", "anyone", "CPU and memory of replicas"],
  ],
};

/** In the order of the servers, and of each server's rows. */
export const routes: readonly RouteFact[] = (["gateway", "metrics", "provider"] as const).flatMap((server) =>
  rows[server].map(([methods, path, who, what]) => ({ server, methods: methods.split(" "), path, who, what })),
);
