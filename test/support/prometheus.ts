/** A real Prometheus that scrapes what a test names, on a port and in a folder of its own. */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

import { freePort } from "#services/local-openfaas/bus/ports.ts";
import { eventually } from "./eventually.ts";

export { findPrometheus } from "#test/support/metrics/prometheus-peer.ts";

export interface PrometheusPeer {
  readonly url: string;
  /** The instant of the last scrape of `job`, as Prometheus noted it. */
  lastScrapeMs(job: string): Promise<number>;
  get(path: string): Promise<unknown>;
}

/** `targets`: by job, the address that is scraped. `rules`: a file of rules to evaluate. */
export async function startPrometheus(
  t: TestContext,
  program: string,
  targets: Readonly<Record<string, string>>,
  { scrapeMs = 1_000, rules = null as string | null, wishedPort = null as number | null } = {},
): Promise<PrometheusPeer> {
  const folder = await mkdtemp(join(tmpdir(), "prometheus-"));
  const port = await freePort(wishedPort);
  const url = `http://127.0.0.1:${port}`;
  const jobs = Object.entries(targets).map(([job_name, target]) => {
    const { host, pathname } = new URL(target);
    return { job_name, metrics_path: pathname, static_configs: [{ targets: [host] }] };
  });
  const every = `${scrapeMs}ms`;
  const config = {
    global: { scrape_interval: every, scrape_timeout: every, evaluation_interval: every },
    rule_files: rules === null ? [] : [rules],
    scrape_configs: jobs,
  };
  await writeFile(join(folder, "prometheus.yml"), JSON.stringify(config)); // JSON is YAML.
  const server = spawn(
    program,
    [
      `--config.file=${join(folder, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=error",
    ],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  const ended = new Promise((resolve) => server.once("exit", resolve));
  t.after(async () => {
    server.kill("SIGKILL");
    await ended;
    await rm(folder, { recursive: true, force: true });
  });
  const get = async (path: string) => (await fetch(`${url}${path}`)).json();
  await eventually(async () => (await fetch(`${url}/-/ready`)).ok, { timeoutMs: 30_000, what: "prometheus is ready" });
  return {
    url,
    get,
    lastScrapeMs: (job) =>
      eventually(
        async () => {
          const query = encodeURIComponent(`timestamp(up{job="${job}"} == 1)`);
          const { data } = (await get(`/api/v1/query?query=${query}`)) as {
            data: { result: { value: [number, string] }[] };
          };
          return Math.round(Number(data.result[0]!.value[1]) * 1_000);
        },
        { timeoutMs: 20_000, what: `a scrape of ${job}` },
      ),
  };
}
