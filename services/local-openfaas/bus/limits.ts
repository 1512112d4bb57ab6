/** What one client may ask of the built-in broker, and what strangers may. */

/** Counts, bytes and milliseconds. */
export interface BrokerLimits {
  readonly maxControlLineBytes: number;
  /** Until a client has logged in, its longest line: a CONNECT is a few hundred bytes. Nothing else is taken. */
  readonly maxLoginLineBytes: number;
  /** Sockets that have not logged in yet. The oldest of whoever has most of them gives way to a new one. */
  readonly maxWaiting: number;
  readonly maxPayloadBytes: number;
  /** Clients that have logged in. */
  readonly maxConnections: number;
  /** Of one name. */
  readonly maxConnectionsPerUser: number;
  readonly maxSubscriptionsPerClient: number;
  /** A client that leaves more than this unread is cut: one slow reader must not cost the others their memory. */
  readonly maxUnreadBytes: number;
  /** From the TCP connection to a good CONNECT. */
  readonly authTimeoutMs: number;
  readonly pingIntervalMs: number;
  /** Pings without an answer before the connection counts as stale. */
  readonly maxPingsOut: number;
}

/** What holds where nothing else was asked for. */
export const DEFAULT_LIMITS: BrokerLimits = {
  maxControlLineBytes: 4096,
  maxLoginLineBytes: 2048,
  maxWaiting: 64,
  maxPayloadBytes: 1024 * 1024,
  maxConnections: 1024,
  maxConnectionsPerUser: 128,
  maxSubscriptionsPerClient: 10_000,
  maxUnreadBytes: 16 * 1024 * 1024,
  authTimeoutMs: 2_000,
  pingIntervalMs: 30_000,
  maxPingsOut: 2,
};
