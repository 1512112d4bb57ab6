/** `replicant status`: what runs, where, and whether it works. */
import type { Ages } from "#shared/host/activity.ts";
import { connect } from "#shared/live/find-platform.ts";
import { statusOf, type PartStatus } from "#shared/live/status.ts";
import { command } from "./command.ts";
import { GATEWAY_OPTIONS } from "./gateway.ts";

export default command({
  name: "status",
  description: "what runs, where, and whether it works; exits with 1 when something does not",
  options: { ...GATEWAY_OPTIONS, "--json": "as JSON" },
  async run(flags, { home, env, say, answer }) {
    const { url, gateway } = connect(flags, home, env);
    const parts = await statusOf(gateway);
    if (flags.json) answer(JSON.stringify({ gateway: url, parts }));
    else for (const line of [url, ...statusTable(parts)]) say(line);
    return parts.every(({ isWell }) => isWell) ? 0 : 1;
  },
});

/** A line a function or part; below it what it did last for whom, and what is wrong. */
export function statusTable(parts: readonly PartStatus[]): string[] {
  const width = Math.max(8, ...parts.map(({ name }) => name.length));
  const indent = " ".repeat(width + 9);
  return parts.flatMap(({ name, replicas, health, detail, budget, ages, problems, warnings, notes }) => [
    `${name.padEnd(width)}  ${replicas.padStart(5)}  ${health.padEnd(12)}  ${detail}`.trimEnd(),
    ...(budget === null ? [] : [`${indent}${budget}`]),
    ...Object.entries(ages).map(([functionName, done]) => `${indent}${functionName}: ${agesInWords(done)}`),
    ...problems.map((problem) => `${indent}problem: ${problem}`),
    ...warnings.map((warning) => `${indent}warning: ${warning}`),
    ...notes.map((note) => `${indent}note: ${note}`),
  ]);
}

function agesInWords(ages: Ages): string {
  return Object.entries(ages)
    .map(([deed, seconds]) => `last ${deed.replaceAll("_", " ")} ${seconds === null ? "never" : `${seconds} s ago`}`)
    .join(", ");
}
