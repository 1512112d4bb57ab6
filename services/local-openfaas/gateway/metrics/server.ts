/** Metrics on their own port: the gateway's, and those of the containers. Open to read, as on the real gateway. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Registry } from "prom-client";
import type { Provider } from "../../provider/types.ts";
import { answerText, answerThrown } from "../refusal.ts";

const exposition = "text/plain; version=0.0.4; charset=utf-8";

/** Answers `/metrics`, `/containers/metrics` and `/healthz`. Never rejects. */
export function metricsHandler(registry: Registry, provider: Provider, log: (line: string) => void) {
  const pages: Readonly<Record<string, () => Promise<string>>> = {
    "/metrics": () => registry.metrics(),
    "/containers/metrics": () => provider.containerMetrics(),
    "/healthz": async () => "OK",
  };
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const page = pages[request.url!.split("?")[0]!];
    if (!page)
      return answerText(
        request,
        response,
        404,
        `there is no ${request.url} here, only ${Object.keys(pages).join(", ")}`,
      );
    if (request.method !== "GET")
      return answerText(request, response, 405, "metrics are read by GET", { Allow: "GET" });
    try {
      const text = await page();
      response.writeHead(200, { "Content-Type": exposition }).end(text);
    } catch (thrown) {
      answerThrown(request, response, thrown, log);
    }
  };
}
