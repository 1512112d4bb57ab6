/** One way to log: a JSON line on stdout that names the part and says what happened. */
import { pino } from "pino";

/** Structured logging: fields and a message. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  debug(fields: object, message: string): void;
}

/** Synchronous, so that the last line before an exit is not lost. */
export function createLog(part: string, level: string): Log {
  return pino(
    {
      ...{ name: part, level, base: { part }, timestamp: pino.stdTimeFunctions.isoTime },
      serializers: { err: errorForLog },
    },
    pino.destination({ fd: 1, sync: true }),
  );
}

/** What is logged of an error: not what libraries hang on it, which may be a whole request with its credentials. */
export function errorForLog(thrown: unknown): object {
  if (!(thrown instanceof Error)) return { message: String(thrown) };
  const { name, message, stack, cause } = thrown;
  const { code } = thrown as { readonly code?: unknown };
  return {
    ...{ type: name, message, stack },
    ...(typeof code === "string" && { code }),
    ...(cause !== undefined && { cause: errorForLog(cause) }),
  };
}
