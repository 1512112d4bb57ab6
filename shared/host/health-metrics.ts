/** A part's health in the Prometheus text format: is it well, how long ago it did what for which function, and how often. */
import { Gauge, Registry } from "prom-client";

import type { Answer } from "./handler.ts";
import { healthOf, type Watched } from "./health.ts";

/** The text as the body of an answer, and its content type. */
export async function healthMetrics(part: string, watched: Watched): Promise<Pick<Answer, "body" | "type">> {
  const registry = new Registry();
  registry.setDefaultLabels({ part });
  const gauges = new Map<string, Gauge>();
  const gauge = (name: string, help: string, labelNames: readonly string[] = ["function"]) => {
    let found = gauges.get(name);
    if (!found) gauges.set(name, (found = new Gauge({ name, help, labelNames, registers: [registry] })));
    return found;
  };
  const { ok, problems } = healthOf(watched);
  gauge("replicant_healthy", "1 when the part does what is expected of it, else 0.", []).set(ok ? 1 : 0);
  gauge("replicant_problems", "Sentences that its status has to say of it.", []).set(problems.length);
  for (const { functionName, deed, count, ageSeconds } of watched.activity.counts()) {
    const labels = { function: functionName };
    gauge(`replicant_${deed}_count`, `How often since the start: ${deed}.`).set(labels, count);
    if (ageSeconds === null) continue;
    const help = `Seconds since the last ${deed}, or since the first one has been due.`;
    gauge(`replicant_last_${deed}_age_seconds`, help).set(labels, ageSeconds);
  }
  return { body: await registry.metrics(), type: registry.contentType };
}
