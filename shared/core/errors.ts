/** Errors named after what the caller can do about them. */

/** A file, argument or body from outside that cannot be used; the message is one sentence for the person who gave it. */
export class BadInputError extends Error {
  override readonly name: string = "BadInputError";
}

/** One or more settings are missing or out of range; `problems` has one sentence each. */
export class ConfigError extends BadInputError {
  override readonly name = "ConfigError";
  constructor(readonly problems: readonly string[]) {
    super(problems.join("\n"));
  }
}

/** Ended by the person, with Ctrl-C or SIGTERM. */
export class InterruptedError extends Error {
  override readonly name = "InterruptedError";
  constructor() {
    super("interrupted; nothing was written");
  }
}

/** The one sentence of anything thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
