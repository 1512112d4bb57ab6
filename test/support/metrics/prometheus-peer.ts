/** A real Prometheus that scrapes a scripted target, asked many questions: its samples and answers as data. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { accessSync, constants } from "node:fs";

import { eventually } from "#test/support/eventually.ts";
import { freePort } from "#services/local-openfaas/bus/ports.ts";

export interface RecordedSeries {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** [milliseconds, value as Prometheus writes it]. */
  readonly samples: readonly (readonly [number, string])[];
}

export interface RecordedAnswer {
  /** Which function of promql.ts answers the same. */
  readonly ask: "instant" | "rate" | "increase" | "histogram_quantile";
  readonly name: string;
  readonly rangeMs: number;
  readonly q: number;
  readonly atMs: number;
  /** By series, labels as Prometheus gave them less job and instance; empty when it answered nothing. */
  readonly values: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: string }[];
}

export interface Recording {
  readonly server: string;
  readonly lookBackMs: number;
  /** Instants of the scrapes that the target answered, from a series that is always there. */
  readonly series: readonly RecordedSeries[];
  readonly answers: readonly RecordedAnswer[];
}

export const LOOK_BACK_MS = 1500;

/** Where `prometheus` stands on PATH, if it does. */
export function findPrometheus(): string | null {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const path = join(folder, "prometheus");
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      continue;
    }
  }
  return null;
}

/** What the target says at its n-th scrape: resets, gaps, late births, NaN and ±Inf, a histogram with a lull. */
export function scriptedMetrics(n: number): string {
  const lines = [
    "# TYPE steady_total counter",
    `steady_total{function_name="stress.openfaas-fn"} ${3 * n}`,
    "# TYPE reset_total counter",
    `reset_total ${n < 18 ? 100 + 7 * n : 2 * (n - 18)}`,
    `young_total{code="200"} ${n * n}`,
    "# TYPE odd gauge",
    `odd{kind="nan"} ${n % 6 === 0 ? "NaN" : n}`,
    `odd{kind="inf"} ${n % 7 === 0 ? "+Inf" : -n}`,
    `odd{kind="all-nan"} NaN`,
    `wave ${(10 * Math.sin(n / 3)).toFixed(6)}`,
  ];
  if (n >= 12) lines.push(`young_total{code="500"} ${n - 11}`);
  if (n < 14 || n >= 22) lines.push(`gap_total ${5 * n}`, `gap_gauge ${n}`);
  if (n < 24) lines.push(`gone_gauge ${n}`);
  const calls = n < 20 ? n : n < 30 ? 20 : n - 10;
  for (const [le, share] of [
    ["0.1", 0.3],
    ["0.5", 0.6],
    ["2.5", 0.9],
    ["+Inf", 1],
  ] as const) {
    lines.push(`took_seconds_bucket{le="${le}"} ${Math.floor(calls * 10 * share)}`);
    if (le !== "+Inf") lines.push(`broken_seconds_bucket{le="${le}"} ${n}`);
    lines.push(`below_zero_bucket{le="${le === "0.1" ? "-1" : le}"} ${Math.floor(n * share)}`);
  }
  return `${lines.join("\n")}\n`;
}

const PLAIN = ["steady_total", "reset_total", "young_total", "odd", "wave", "gap_total", "gap_gauge", "gone_gauge"];
const HISTOGRAMS = ["took_seconds", "broken_seconds", "below_zero"];

