/** Where results may be posted: to this platform's own functions, and to hosts that its owner has listed. */
import { asyncPrefix, functionPrefix, invocationTarget } from "../names.ts";
import { Refusal } from "../refusal.ts";

/** What a callback may be. */
export interface CallbackRules {
  /** Where this gateway answers. */
  readonly gateway: URL;
  /** `host`, `host:port`, or `*` for any. */
  readonly hosts: readonly string[];
}

/** Null without one. Refuses with 400 what can be no callback, with 403 one to a place that is not listed. */
export function callbackUrlOf(header: string | string[] | undefined, rules: CallbackRules): URL | null {
  if (header === undefined || header === "") return null;
  const text = String(header);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "http:" && url?.protocol !== "https:") {
    throw new Refusal(
      400,
      `X-Callback-Url must be an http or https URL, was: '${url?.username ? placeOf(url) : text.slice(0, 100)}'`,
    );
  }
  if (!canDecode(url.username) || !canDecode(url.password)) {
    throw new Refusal(400, "X-Callback-Url must have user and password in percent-encoding");
  }
  if (isOwnFunction(url, rules.gateway)) {
    functionNameIn(url);
    return url;
  }
  if (isListed(url, rules.hosts)) return url;
  const allowed = "a function of this gateway, or of a host listed in REPLICANT_CALLBACK_HOSTS";
  throw new Refusal(403, `X-Callback-Url must be that of ${allowed}, was: '${placeOf(url)}'`);
}

/** For people and logs: without the credentials and the query. */
export function placeOf({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname}`;
}

/** What answers a callback, or does not: one of our functions, which all share a host, or else the host. */
export function callbackPlace(url: URL, gateway: URL): string {
  return isOwnFunction(url, gateway) ? functionPrefix + functionNameIn(url) : url.host;
}

/** Refuses a namespace that is not ours. */
function functionNameIn({ pathname }: URL): string {
  const prefix = pathname.startsWith(functionPrefix) ? functionPrefix : asyncPrefix;
  return invocationTarget(pathname, prefix.length).functionName;
}

const loopback = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** The parser has resolved `..` in the path by now. */
export function isOwnFunction(url: URL, gateway: URL): boolean {
  if (url.protocol !== "http:" || (url.port || "80") !== (gateway.port || "80")) return false;
  if (url.hostname !== gateway.hostname && !loopback.has(url.hostname)) return false;
  return url.pathname.startsWith(functionPrefix) || url.pathname.startsWith(asyncPrefix);
}

function isListed({ hostname, port, protocol }: URL, hosts: readonly string[]): boolean {
  const whole = `${hostname}:${port || (protocol === "https:" ? "443" : "80")}`;
  return hosts.some((host) => host === "*" || host.toLowerCase() === hostname || host.toLowerCase() === whole);
}

function canDecode(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
