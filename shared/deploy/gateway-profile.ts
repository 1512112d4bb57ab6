/** The limits of a gateway: `open` (0…N replicas) or `ce`, those of the community edition. */

/** `open`: 0…100 replicas; `ce`: the limits of OpenFaaS's community edition. */
export type GatewayProfile = "open" | "ce";

/** All profiles. */
export const GATEWAY_PROFILES = ["open", "ce"] as const satisfies readonly GatewayProfile[];

/** What a gateway of a profile allows. */
export interface ProfileRules {
  readonly name: GatewayProfile;
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly maxFunctions: number;
  /** `com.openfaas.scale.max` where the label is absent; alert scaling stops there. */
  readonly defaultMax: number;
}

/** `open` stops at 100 replicas a function: each is a process of this machine. */
const rulesByProfile: Readonly<Record<GatewayProfile, ProfileRules>> = {
  open: { name: "open", minReplicas: 0, maxReplicas: 100, maxFunctions: Infinity, defaultMax: 20 },
  ce: { name: "ce", minReplicas: 1, maxReplicas: 5, maxFunctions: 15, defaultMax: 5 },
};

/** The rules of a profile. */
export function rulesOf(profile: GatewayProfile): ProfileRules {
  return rulesByProfile[profile];
}
