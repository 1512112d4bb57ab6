/** A gateway under steady load as its metrics show it, and what can go wrong with a page of them. */
import type { MemoryScaleTarget } from "#test/support/memory-scale-target.ts";
import type { FunctionStatus } from "#shared/ports/function-gateway.ts";

const F = 'function_name="stress.openfaas-fn"';
const BOUNDS = [0.1, 0.5, 1, 2.5, 5] as const;

/** What becomes of the true page. Null is no answer. */
export type PageFault = (page: string, world: MetricsWorld) => string | null;

export class MetricsWorld {
  started = 0;
  ended = 0;
  inFlight = 16;
  ratePerSecond = 20;
  annotations: Record<string, string> = {};
  fault: PageFault | null = null;
  listIsAway = false;
  /** Managed as well, and never called. */
  visitors: readonly string[] = [];
  #scrapes = 0;
  #startSeconds = 1_700_000_000;
  #cpuSeconds = 0;
  #nowSeconds = 0;
  #frozen: string | null = null;

  constructor(readonly target: MemoryScaleTarget) {}

  get replicas(): number {
    return this.target.get("stress") ?? 0;
  }

  /** Calls come, and those before them end. */
  pass(seconds: number): void {
    this.#nowSeconds += seconds;
    this.#cpuSeconds += 0.06 * seconds;
    this.started += this.ratePerSecond * seconds;
    this.ended = Math.max(this.ended, this.started - (this.ratePerSecond === 0 ? 0 : this.inFlight));
  }

  /** As after a crash: it counts from zero, and knows no series. */
  restartGateway(): void {
    this.#startSeconds += 1_000;
    this.started = 0;
    this.ended = 0;
  }

  get truePage(): string {
    const { started, ended } = this;
    this.#scrapes++;
    const counted =
      started === 0
        ? []
        : [
            `gateway_function_invocation_started{${F}} ${started}`,
            `gateway_function_invocation_total{${F},code="200"} ${ended}`,
            ...BOUNDS.map((le) => `gateway_functions_seconds_bucket{${F},code="200",le="${le}"} ${le < 1 ? 0 : ended}`),
            `gateway_functions_seconds_bucket{${F},code="200",le="+Inf"} ${ended}`,
            `gateway_functions_seconds_sum{${F},code="200"} ${0.8 * ended}`,
            `gateway_functions_seconds_count{${F},code="200"} ${ended}`,
          ];
    return [
      ...counted,
      `gateway_service_count{${F}} ${this.replicas}`,
      `gateway_service_ready_count{${F}} ${this.replicas}`,
      `process_start_time_seconds ${this.#startSeconds}`,
      `promhttp_metric_handler_requests_total{code="200"} ${this.#scrapes}`,
      "",
    ].join("\n");
  }

  get containerPage(): string {
    const lines = Array.from({ length: this.replicas }, (_, i) => {
      const pod = `namespace="openfaas-fn",pod="stress-${i}",container="stress"`;
      return [
        `container_cpu_usage_seconds_total{${pod}} ${this.#cpuSeconds}`,
        `container_memory_working_set_bytes{${pod}} 50`,
        `kube_pod_container_resource_requests{${pod},resource="cpu"} 0.1`,
        `kube_pod_container_resource_requests{${pod},resource="memory"} 100`,
        `container_last_seen{${pod}} ${this.#nowSeconds}`,
      ];
    });
    return `${lines.flat().join("\n")}\n`;
  }

  /** The page that was last seen, whatever happens meanwhile. */
  frozen(page: string): string {
    return (this.#frozen ??= page);
  }

  scrape = async () => {
    const page = this.truePage;
    if (this.fault === null) this.#frozen = null;
    return {
      functionMetrics: this.fault === null ? page : this.fault(page, this),
      containerMetrics: this.containerPage,
    };
  };

  list = async (): Promise<readonly FunctionStatus[]> => {
    if (this.listIsAway) throw new Error("the gateway does not list its functions");
    const { replicas } = this;
    return [
      {
        ...{ name: "stress", namespace: "openfaas-fn", image: "i", replicas, availableReplicas: replicas },
        ...{ labels: {}, annotations: this.annotations, limits: {}, requests: {} },
      },
      ...this.visitors.map((name) => ({
        ...{ name, namespace: "openfaas-fn", image: "i", replicas: 1, availableReplicas: 1 },
        ...{ labels: {}, annotations: this.annotations, limits: {}, requests: {} },
      })),
      {
        ...{ name: "policy-inference", namespace: "openfaas-fn", image: "i", replicas: 1, availableReplicas: 1 },
        ...{ labels: {}, annotations: { topic: "replicant.window" }, limits: {}, requests: {} },
      },
    ];
  };
}

const counters = /^(gateway_function[^ ]*) .*$/gm;
const all = (value: string) => (page: string) => page.replace(counters, `$1 ${value}`);
const started = /^gateway_function_invocation_started.*\n/m;

export const PAGE_FAULTS: Readonly<Record<string, PageFault>> = {
  "no answer": () => null,
  "an empty page": () => "",
  "NaN everywhere": all("NaN"),
  "infinity everywhere": all("+Inf"),
  "negative everywhere": all("-7"),
  "zero everywhere": all("0"),
  "NaN of what arrived": (page) => page.replace(started, `gateway_function_invocation_started{${F}} NaN\n`),
  "a series that vanished": (page) => page.replace(started, ""),
  frozen: (page, world) => world.frozen(page),
  "frozen, with its gauges at 0": (page, world) => world.frozen(page).replace(/^(gateway_service_[^ ]*) .*$/gm, "$1 0"),
  "cut within a line": (page) => page.slice(0, page.indexOf("_total") + 4),
  "cut at a line's end": (page) => page.slice(0, page.indexOf("\n") + 1),
  "cut to its last lines": (page) => page.slice(page.indexOf("process_start")),
  "everything twice, and not alike": (page) => all("3")(page) + page,
  "no page of metrics": () => "<html>502 Bad Gateway</html>\n",
};
