import { ENGINES } from "#test/support/engine/engines.ts";
import { engineSuite } from "#test/support/engine/engine.suite.ts";

for (const engine of ENGINES) engineSuite(engine);
