import { ENGINES } from "./engines.ts";
import { engineSuite } from "./engine.suite.ts";

for (const engine of ENGINES) engineSuite(engine);
