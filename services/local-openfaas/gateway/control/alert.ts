/** `POST /system/alert`: the community edition's scaling rule, driven by Alertmanager. Nothing sends here by default. */
import type { Router } from "express";
import { bareName } from "../names.ts";
import type { ProfileRules } from "#shared/deploy/gateway-profile.ts";
import { replicaBounds, scaleFactor } from "../profile.ts";
import type { FunctionSnapshot } from "../../provider/types.ts";
import { Refusal } from "../refusal.ts";
import { readAlert } from "./bodies.ts";
import type { ControlContext } from "./context.ts";
import { methodNotAllowed } from "./json.ts";

/** Firing: one step up, a share of the maximum. Anything else: straight to the minimum. Factor 0: left alone. */
export function replicasAfterAlert(status: string, snapshot: FunctionSnapshot, rules: ProfileRules): number {
  const { labels } = snapshot.deployment;
  const factor = scaleFactor(labels);
  if (factor === 0) return snapshot.desiredReplicas;
  const { min, max } = replicaBounds(labels, rules);
  if (status !== "firing") return min;
  return Math.min(snapshot.desiredReplicas + Math.ceil((max / 100) * factor), max);
}

/** Adds it to the routes under `/system`. */
export function alertRoutes(router: Router, { provider, rules }: ControlContext): void {
  router
    .route("/alert")
    .post((request, response) => {
      const alerts = readAlert(request.body).alerts.map(({ status, labels }) => {
        return { status, name: bareName(labels.function_name) };
      });
      const unknown: string[] = [];
      for (const { status, name } of alerts) {
        const snapshot = provider.get(name);
        if (!snapshot) unknown.push(name);
        else provider.scale(name, replicasAfterAlert(status, snapshot, rules));
      }
      // Not 5xx: Alertmanager would send all of it again, and every repeat is another step up.
      if (unknown.length > 0)
        throw new Refusal(400, `alerts for functions that are not deployed: ${unknown.join(", ")}`);
      response.status(200).end();
    })
    .all(methodNotAllowed("POST"));
}
