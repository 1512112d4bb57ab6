/** `npm run bench [-- WORD…]`: runs the sections whose name holds one of the words, or all, and prints one table. */
import { engineSection } from "./engine.ts";
import { gatewaySection } from "./gateway.ts";
import { installSection } from "./install.ts";
import { learningSection } from "./learning.ts";
import { loadSection } from "./load.ts";
import { loopSection } from "./loop.ts";
import { memorySection } from "./memory.ts";
import { onlineSection } from "./online.ts";
import { providerSection } from "./provider.ts";
import { replicasSection } from "./replicas.ts";
import type { Row, Section } from "./section.ts";
import { simulatorSection } from "./simulator.ts";
import { ticksSection } from "./ticks.ts";

const sections: readonly Section[] = [
  gatewaySection,
  providerSection,
  replicasSection,
  loadSection,
  engineSection,
  simulatorSection,
  ticksSection,
  loopSection,
  memorySection,
  installSection,
  learningSection,
  onlineSection,
];

const words = process.argv.slice(2);
for (const { name, run } of sections) {
  if (words.length > 0 && !words.some((word) => name.includes(word))) continue;
  console.log(`\n${name}`);
  for (const row of await run()) console.log(lineOf(row));
}

function lineOf({ what, value, unit, note }: Row): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  const told = Number.isNaN(value) ? "–" : value.toFixed(digits);
  return `  ${what.padEnd(48)}${told.padStart(10)} ${unit.padEnd(8)}${note ? `  (${note})` : ""}`;
}
