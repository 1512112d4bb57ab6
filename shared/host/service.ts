/** A service: a loop that starts with its module and a handler that answers its status, whoever asks. */
import type { SettingName } from "../config/settings.ts";
import { messageOf } from "../core/errors.ts";
import { jsonHandler, type Handler } from "./handler.ts";
import { answerPart, type RunningPart } from "./running-part.ts";
import { startWorkload, type Workload } from "./workload.ts";

/**
 * Starts the part that `wire` makes. Until it runs, calls answer 503 and say so; if it cannot be made or its loop breaks,
 * the process ends with 1, so that the platform starts it anew.
 */
export function startService<K extends SettingName>(
  name: string,
  names: readonly K[],
  wire: (workload: Workload<K>) => Promise<RunningPart>,
): Handler {
  const workload = startWorkload(name, names);
  let part: RunningPart | undefined;

  const running = (async () => {
    part = await wire(workload);
    workload.log.info({}, "started");
    await part.run?.(workload.ending);
  })();
  running.catch((thrown: unknown) => {
    if (workload.ending.aborted) return;
    workload.log.error({ problem: messageOf(thrown), err: thrown }, "cannot go on");
    process.exit(1);
  });
  workload.waitFor(running);

  return jsonHandler(async (event) =>
    part ? answerPart(workload.name, part, event) : { status: 503, body: { part: name, state: "starting" } },
  );
}
