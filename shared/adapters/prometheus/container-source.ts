/** CPU and memory over PromQL ("Prometheus B": cAdvisor and kube-state-metrics, or a local platform's container metrics). */
import { toWallMs, type TraceTime } from "../../core/trace-time.ts";
import type { ContainerSource } from "../../ports/metrics-source.ts";
import { askAll } from "./answers.ts";
import type { PrometheusClient } from "./client.ts";
import { containerExpressions } from "./expressions.ts";
import type { ServerTime } from "./server-time.ts";

/** Instants are the server's own where `serverTime` is given, else this machine's. */
export function prometheusContainers(
  client: PrometheusClient,
  traceTime: TraceTime,
  serverTime?: Pick<ServerTime, "now">,
): ContainerSource {
  return {
    async look({ atMs, window }, expected) {
      if (window === null || expected.length === 0) {
        return { problems: [], ratios: () => ({ cpuRatio: null, memoryRatio: null }) };
      }
      const rangeMs = (window.windowSeconds * 1_000) / traceTime.timeLapse;
      const now = (await serverTime?.now(rangeMs)) ?? { atMs: toWallMs(atMs, traceTime) };
      if ("refused" in now) return { problems: [now.refused], ratios: () => ({ cpuRatio: null, memoryRatio: null }) };
      const answers = await askAll(client, containerExpressions(expected, rangeMs), now.atMs);
      return {
        problems: answers.problems,
        // Both sides of the ratio are real cores: it is the same in either time.
        ratios: (about) => ({ cpuRatio: answers.value("cpu", about), memoryRatio: answers.value("memory", about) }),
      };
    },
  };
}
