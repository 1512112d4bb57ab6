/** What the commands beside a running platform share: which gateway they work on. */

/** The options that name a gateway; their flags are a `ChosenGateway`. */
export const GATEWAY_OPTIONS = {
  "--gateway <url>": "the gateway; else OPENFAAS_URL, else the one that 'up' started from this home",
  "--user <name>": "its user (default admin)",
  "--password-file <file>": "a file with its password",
} as const;
