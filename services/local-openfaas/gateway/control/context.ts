/** What the control routes work with. */
import type { SecretStore } from "../../provider/secrets.ts";
import type { Provider } from "../../provider/types.ts";
import type { Meters } from "../metrics/meter.ts";
import type { ProfileRules } from "../profile.ts";

export interface ControlContext {
  readonly provider: Provider;
  /** Values go in and never come back over HTTP. */
  readonly secrets: SecretStore;
  readonly meters: Meters;
  readonly rules: ProfileRules;
  /** Aborts when the gateway closes: ends streams that have no end of their own. */
  readonly closing: AbortSignal;
  readonly log: (line: string) => void;
}
