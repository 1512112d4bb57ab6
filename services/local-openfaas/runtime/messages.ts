/** What a replica's runtime reports to the provider over the IPC channel. */

/** Ready, or why not. */
export type RuntimeMessage =
  { readonly kind: "ready"; readonly port: number } | { readonly kind: "failed"; readonly error: string };

/** A handler can use the channel too; what is not ours is nobody's. */
export function runtimeMessage(value: unknown): RuntimeMessage | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { kind, port, error } = value as Record<string, unknown>;
  if (kind === "ready" && typeof port === "number") return { kind, port };
  if (kind === "failed" && typeof error === "string") return { kind, error };
  return undefined;
}
