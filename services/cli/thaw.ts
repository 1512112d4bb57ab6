/** `replicant thaw`: ends what `freeze` began. */
import { orderCommand } from "./freeze.ts";

export default orderCommand("thaw", "scale again what was frozen");
