/** A rule with another behind it, for windows on which the first cannot compute a count. */
import type { PolicyFactory } from "../core/policy.ts";
import { policyByName } from "./by-name.ts";

/** They need what a request takes, which may not be measured; `openfaas-pro` needs requests in flight alone. */
const NEEDS_MORE = /^(forecast-mpc|slo-budget)\b/;
const NEEDS_LEAST = "openfaas-pro";

/**
 * The rule by name; in place of one that keeps an SLO `openfaas-pro` answers as long as it is not known what a request takes.
 * Both see every window, so that neither is cold. Throws `BadInputError` for an unknown name.
 */
export function fallbackByName(text: string): PolicyFactory {
  const first = policyByName(text);
  if (!NEEDS_MORE.test(text)) return first;
  const second = policyByName(NEEDS_LEAST);
  return () => {
    const [able, humble] = [first(), second()];
    return {
      identity: able.identity,
      propose(input) {
        const [answer, otherwise] = [able.propose(input), humble.propose(input)];
        if (answer.target !== undefined) return answer;
        return { ...otherwise, because: `${otherwise.because}, by ${NEEDS_LEAST}: ${answer.because}` };
      },
    };
  };
}
