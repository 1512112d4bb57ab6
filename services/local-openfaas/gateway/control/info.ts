/** Who this gateway is, which namespaces there are, and what it does not report. */
import { arch } from "node:process";
import type { Router } from "express";
import { NAMESPACE } from "../../provider/environment.ts";
import { Refusal } from "../refusal.ts";
import { version } from "#shared/core/version.ts";
import { methodNotAllowed } from "./json.ts";

const goArch: Readonly<Record<string, string>> = { x64: "x86_64", arm64: "aarch64" };

/** A provider describes itself; a gateway wraps that and adds itself. */
export function infoRoutes(router: Router, as: "gateway" | "provider"): void {
  const release = { release: version, sha: "local" };
  const provider = { provider: "local-openfaas", orchestration: "processes", version: release };
  const info = as === "provider" ? provider : { provider, version: release, arch: goArch[arch] ?? arch };
  router
    .route("/info")
    .get((_, response) => void response.json(info))
    .all(methodNotAllowed("GET"));

  router.get("/telemetry", () => {
    throw new Refusal(404, "this platform keeps no telemetry");
  });
}

/** The one namespace, to be listed and looked at. */
export function namespaceRoutes(router: Router): void {
  router
    .route("/namespaces")
    .get((_, response) => void response.json([NAMESPACE]))
    .all(methodNotAllowed("GET"));

  router
    .route("/namespace/:name")
    .get((request, response) => {
      const { name } = request.params;
      if (name !== NAMESPACE) throw new Refusal(404, `there is no namespace '${name}', only ${NAMESPACE}`);
      response.json({ name, labels: {}, annotations: {} });
    })
    .all((request) => {
      const sentence = `namespaces are fixed here: there is ${NAMESPACE} and no other`;
      throw new Refusal(405, `${sentence} (${request.method} '${request.params.name}')`, { Allow: "GET" });
    });
}
