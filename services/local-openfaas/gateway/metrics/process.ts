/** Metrics of the gateway's own process: they change without any call, so an idle gateway differs from a stopped one. */
import { Counter, Gauge, type Registry } from "prom-client";

/** Registered last, so that a page that was cut lacks it. */
export function registerProcess(registry: Registry): void {
  const registers = [registry];
  new Counter({
    registers,
    name: "process_cpu_seconds_total",
    help: "CPU time of the process, user and system.",
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  new Gauge({
    registers,
    name: "process_start_time_seconds",
    help: "When the process began, since 1970.",
  }).set(performance.timeOrigin / 1_000);
  const scrapes = new Counter({
    registers,
    name: "promhttp_metric_handler_requests_total",
    help: "Scrapes answered.",
    labelNames: ["code"],
    collect() {
      scrapes.inc({ code: "200" });
    },
  });
}
