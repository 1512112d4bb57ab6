/** The environment of a replica: what the deployment says and what a process needs, never all of the parent's. */
import type { FunctionDeployment } from "./types.ts";

/** The one namespace of this platform, as in the community edition. */
export const NAMESPACE = "openfaas-fn";

/** The parent's variables that a replica shares; anything else (tokens, proxies, paths of tools) stays here. */
const INHERITED = ["PATH", "HOME", "TZ", "LANG", "NODE_EXTRA_CA_CERTS"];

/** What the platform sets wins over the deployment's variables, and these over the parent's. */
export function replicaEnvironment(
  deployment: FunctionDeployment,
  secretsFolder: string,
  parent: NodeJS.ProcessEnv,
): Record<string, string> {
  const inherited = INHERITED.flatMap((name) => {
    const value = parent[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(inherited),
    ...deployment.envVars,
    OPENFAAS_NAME: deployment.service,
    OPENFAAS_NAMESPACE: NAMESPACE,
    secret_mount_path: secretsFolder,
    // Two replicas share this machine's ports, unlike containers: the system chooses.
    http_port: "0",
  };
}
