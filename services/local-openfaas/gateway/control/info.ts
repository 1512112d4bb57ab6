/** Who this gateway is, which namespaces there are, and what it does not tell. */
import { arch } from "node:process";
import type { Router } from "express";
import { namespaceName } from "../names.ts";
import { Refusal } from "../refusal.ts";
import { version } from "../version.ts";
import { methodNotAllowed } from "./json.ts";

const goArch: Readonly<Record<string, string>> = { x64: "x86_64", arm64: "aarch64" };

export function infoRoutes(router: Router): void {
  const release = { release: version, sha: "local" };
  router
    .route("/info")
    .get((_, response) => {
      response.json({
        provider: { provider: "local-openfaas", orchestration: "processes", version: release },
        version: release,
        arch: goArch[arch] ?? arch,
      });
    })
    .all(methodNotAllowed("GET"));

  router
    .route("/namespaces")
    .get((_, response) => void response.json([namespaceName]))
    .all(methodNotAllowed("GET"));

  router
    .route("/namespace/:name")
    .get((request, response) => {
      const { name } = request.params;
      if (name !== namespaceName) throw new Refusal(404, `there is no namespace '${name}', only ${namespaceName}`);
      response.json({ name, labels: {}, annotations: {} });
    })
    .all((request) => {
      const sentence = `namespaces are fixed here: there is ${namespaceName} and no other`;
      throw new Refusal(405, `${sentence} (${request.method} '${request.params.name}')`, { Allow: "GET" });
    });

  router.get("/telemetry", () => {
    throw new Refusal(404, "this platform keeps no telemetry");
  });
}
