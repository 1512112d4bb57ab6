import importX from "eslint-plugin-import-x";
import regexp from "eslint-plugin-regexp";
import tseslint from "typescript-eslint";

/** Typed lint: formatting is prettier's; this looks for lost promises, cycles, unsafe values and slow patterns. */
export default tseslint.config(
  {
    // AssemblyScript looks like TypeScript, but its own compiler checks it.
    ignores: [
      ...["dist/", "node_modules/", ".peers/", ".replicant/", "build/", "template/", "**/public/**"],
      "shared/rl/kernel/assembly/",
    ],
  },
  ...tseslint.configs.recommendedTypeChecked,
  {
    plugins: { "import-x": importX },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/no-floating-promises": [
        "error",
        {
          allowForKnownSafeCalls: [
            { from: "package", package: "node:test", name: ["test", "describe", "it", "suite", "after", "before"] },
          ],
        },
      ],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/require-await": "off",
      // Most of our objects are closures without `this`; taking them apart is how they are meant to be used.
      "@typescript-eslint/unbound-method": "off",
      // Takes away `!` that the compiler asks for.
      "@typescript-eslint/no-unnecessary-type-assertion": "off",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "import-x/no-cycle": "error",
      "import-x/no-duplicates": ["error", { "prefer-inline": true }],
      eqeqeq: "error",
      "no-console": "off",
    },
  },
  {
    files: ["**/*.mjs", "**/*.cjs"],
    ...tseslint.configs.disableTypeChecked,
  },
  {
    // Outside text reaches patterns: none may take more steps than in proportion to it, neither by backtracking nor by
    // starting anew at every letter. A sticky pattern starts once; test/faults/hostile counts the steps.
    files: ["functions/**", "services/**", "shared/**"],
    plugins: { regexp },
    rules: {
      "regexp/no-super-linear-backtracking": ["error", { report: "potential" }],
      "regexp/no-super-linear-move": ["error", { report: "potential", ignorePartial: false, ignoreSticky: true }],
    },
  },
  {
    // The pure rooms take time and chance as arguments (shared/README.md, "Rooms").
    files: ["core", "budget", "guard", "metrics", "sim", "policies", "rl", "task", "traces"].map(
      (room) => `shared/${room}/**`,
    ),
    rules: {
      "no-restricted-properties": [
        "error",
        { object: "Date", property: "now", message: "Time is an argument here: take nowMs." },
        { object: "Math", property: "random", message: "Chance is an argument here: take a Random." },
        { object: "performance", property: "now", message: "Time is an argument here: take nowMs." },
      ],
    },
  },
);
