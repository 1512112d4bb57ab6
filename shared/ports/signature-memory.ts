/** What the replicas of a part remember together: the signed calls that one of them has taken. */

/** Remembers signatures for all replicas. */
export interface SignatureMemory {
  /** Where it is, for people. */
  readonly place: string;
  /** `new` to the first who notes a signature, `seen` to all after. Rejects, soon, when the memory cannot be asked now. */
  note(signature: string): Promise<"new" | "seen">;
}
