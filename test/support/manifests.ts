/** YAML files given to a real apiserver as they are, as `kubectl apply --server-side` does. */
import { readFile } from "node:fs/promises";
import { request } from "node:https";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";

import type { ControlPlane, User } from "./control-plane.ts";

const SHIPPED = join(import.meta.dirname, "../../shared/deploy/kubernetes");

interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: {
    readonly template?: { readonly metadata?: object; readonly spec?: { readonly volumes?: readonly object[] } };
    readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[];
  };
}

export async function applyManifests(plane: ControlPlane, files: readonly string[], folder = SHIPPED): Promise<void> {
  for (const file of files) for (const object of await objectsOf(join(folder, file))) await apply(plane, object, false);
}

/** What was accepted, as "Kind name"; pods of the templates, too: only they show what admission says of them. */
export async function dryRunManifests(plane: ControlPlane, files: readonly string[]): Promise<string[]> {
  const accepted: string[] = [];
  for (const file of files) {
    for (const object of (await objectsOf(join(SHIPPED, file))).flatMap(withItsPod)) {
      await apply(plane, object, true);
      accepted.push(nameOf(object));
    }
  }
  return accepted;
}

/** Binds Roles of a namespace to a user of the tests. */
export async function grantTo(
  plane: ControlPlane,
  user: User,
  roles: readonly string[],
  namespace: string,
): Promise<void> {
  const apiGroup = "rbac.authorization.k8s.io";
  for (const name of roles) {
    const metadata = { name: `${name}-${user}`, namespace };
    const roleRef = { apiGroup, kind: "Role", name };
    const subjects = [{ apiGroup, kind: "User", name: user }];
    await apply(
      plane,
      { apiVersion: `${apiGroup}/v1`, kind: "RoleBinding", metadata, roleRef, subjects } as KubernetesObject,
      false,
    );
  }
}

async function objectsOf(file: string): Promise<KubernetesObject[]> {
  const documents = parseAllDocuments(await readFile(file, "utf8"));
  for (const { errors } of documents) if (errors.length > 0) throw new Error(`${file}: ${errors[0]!.message}`);
  return documents.map((document) => document.toJSON() as KubernetesObject);
}

function withItsPod(object: KubernetesObject): KubernetesObject[] {
  const template = object.spec?.template;
  if (!template) return [object];
  const { name, namespace } = object.metadata;
  // What a StatefulSet's controller adds to its pods.
  const claims = (object.spec.volumeClaimTemplates ?? []).map(({ metadata }) => ({
    name: metadata.name,
    emptyDir: {},
  }));
  const spec = { ...template.spec, volumes: [...(template.spec?.volumes ?? []), ...claims] };
  const metadata = { ...template.metadata, name, namespace: namespace! };
  return [object, { apiVersion: "v1", kind: "Pod", metadata, spec } as KubernetesObject];
}

/** Unknown fields and bad values are refused. Not through the client: its models drop what they do not know. */
async function apply(plane: ControlPlane, object: KubernetesObject, dryRun: boolean): Promise<void> {
  const { apiVersion, metadata } = object;
  const root = apiVersion === "v1" ? "/api/v1" : `/apis/${apiVersion}`;
  const { resources } = JSON.parse(await send(plane, "GET", root)) as {
    resources: { name: string; kind: string; namespaced: boolean }[];
  };
  const resource = resources.find(({ kind, name }) => kind === object.kind && !name.includes("/"));
  if (!resource) throw new Error(`the server knows no ${object.kind} in ${apiVersion}`);
  const scope = resource.namespaced ? `/namespaces/${metadata.namespace ?? "default"}` : "";
  const how = `fieldManager=test&force=true&fieldValidation=Strict${dryRun ? "&dryRun=All" : ""}`;
  await send(plane, "PATCH", `${root}${scope}/${resource.name}/${metadata.name}?${how}`, JSON.stringify(object));
}

function send(plane: ControlPlane, method: string, path: string, body?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = {
      Authorization: `Bearer ${plane.token("admin")}`,
      ...(body && { "Content-Type": "application/apply-patch+yaml" }),
    };
    const call = request(`${plane.server}${path}`, { method, headers, rejectUnauthorized: false }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (part: string) => (text += part));
      answer.on("end", () => {
        const warning = answer.headers["warning"];
        if (answer.statusCode! > 299) reject(new Error(`${method} ${path}: ${answer.statusCode} ${text}`));
        else if (warning) reject(new Error(`${method} ${path}: ${String(warning)}`));
        else resolve(text);
      });
    });
    call.on("error", reject);
    call.end(body);
  });
}

const nameOf = ({ kind, metadata }: KubernetesObject) => `${kind} ${metadata.name}`;
