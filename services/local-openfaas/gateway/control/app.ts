/** Every route but the invocations, as one express application. */
import express, { type Express, type Router } from "express";
import { basicAuth, sameSiteOnly, type Credentials } from "../auth.ts";
import { LoginAttempts } from "../login-attempts.ts";
import { Refusal } from "../refusal.ts";
import { alertRoutes } from "./alert.ts";
import type { ControlContext } from "./context.ts";
import { functionRoutes } from "./functions.ts";
import { infoRoutes, namespaceRoutes } from "./info.ts";
import { jsonBody, methodNotAllowed, notFound, sentences } from "./json.ts";
import { logRoutes } from "./logs.ts";
import { secretRoutes } from "./secrets.ts";

/** The gateway's: health, `/system`, and the page under `/ui` where there is one. */
export function controlApp(context: ControlContext, credentials: Credentials, ui: Router | undefined): Express {
  const app = appWithHealth();
  const loggedIn = basicAuth(credentials, new LoginAttempts(() => performance.now()));
  app.get("/", (_, response) => response.redirect(307, "/ui/"));

  const system = express.Router();
  system.use(sameSiteOnly(context.names), loggedIn, jsonBody);
  functionRoutes(system, context);
  infoRoutes(system, "gateway");
  namespaceRoutes(system);
  logRoutes(system, context);
  secretRoutes(system, context);
  alertRoutes(system, context);
  system.use(notFound);
  app.use("/system", system);

  app.use("/ui", sameSiteOnly(context.names), loggedIn);
  if (ui) app.use("/ui", ui);
  app.use("/ui", () => {
    throw new Refusal(404, "this gateway was started without a page");
  });

  app.use(notFound);
  app.use(sentences(context.log));
  return app;
}

/** What a gateway in front asks of a provider: no page, no alerts, no queue; namespaces are open to read, unlike the rest. */
export function providerApp(context: ControlContext, credentials: Credentials): Express {
  const app = appWithHealth();
  const system = express.Router();
  system.use(sameSiteOnly(context.names));
  namespaceRoutes(system);
  system.use(basicAuth(credentials, new LoginAttempts(() => performance.now())), jsonBody);
  functionRoutes(system, context);
  infoRoutes(system, "provider");
  logRoutes(system, context);
  secretRoutes(system, context);
  app.use("/system", system);
  app.use(notFound);
  app.use(sentences(context.log));
  return app;
}

function appWithHealth(): Express {
  const app = express();
  app.disable("x-powered-by");
  // A status is a few hundred bytes on loopback: hashing every answer would cost more than it saves.
  app.disable("etag");
  // Should an error ever get past `sentences`: express shows its stack to the client otherwise.
  app.set("env", "production");
  const health = app.route("/healthz");
  // HEAD as well is refused, as by the real gateway; express would answer it like GET.
  health.head(methodNotAllowed("GET"));
  health.get((_, response) => void response.type("text/plain").send("OK")).all(methodNotAllowed("GET"));
  return app;
}
