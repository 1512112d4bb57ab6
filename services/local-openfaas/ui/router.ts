/** Everything under `/ui`: the page's files, its data, and headers that keep it to this origin. */
import express, { type Router } from "express";
import { methodNotAllowed, notFound } from "../gateway/control/json.ts";
import { unknownFunction } from "../gateway/refusal.ts";
import type { UiFeed } from "./feed.ts";
import { createStreams } from "./streams.ts";

/** No script, style, image or connection but from here, no inline code, and no frame around it. */
export const CONTENT_SECURITY_POLICY =
  "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/** What is served under `/ui`. */
export interface UiRouterOptions {
  readonly feed: UiFeed;
  /** The page's files. */
  readonly folder: string;
  /** Ends the streams. */
  readonly signal: AbortSignal;
}

/** The routes under `/ui`; who may use them is the gateway's affair. */
export function uiRouter({ feed, folder, signal }: UiRouterOptions): Router {
  const router = express.Router();
  const openStream = createStreams(feed, signal);
  router.use((_, response, next) => {
    response.set({
      "Content-Security-Policy": CONTENT_SECURITY_POLICY,
      "X-Content-Type-Options": "nosniff",
      "Referrer-Policy": "no-referrer",
      "Cache-Control": "no-store",
    });
    next();
  });
  router
    .route("/api/state")
    .get((_, response) => void response.json(feed.state()))
    .all(methodNotAllowed("GET"));
  router
    .route("/api/history/:name")
    .get((request, response) => {
      const history = feed.history(request.params.name);
      if (!history) throw unknownFunction(request.params.name);
      response.json(history);
    })
    .all(methodNotAllowed("GET"));
  router
    .route("/api/events")
    // Express would answer HEAD like GET, with a stream that nobody reads.
    .head(methodNotAllowed("GET"))
    .get((_, response) => openStream(response))
    .all(methodNotAllowed("GET"));
  // `no-cache`: asked for anew each time and answered 304, so that a new version shows at once.
  router.use(
    express.static(folder, { cacheControl: false, setHeaders: (to) => to.setHeader("Cache-Control", "no-cache") }),
  );
  router.use(notFound);
  return router;
}
