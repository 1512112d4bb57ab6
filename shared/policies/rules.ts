/** The rules there are, each by its name. A new one is its file and its line here. */
export { fixedRule as fixed } from "./fixed.ts";
export { forecastMpcRule as "forecast-mpc" } from "./forecast-mpc/policy.ts";
export { holtWintersRule as "holt-winters" } from "./holt-winters.ts";
export { hpaRule as hpa } from "./hpa/hpa.ts";
export { hybridHistogramRule as "hybrid-histogram" } from "./hybrid-histogram/policy.ts";
export { kedaRule as keda } from "./keda/keda.ts";
export { kpaRule as kpa } from "./kpa/kpa.ts";
export { openfaasCeRule as "openfaas-ce" } from "./openfaas/ce.ts";
export { openfaasProRule as "openfaas-pro" } from "./openfaas/pro.ts";
export { oracleRule as oracle } from "./oracle.ts";
export { randomRule as random } from "./random.ts";
export { sloBudgetRule as "slo-budget" } from "./slo-budget/rule.ts";
