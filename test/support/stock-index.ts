/** An index.js as the official node22 template has it, for tests: express in front of the handler, and not a word about signals. */
import { createRequire } from "node:module";

import { serveOnExpress } from "#test/support/local-openfaas/template-reference.ts";

const handler = createRequire(__filename)("./function/handler") as Parameters<typeof serveOnExpress>[0];
void serveOnExpress(handler, process.env["RAW_BODY"] === "true", Number(process.env["http_port"] ?? 3000));
