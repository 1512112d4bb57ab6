/** What somebody may add: each a file of its own and one line in a list. */

export interface Addition {
  readonly what: string;
  /** The new file. */
  readonly file: string;
  readonly text: string;
  /** The list, and the line that it gets, after the line that ends with `after`. */
  readonly list: string;
  readonly line: string;
  readonly after: string;
}

export const ADDITIONS: readonly Addition[] = [
  {
    what: "an objective",
    file: "shared/task/objectives/quiet.ts",
    text: `/** As few replicas as there can be, and as few late requests. */
import { summed, type Objective } from "./objective.ts";

export const quiet: Objective = {
  name: "quiet",
  beyondBounds: "clip",
  rewardOf: ({ violationShare, replicaSeconds, window }) =>
    summed({ late: -10 * violationShare, replicas: -replicaSeconds / window.windowSeconds }),
};
`,
    list: "shared/task/objectives/all.ts",
    line: `export { quiet } from "./quiet.ts";`,
    after: `from "./product.ts";`,
  },
  {
    what: "an observation layout that remembers",
    file: "shared/task/observation/change-3.ts",
    text: `/** Load and replicas, and how the load changed since the window before. */
import { cutToRanges, type ObservationLayout } from "./layout.ts";

const features = [
  { name: "ln rate", low: 0, high: 12 },
  { name: "ln rate, change", low: -6, high: 6 },
  { name: "ln replicas", low: 0, high: 7 },
];

export const change3: ObservationLayout = {
  name: "change-3",
  features,
  observerOf() {
    let last = 0;
    return {
      see({ arrivals, windowSeconds, desiredReplicas }) {
        const rate = Math.log1p(arrivals / windowSeconds);
        const values = [rate, rate - last, Math.log1p(desiredReplicas)];
        last = rate;
        return cutToRanges(features, (i) => values[i]!);
      },
    };
  },
};
`,
    list: "shared/task/observation/all.ts",
    line: `export { change3 as "change-3" } from "./change-3.ts";`,
    after: `from "./replicant.ts";`,
  },
  {
    what: "an action scheme with nine actions",
    file: "shared/task/actions/steps-9.ts",
    text: `/** Nine changes of the desired count, up to eight at once. */
import { isWithin, type ActionScheme } from "./scheme.ts";

const STEPS = [-8, -4, -2, -1, 0, 1, 2, 4, 8];

export const steps9: ActionScheme = {
  name: "steps-9",
  count: STEPS.length,
  constantAction: 4,
  isHoldable: false,
  maskOf: ({ desiredReplicas, bounds }) =>
    Uint8Array.from(STEPS, (step) => (step === 0 || isWithin(desiredReplicas + step, bounds) ? 1 : 0)),
  requestOf(action, { desiredReplicas, bounds }) {
    const replicas = desiredReplicas + STEPS[action]!;
    const isWithinBounds = STEPS[action] === 0 || isWithin(replicas, bounds);
    return { replicas, isWithinBounds, words: \`by \${STEPS[action]!}\`, headroom: null };
  },
  actionFor(replicas, desiredReplicas) {
    const action = STEPS.indexOf(replicas - desiredReplicas);
    return action < 0 ? null : action;
  },
};
`,
    list: "shared/task/actions/all.ts",
    line: `export { steps9 as "steps-9" } from "./steps-9.ts";`,
    after: `from "./headroom.ts";`,
  },
  {
    what: "a rule",
    file: "shared/policies/per-request.ts",
    text: `/** A replica for so many requests in a window. */
import { wholeReplicas } from "../core/whole-replicas.ts";
import { dimension, type Rule } from "./rule.ts";

export const perRequestRule: Rule = {
  usage: "per-request[:requests=30]",
  make(options) {
    const requests = options.number("requests", 30, { least: 1 });
    return () => ({
      identity: { name: options.text, version: "1" },
      propose: ({ window }) => ({
        proposedReplicas: wholeReplicas(window.arrivals / requests),
        because: \`\${window.arrivals} requests ÷ \${requests}\`,
      }),
    });
  },
  about: "a replica for so many requests in a window",
  tunable: [dimension("requests", 1, 100, 1)],
  compared: ["per-request"],
};
`,
    list: "shared/policies/rules.ts",
    line: `export { perRequestRule as "per-request" } from "./per-request.ts";`,
    after: `from "./oracle.ts";`,
  },
  {
    what: "a scale target",
    file: "services/scaler/targets/notebook.ts",
    text: `/** Counts that are kept in memory, and always fit. */
import { scaleTargetKind } from "./kind.ts";

export const notebook = scaleTargetKind({
  settings: [],
  leaseWithoutNats: "none",
  async open() {
    const counts = new Map<string, number>();
    return {
      target: {
        name: "notebook",
        read: async (functionName) => ({ desiredReplicas: counts.get(functionName) ?? 1, availableReplicas: 1 }),
        async scale(functionName, _namespace, replicas) {
          counts.set(functionName, replicas);
          return { appliedReplicas: replicas };
        },
      },
      functions: { list: async () => ({ managed: [], problems: [] }) },
    };
  },
});
`,
    list: "services/scaler/targets/all.ts",
    line: `export { notebook } from "./notebook.ts";`,
    after: `from "./kubernetes.ts";`,
  },
  {
    what: "a command",
    file: "services/cli/greet.ts",
    text: `/** \`replicant greet\`: says hello. */
import { command } from "./command.ts";

export default command({
  name: "greet",
  description: "say hello",
  options: { "--name <text>": "to whom (default: nobody)" },
  async run({ name = "nobody" }, { say }) {
    say(\`hello, \${name}\`);
  },
});
`,
    list: "services/cli/main.ts",
    line: `  greet: () => import("./greet.ts"),`,
    after: `import("./train.ts"),`,
  },
];
