/**
 * All that is used of the Kubernetes client. It takes half a second and 70 MB to load, so this module is only ever
 * imported dynamically; the bundler makes a file of its own of it (`kubernetes-client.cjs`), beside the parts that do.
 */
export {
  AppsV1Api,
  AutoscalingV2Api,
  CoordinationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  Observable,
} from "@kubernetes/client-node";