/** Runs Prometheus for `scrapes` scrapes, `everyMs` apart; leaves no process and no file. */
export async function record(prometheus: string, scrapes: number, everyMs: number): Promise<Recording> {
  const folder = await mkdtemp(join(tmpdir(), "replicant-prometheus-"));
  let n = 0;
  const target = createServer((_request, response) => {
    response.setHeader("content-type", "text/plain; version=0.0.4");
    response.end(scriptedMetrics(n++));
  });
  await new Promise<void>((resolve) => target.listen(0, "127.0.0.1", resolve));
  const targetPort = (target.address() as AddressInfo).port;
  let server: ChildProcess | undefined;
  try {
    await writeFile(
      join(folder, "p.yml"),
      `global: { scrape_interval: ${everyMs}ms, scrape_timeout: ${everyMs}ms }\n` +
        `scrape_configs: [{ job_name: t, static_configs: [{ targets: ["127.0.0.1:${targetPort}"] }] }]\n`,
    );
    const port = await freePort(null);
    const url = `http://127.0.0.1:${port}`;
    server = spawn(
      prometheus,
      [
        `--config.file=${join(folder, "p.yml")}`,
        `--storage.tsdb.path=${join(folder, "data")}`,
        `--web.listen-address=127.0.0.1:${port}`,
        `--query.lookback-delta=${LOOK_BACK_MS}ms`,
        "--log.level=error",
      ],
      { stdio: "ignore" },
    );
    await eventually(async () => (await fetch(`${url}/-/ready`)).ok, {
      timeoutMs: 20_000,
      what: "prometheus is ready",
    });
    await eventually(() => n >= scrapes, { timeoutMs: scrapes * everyMs * 3 + 20_000, what: `${scrapes} scrapes` });
    target.closeAllConnections();
    target.close();
    return await ask(url);
  } finally {
    if (server && server.exitCode === null) {
      const ended = new Promise((resolve) => server!.once("exit", resolve));
      server.kill("SIGKILL");
      await ended;
    }
    target.closeAllConnections();
    target.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function ask(url: string): Promise<Recording> {
  const build = (await (await fetch(`${url}/api/v1/status/buildinfo`)).json()) as { data: { version: string } };
  const raw = await query(url, `{job="t",__name__!~"scrape_.*|up"}[10m]`, Date.now());
  const series = raw.map(({ metric, values }) => {
    const { __name__: name, ...labels } = metric;
    return { name: name!, labels: own(labels), samples: values!.map(([s, v]) => [Math.round(s * 1000), v] as const) };
  });
  const scrapeMs = series.find(({ name }) => name === "wave")!.samples.map(([ms]) => ms);
  const first = scrapeMs[0]!;
  const everyMs = (scrapeMs[scrapeMs.length - 1]! - first) / (scrapeMs.length - 1);
  // Off the grid of scrapes, on a scrape, just beside one, before the first.
  const instants = [
    ...[-0.4, 0.5, 2.3, 5.95, 12.55, 14.15, 18.4, 19.7, 22.6, 25.3, 29.05].map((x) => Math.round(first + x * everyMs)),
    ...[3, 18, 24].map((i) => scrapeMs[i]!),
    ...[scrapeMs[14]! - 1, scrapeMs[20]! + 1],
  ];
  const answers: RecordedAnswer[] = [];
  for (const atMs of instants) {
    const push = async (head: Omit<RecordedAnswer, "values" | "atMs">, expression: string) => {
      const values = (await query(url, expression, atMs)).map(({ metric, value }) => {
        const { __name__: _name, ...labels } = metric;
        return { labels: own(labels), value: value![1] };
      });
      answers.push({ ...head, atMs, values });
    };
    for (const name of PLAIN) {
      await push({ ask: "instant", name, rangeMs: 0, q: 0 }, name);
      for (const rangeMs of [Math.round(2.5 * everyMs), 8 * Math.round(everyMs)]) {
        for (const kind of ["rate", "increase"] as const) {
          await push({ ask: kind, name, rangeMs, q: 0 }, `${kind}(${name}[${rangeMs}ms])`);
        }
      }
    }
    for (const name of HISTOGRAMS) {
      const rangeMs = 5 * Math.round(everyMs);
      for (const q of [-0.1, 0, 0.2, 0.5, 0.9, 0.95, 1, 1.1]) {
        const expression = `histogram_quantile(${q}, sum by (le) (rate(${name}_bucket[${rangeMs}ms])))`;
        await push({ ask: "histogram_quantile", name, rangeMs, q }, expression);
      }
    }
  }
  return { server: `prometheus ${build.data.version}`, lookBackMs: LOOK_BACK_MS, series, answers };
}

interface Result {
  readonly metric: Record<string, string>;
  readonly values?: readonly (readonly [number, string])[];
  readonly value?: readonly [number, string];
}

async function query(url: string, expression: string, atMs: number): Promise<readonly Result[]> {
  const response = await fetch(
    `${url}/api/v1/query?query=${encodeURIComponent(expression)}&time=${(atMs / 1000).toFixed(3)}`,
  );
  const body = (await response.json()) as { status: string; error?: string; data: { result: readonly Result[] } };
  if (body.status !== "success") throw new Error(`prometheus refused '${expression}': ${body.error}`);
  return body.data.result;
}

function own({ job: _job, instance: _instance, ...labels }: Record<string, string>): Record<string, string> {
  return labels;
}
