/** What the control routes work with. */
import type { SecretStore } from "../../provider/secrets.ts";
import type { Provider } from "../../provider/types.ts";
import type { Meters } from "../metrics/meter.ts";
import type { ProfileRules } from "#shared/deploy/gateway-profile.ts";

/** The same for all routes of one server. */
export interface ControlContext {
  readonly provider: Provider;
  /** Values go in and never come back over HTTP. */
  readonly secrets: SecretStore;
  /** Null for a provider: the gateway in front of it counts. */
  readonly meters: Meters | null;
  readonly rules: ProfileRules;
  /** What becomes of the count in a scale call: drawn into the range by a gateway, taken as it is by a provider. */
  readonly desired: (replicas: number) => number;
  /** By which requests may address us beside `localhost` and addresses. */
  readonly names: readonly string[];
  /** Aborts when the gateway closes: ends streams that have no end of their own. */
  readonly closing: AbortSignal;
  /** How long a reader of logs may read nothing of what waits for it. */
  readonly logStallMs: number;
  readonly log: (line: string) => void;
}
