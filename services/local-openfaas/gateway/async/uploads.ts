/**
 * Bodies of asynchronous calls that are still on their way: bounded apart from the queue, so that who never finishes one
 * keeps nobody else out. Where there is no room, the upload that has stood still longest makes room.
 */

export interface UploadLimits {
  readonly maxUploads: number;
  readonly maxPerAddress: number;
  readonly maxBytes: number;
  /** For one upload as a whole. */
  readonly timeoutMs: number;
  /** An upload that brought nothing for so long may be dropped for another. */
  readonly stallMs: number;
}

export class Upload {
  bytes = 0;
  constructor(
    readonly address: string,
    public movedAtMs: number,
    readonly drop: (why: string) => void,
  ) {}
  timer: NodeJS.Timeout | undefined;
}

export class Uploads {
  readonly #limits: UploadLimits;
  readonly #nowMs: () => number;
  /** In the order in which they last moved. */
  readonly #all = new Set<Upload>();
  readonly #byAddress = new Map<string, Set<Upload>>();
  #bytes = 0;

  /** `nowMs`: of a clock that only goes on. */
  constructor(limits: UploadLimits, nowMs: () => number) {
    this.#limits = limits;
    this.#nowMs = nowMs;
  }

  /** `drop` is called at most once, and not after `end`. Undefined: no room. */
  begin(address: string, drop: (why: string) => void): Upload | undefined {
    const { maxUploads, maxPerAddress, timeoutMs } = this.#limits;
    const mates = this.#byAddress.get(address) ?? new Set();
    if (mates.size >= maxPerAddress && !this.#dropStalled(mates)) return undefined;
    if (this.#all.size >= maxUploads && !this.#dropStalled(this.#all)) return undefined;
    const upload = new Upload(address, this.#nowMs(), drop);
    upload.timer = setTimeout(() => this.#drop(upload, `a body must arrive within ${timeoutMs / 1_000} s`), timeoutMs);
    this.#all.add(upload);
    this.#byAddress.set(address, mates.add(upload));
    return upload;
  }

  /** Some of the body has come. False: no room for it. */
  moved(upload: Upload, bytes: number): boolean {
    upload.movedAtMs = this.#nowMs();
    const mates = this.#byAddress.get(upload.address);
    for (const order of [this.#all, mates]) if (order?.delete(upload)) order.add(upload);
    while (this.#bytes + bytes > this.#limits.maxBytes) if (!this.#dropStalled(this.#all)) return false;
    this.#bytes += bytes;
    upload.bytes += bytes;
    return true;
  }

  /** Whole, or gone. */
  end(upload: Upload): void {
    if (!this.#all.delete(upload)) return;
    clearTimeout(upload.timer);
    this.#bytes -= upload.bytes;
    const mates = this.#byAddress.get(upload.address)!;
    mates.delete(upload);
    if (mates.size === 0) this.#byAddress.delete(upload.address);
  }

  #dropStalled(among: ReadonlySet<Upload>): boolean {
    const [stalest] = among;
    if (!stalest || this.#nowMs() - stalest.movedAtMs < this.#limits.stallMs) return false;
    this.#drop(stalest, "the body stood still, and others need the room");
    return true;
  }

  #drop(upload: Upload, why: string): void {
    this.end(upload);
    upload.drop(why);
  }
}
