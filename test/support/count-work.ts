/** How much is done, counted instead of timed: runs of every block of our code, and elements that lists are walked or copied by. */
import { Session } from "node:inspector";
import { sep } from "node:path";

interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly { readonly ranges: readonly { readonly count: number }[] }[];
  }[];
}

/** Methods that go over a whole list by themselves; what they call back is counted as a block. */
const WHOLE_LIST = ["concat", "fill", "join", "reverse", "slice", "sort", "splice", "toSpliced", "with"] as const;

/** Steps of `work`, on this thread. Not for two at a time. */
export async function countWork(work: () => Promise<unknown>): Promise<number> {
  const session = new Session();
  session.connect();
  const tell = (method: string, parameters?: object) =>
    new Promise<unknown>((resolve, reject) =>
      session.post(method, parameters, (error, answer) => (error ? reject(error) : resolve(answer))),
    );
  await tell("Profiler.enable");
  await tell("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  const lists = countElements();
  try {
    await work();
    lists.restore();
    const { result } = (await tell("Profiler.takePreciseCoverage")) as Coverage;
    const ours = result.filter(({ url }) => url.startsWith("file:") && !url.includes(`${sep}node_modules${sep}`));
    const ranges = ours.flatMap(({ functions }) => functions.flatMap((one) => one.ranges));
    return ranges.reduce((sum, { count }) => sum + count, 0) + lists.elements();
  } finally {
    lists.restore();
    await tell("Profiler.stopPreciseCoverage");
    session.disconnect();
  }
}

function countElements(): { readonly elements: () => number; readonly restore: () => void } {
  let elements = 0;
  const methods = Array.prototype as unknown as Record<string, (this: unknown[], ...rest: unknown[]) => unknown>;
  const before = WHOLE_LIST.map((name) => [name, methods[name]!] as const);
  for (const [name, method] of before) {
    methods[name] = function (...rest) {
      elements += this.length;
      return method.apply(this, rest);
    };
  }
  return {
    elements: () => elements,
    restore: () => {
      for (const [name, method] of before) methods[name] = method;
    },
  };
}
