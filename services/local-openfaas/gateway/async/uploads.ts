/**
 * Bodies of asynchronous calls that are still on their way: bounded apart from the queue, so that who never finishes one
 * keeps nobody else out. A newcomer always has room: where there is none, the slowest upload of the address that holds most
 * makes some.
 */
import type { GatewayLimits } from "../limits.ts";

/** How far ahead an upload begins, and gets at most: a burst does not make up for a stall afterwards. */
const aheadMs = 1_000;

/** One body on its way. */
export class Upload {
  bytes = 0;
  timer: NodeJS.Timeout | undefined;
  constructor(
    readonly address: string,
    /** Its bytes pay for time; in the past, it is behind. Of two, the earlier is the slower one. */
    public paidUntilMs: number,
    readonly drop: (why: string) => void,
  ) {}
}

/** What one address holds. */
interface Share {
  readonly uploads: Set<Upload>;
  bytes: number;
}

/** All bodies on their way, by the address that sends them. */
export class Uploads {
  readonly #limits: GatewayLimits;
  readonly #nowMs: () => number;
  readonly #shares = new Map<string, Share>();
  #uploads = 0;
  #bytes = 0;

  /** `nowMs`: of a clock that only goes on. */
  constructor(limits: GatewayLimits, nowMs: () => number) {
    this.#limits = limits;
    this.#nowMs = nowMs;
  }

  /** `drop` is called at most once, and not after `end`. */
  begin(address: string, drop: (why: string) => void): Upload {
    const { asyncMaxUploads, asyncMaxUploadsPerAddress, asyncUploadTimeoutMs: timeoutMs } = this.#limits;
    const own = this.#shares.get(address);
    if (own && own.uploads.size >= asyncMaxUploadsPerAddress) this.#dropForOthers(slowestOf(own));
    if (this.#uploads >= asyncMaxUploads) this.#dropForOthers(this.#slowestWhere(({ uploads }) => uploads.size));
    const upload = new Upload(address, this.#nowMs() + aheadMs, drop);
    upload.timer = setTimeout(() => this.#drop(upload, `a body must arrive within ${timeoutMs / 1_000} s`), timeoutMs);
    const share = this.#shares.get(address) ?? { uploads: new Set(), bytes: 0 };
    this.#shares.set(address, share);
    share.uploads.add(upload);
    this.#uploads++;
    return upload;
  }

  /** Some of the body has come. False: it was dropped, or is the one that must make room. */
  moved(upload: Upload, bytes: number): boolean {
    const share = this.#shares.get(upload.address);
    if (!share?.uploads.has(upload)) return false;
    const { asyncMaxUploadBytes, asyncUploadBytesPerSecond } = this.#limits;
    const paidMs = (bytes / asyncUploadBytesPerSecond) * 1_000;
    upload.paidUntilMs = Math.min(upload.paidUntilMs + paidMs, this.#nowMs() + aheadMs);
    while (this.#bytes + bytes > asyncMaxUploadBytes) {
      const slowest = this.#slowestWhere((each) => each.bytes + (each === share ? bytes : 0));
      if (slowest === upload) return false;
      this.#dropForOthers(slowest);
    }
    this.#bytes += bytes;
    share.bytes += bytes;
    upload.bytes += bytes;
    return true;
  }

  /** Whole, or gone. */
  end(upload: Upload): void {
    const share = this.#shares.get(upload.address);
    if (!share?.uploads.delete(upload)) return;
    clearTimeout(upload.timer);
    this.#uploads--;
    this.#bytes -= upload.bytes;
    share.bytes -= upload.bytes;
    if (share.uploads.size === 0) this.#shares.delete(upload.address);
  }

  /** Among those of the address that holds most, or of those that do. */
  #slowestWhere(holds: (share: Share) => number): Upload {
    let most = -1;
    let slowest: Upload | undefined;
    for (const share of this.#shares.values()) {
      const held = holds(share);
      if (held < most) continue;
      const own = slowestOf(share);
      if (held > most || own.paidUntilMs < slowest!.paidUntilMs) slowest = own;
      most = held;
    }
    return slowest!;
  }

  #dropForOthers(upload: Upload): void {
    this.#drop(upload, "others need the room, and this body came in slowest: send it again");
  }

  #drop(upload: Upload, why: string): void {
    this.end(upload);
    upload.drop(why);
  }
}

/** A share without uploads is not kept. */
function slowestOf({ uploads }: Share): Upload {
  let slowest: Upload | undefined;
  for (const each of uploads) if (!slowest || each.paidUntilMs < slowest.paidUntilMs) slowest = each;
  return slowest!;
}
