/** Names as OpenFaaS writes them: `NAME` or `NAME.NAMESPACE`, split at the last dot. */
import { NAMESPACE } from "../provider/environment.ts";
import { Refusal } from "./refusal.ts";

/** Where functions are invoked. */
export const functionPrefix = "/function/";
/** Where calls are queued. */
export const asyncPrefix = "/async-function/";

const dnsLabel = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** A function's name must do as a DNS label, as on Kubernetes. */
export function isFunctionName(name: string): boolean {
  return dnsLabel.test(name);
}

/** `echo` and `echo.openfaas-fn` → `echo`; refuses any other namespace with 400. */
export function bareName(name: string): string {
  const dot = name.lastIndexOf(".");
  if (dot < 0) return name;
  checkNamespace(name.slice(dot + 1));
  return name.slice(0, dot);
}

/** Refuses a namespace other than the one there is; absent or empty means that one. */
export function checkNamespace(namespace: unknown): void {
  if (namespace === undefined || namespace === null || namespace === "" || namespace === NAMESPACE) return;
  throw new Refusal(400, `namespace must be ${NAMESPACE}, was: '${textOf(namespace)}'`);
}

/** The label value of gateway metrics. */
export function qualifiedName(functionName: string): string {
  return `${functionName}.${NAMESPACE}`;
}

/** Which function is called, and with what path. */
export interface InvocationTarget {
  readonly functionName: string;
  /** What the function sees: path and query, never empty. */
  readonly path: string;
}

/** Splits `/function/NAME[.NS][/path][?query]`; `prefixLength` covers `/function/`. */
export function invocationTarget(url: string, prefixLength: number): InvocationTarget {
  let end = prefixLength;
  while (end < url.length && url[end] !== "/" && url[end] !== "?") end++;
  const functionName = bareName(url.slice(prefixLength, end));
  if (end === url.length) return { functionName, path: "/" };
  return { functionName, path: url[end] === "/" ? url.slice(end) : `/${url.slice(end)}` };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
