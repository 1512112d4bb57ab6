/** Small worlds whose solution is known. */
import { EnvironmentMisuseError, type Environment } from "#shared/task/environment/contract.ts";
import { box, discrete } from "#shared/task/environment/spaces.ts";
import { type Random, seededRandom } from "#shared/core/random.ts";

interface Rules {
  readonly id: string;
  readonly size: number;
  readonly actions: number;
  readonly steps: number;
  /** What is seen at a step, of an episode whose secret number is `secret`. */
  readonly see: (step: number, secret: number, random: Random) => ArrayLike<number>;
  readonly reward: (step: number, action: number, seen: ArrayLike<number>, secret: number) => number;
  readonly mask?: (step: number) => Uint8Array;
  readonly ends?: "terminated" | "truncated";
}

export function smallWorld(rules: Rules): Environment {
  const { id, size, actions, steps, see, reward, ends = "terminated" } = rules;
  const free = new Uint8Array(actions).fill(1);
  const infoAt = (step: number) => ({ actionMask: rules.mask?.(step) ?? free });
  let random = seededRandom(0);
  let step = -1;
  let secret = 0;
  let seen: ArrayLike<number> = [];
  const look = () => Float32Array.from((seen = see(step, secret, random)));
  return {
    id,
    observationSpace: box(new Float32Array(size).fill(-10), new Float32Array(size).fill(10)),
    actionSpace: discrete(actions),
    reset({ seed } = {}) {
      if (seed !== undefined) random = seededRandom(seed);
      step = 0;
      secret = random.integer(actions);
      return { observation: look(), info: infoAt(0) };
    },
    step(action) {
      if (step < 0 || step >= steps) throw new EnvironmentMisuseError(`${id}: step outside an episode`);
      const gained = reward(step, action, seen, secret);
      const isOver = ++step >= steps;
      const observation = look();
      return {
        observation,
        reward: gained,
        terminated: isOver && ends === "terminated",
        truncated: isOver && ends === "truncated",
        info: infoAt(step),
      };
    },
  };
}

/** Shows a number, one-hot; the right action is that number. 1 a step. */
export function identityEnvironment(actions: number, steps = 10): Environment {
  return smallWorld({
    id: "test/Identity-v0",
    size: actions,
    actions,
    steps,
    ends: "truncated",
    see: (_step, _secret, random) => {
      const shown = random.integer(actions);
      return Array.from({ length: actions }, (_, i) => (i === shown ? 1 : 0));
    },
    reward: (_step, action, seen) => (seen[action] === 1 ? 1 : 0),
  });
}

/** Shows a sign at the first step and then nothing; at the last step the right action is the sign. 1 an episode. */
export function memoryEnvironment(steps = 4): Environment {
  return smallWorld({
    id: "test/Memory-v0",
    size: 2,
    actions: 2,
    steps,
    see: (step, secret) => [step === 0 ? 2 * secret - 1 : 0, step === steps - 1 ? 1 : 0],
    reward: (step, action, _seen, secret) => (step === steps - 1 && action === secret ? 1 : 0),
  });
}

/** The identity, with all but two actions forbidden at each step: which two changes, and an agent that tries others loses 10. */
export function maskedEnvironment(actions: number, steps = 10): Environment {
  return smallWorld({
    id: "test/Masked-v0",
    size: 1,
    actions,
    steps,
    ends: "truncated",
    see: (step) => [step % 2],
    mask: (step) => Uint8Array.from({ length: actions }, (_, i) => (i === step % 2 || i === 2 ? 1 : 0)),
    reward: (step, action) => (action === 2 ? 1 : action === step % 2 ? 0 : -10),
  });
}

/** Counts its steps; three an episode. */
export function countingEnvironment(ends: "terminated" | "truncated"): Environment {
  return smallWorld({
    id: "test/Counting-v0",
    size: 2,
    actions: 2,
    steps: 3,
    ends,
    see: (step) => [step, 1],
    reward: () => 0,
  });
}
