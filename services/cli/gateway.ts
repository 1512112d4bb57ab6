/** What the commands beside a running platform share: which gateway they work on. */
import type { ChosenGateway } from "#shared/live/find-platform.ts";

export const GATEWAY_OPTIONS = {
  "--gateway <url>": "the gateway; else OPENFAAS_URL, else the one that 'up' started from this home",
  "--user <name>": "its user (default admin)",
  "--password-file <file>": "a file with its password",
} as const;

/** Of all flags those that name a gateway. */
export function chosenGateway({ gateway, user, passwordFile }: ChosenGateway): ChosenGateway {
  return { gateway, user, passwordFile };
}
