/** Secrets: their names can be listed, their values only be written. Never 204, which faas-cli takes for an error. */
import type { Router } from "express";
import { NAMESPACE } from "../../provider/environment.ts";
import { checkNamespace } from "../names.ts";
import { Refusal } from "../refusal.ts";
import { readSecret, type SecretBody } from "./bodies.ts";
import type { ControlContext } from "./context.ts";
import { methodNotAllowed } from "./json.ts";

/** Adds them to the routes under `/system`. */
export function secretRoutes(router: Router, { secrets }: ControlContext): void {
  router
    .route("/secrets")
    .get(async (request, response) => {
      checkNamespace(request.query["namespace"]);
      response.json((await secrets.list()).map((name) => ({ name, namespace: NAMESPACE })));
    })
    .post(async (request, response) => {
      const { name, value } = bodyOf(request.body, request.query["namespace"]);
      const created = await secrets.create(name, value);
      if (!created) throw new Refusal(409, `secret '${name}' exists already: replace it with PUT`);
      response.status(201).end();
    })
    .put(async (request, response) => {
      const { name, value } = bodyOf(request.body, request.query["namespace"]);
      if (!(await secrets.update(name, value))) throw noSecret(name);
      response.status(200).end();
    })
    .delete(async (request, response) => {
      const { name, namespace } = readSecret(request.body);
      checkNamespace(namespace ?? request.query["namespace"]);
      if (!(await secrets.remove(name))) throw noSecret(name);
      response.status(200).end();
    })
    .all(methodNotAllowed("GET, POST, PUT, DELETE"));
}

function noSecret(name: string): Refusal {
  return new Refusal(404, `there is no secret '${name}'`);
}

function bodyOf(body: unknown, queryNamespace: unknown): { readonly name: string; readonly value: Buffer } {
  const secret = readSecret(body);
  checkNamespace(secret.namespace ?? queryNamespace);
  return { name: secret.name, value: valueOf(secret) };
}

/** `rawValue` is for bytes that are no text; it wins, as both are rarely meant. */
function valueOf({ name, value, rawValue }: SecretBody): Buffer {
  if (rawValue !== undefined && rawValue !== "") return Buffer.from(rawValue, "base64");
  if (value !== undefined) return Buffer.from(value, "utf8");
  throw new Refusal(400, `secret '${name}' needs a value or a rawValue`);
}
