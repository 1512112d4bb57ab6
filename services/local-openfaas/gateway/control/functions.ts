/** Functions: list, deploy, update, remove, one function's status, and its replica count. */
import type { RequestHandler, Router } from "express";
import type { FunctionDeployment } from "../../provider/types.ts";
import { bareName, checkNamespace } from "../names.ts";
import { deployedFunction, Refusal } from "../refusal.ts";
import { readDeployment, readRemoval, readScale } from "./bodies.ts";
import type { ControlContext } from "./context.ts";
import { Deployments } from "./deployments.ts";
import { methodNotAllowed } from "./json.ts";
import { statusBody } from "./status.ts";

/** Adds them to the routes under `/system`. */
export function functionRoutes(router: Router, { provider, meters, rules, desired }: ControlContext): void {
  const deployments = new Deployments(provider, rules);
  const withDeployment = (change: (deployment: FunctionDeployment) => Promise<void>): RequestHandler => {
    return async (request, response) => {
      const deployment = readDeployment(request.body);
      checkNamespace(deployment.namespace ?? request.query["namespace"]);
      await change(deployment);
      response.status(202).end();
    };
  };

  router
    .route("/functions")
    .get((request, response) => {
      checkNamespace(request.query["namespace"]);
      const statuses = provider
        .list()
        .map((each) => statusBody(each, meters?.invocationCount(each.deployment.service)));
      response.json(statuses);
    })
    .post(withDeployment((deployment) => deployments.deploy(deployment)))
    .put(withDeployment((deployment) => deployments.update(deployment)))
    .delete(async (request, response) => {
      const { functionName, namespace } = readRemoval(request.body);
      checkNamespace(namespace ?? request.query["namespace"]);
      await deployments.remove(bareName(functionName));
      response.status(202).end();
    })
    .all(methodNotAllowed("GET, POST, PUT, DELETE"));

  router
    .route("/function/:name")
    .get((request, response) => {
      checkNamespace(request.query["namespace"]);
      const snapshot = deployedFunction(provider, bareName(request.params.name));
      const withUsage = request.query["usage"] === "1" || request.query["usage"] === "true";
      response.json(statusBody(snapshot, meters?.invocationCount(snapshot.deployment.service), withUsage));
    })
    .all(methodNotAllowed("GET"));

  router
    .route("/scale-function/:name")
    .post((request, response) => {
      const { serviceName, replicas, namespace } = readScale(request.body);
      checkNamespace(namespace ?? request.query["namespace"]);
      const { service } = deployedFunction(provider, bareName(request.params.name)).deployment;
      // Providers disagree on which of the two names counts, so that a call where they differ means nothing.
      if (serviceName && bareName(serviceName) !== service) {
        throw new Refusal(400, `serviceName must be the function of the path, '${service}', was: '${serviceName}'`);
      }
      provider.scale(service, desired(replicas));
      response.status(202).end();
    })
    .all(methodNotAllowed("POST"));
}
