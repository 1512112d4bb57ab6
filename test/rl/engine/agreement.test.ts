import { agreementSuite } from "./agreement.suite.ts";
import { TFJS } from "./engines.ts";

agreementSuite(TFJS);
