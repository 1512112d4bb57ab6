/** The rules there are, in the order in which they are listed to people. */
import { fixedRule } from "./fixed.ts";
import { forecastMpcRule } from "./forecast-mpc/policy.ts";
import { holtWintersRule } from "./holt-winters.ts";
import { hpaRule } from "./hpa/hpa.ts";
import { hybridHistogramRule } from "./hybrid-histogram/policy.ts";
import { kedaRule } from "./keda/keda.ts";
import { kpaRule } from "./kpa/kpa.ts";
import { openfaasCeRule } from "./openfaas/ce.ts";
import { openfaasProRule } from "./openfaas/pro.ts";
import { oracleRule } from "./oracle.ts";
import { randomRule } from "./random.ts";
import { sloBudgetRule } from "./slo-budget/rule.ts";
import type { Rule } from "./rule.ts";

export const RULES: Readonly<Record<string, Rule>> = {
  fixed: fixedRule,
  hpa: hpaRule,
  kpa: kpaRule,
  keda: kedaRule,
  "openfaas-ce": openfaasCeRule,
  "openfaas-pro": openfaasProRule,
  "slo-budget": sloBudgetRule,
  "forecast-mpc": forecastMpcRule,
  "holt-winters": holtWintersRule,
  "hybrid-histogram": hybridHistogramRule,
  random: randomRule,
  oracle: oracleRule,
};
