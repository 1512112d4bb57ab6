import { agreementSuite } from "#test/support/engine/agreement.suite.ts";
import { TFJS } from "#test/support/engine/engines.ts";

agreementSuite(TFJS);
