/** `replicant freeze` and `thaw`: nothing is scaled, up or down, until it is said again. */
import { orderFreeze, type FreezeAction } from "#shared/live/freeze.ts";
import { command, type Command } from "./command.ts";
import { GATEWAY_OPTIONS } from "./gateway.ts";

export default orderCommand("freeze", "scale nothing any more, up or down, until thaw; decisions go on and say so");

/** The command that gives such an order. */
export function orderCommand(action: FreezeAction, description: string): Command {
  return command({
    name: action,
    description,
    argument: ["[function]", action === "freeze" ? "this one alone (default: everything)" : "this one alone"],
    options: {
      ...GATEWAY_OPTIONS,
      "--key-file <file>": "a file with replicant-key; else the secret of the platform in this home",
      "--scaler <url>": "the scaler's own address, where it is no function (default: through the gateway)",
      "--by <name>": "who is named in every decision (default: this user)",
    },
    /** Exit code 1 when the scaler could not store the order. */
    async run(flags, world, functionName) {
      const { by = null, keyFile = null, scaler = null } = flags;
      const order = { action, functionName: functionName ?? null, by, keyFile, scaler, gateway: flags };
      const { isStored, sentence } = await orderFreeze(order, world);
      if (isStored) world.say(sentence);
      else console.error(`replicant: ${sentence}`);
      return isStored ? 0 : 1;
    },
  });
}
