/** What one client may ask of the built-in broker. */

export interface BrokerLimits {
  readonly maxControlLineBytes: number;
  readonly maxPayloadBytes: number;
  readonly maxConnections: number;
  readonly maxSubscriptionsPerClient: number;
  /** A client that leaves more than this unread is cut: one slow reader must not cost the others their memory. */
  readonly maxUnreadBytes: number;
  /** From the TCP connection to a good CONNECT. */
  readonly authTimeoutMs: number;
  readonly pingIntervalMs: number;
  /** Pings without an answer before the connection counts as stale. */
  readonly maxPingsOut: number;
}

export const DEFAULT_LIMITS: BrokerLimits = {
  maxControlLineBytes: 4096,
  maxPayloadBytes: 1024 * 1024,
  maxConnections: 1024,
  maxSubscriptionsPerClient: 10_000,
  maxUnreadBytes: 16 * 1024 * 1024,
  authTimeoutMs: 5_000,
  pingIntervalMs: 30_000,
  maxPingsOut: 2,
};
