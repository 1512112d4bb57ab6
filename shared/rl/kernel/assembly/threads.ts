/** Shards of a job, claimed one by one by whichever thread is free: this thread alone, or others with it. */
import { backward } from "./backward";
import { forward } from "./forward";
import { layOut, Scratch, SCRATCH_HEADER_BYTES } from "./scratch";
import { Control, Job, Network } from "./structs";

/** Shards are made of whole fours of sequences, the rows of a tile. */
const SEQUENCES_PER_BLOCK: i32 = 4;
const FOREVER: i64 = -1;
const SECOND_NS: i64 = 1_000_000_000;
const PATIENCE_SECONDS: i64 = 60;
const TIMED_OUT: i32 = 2;

function firstSequence(job: Job, shard: i32): i32 {
  const blocks = (job.sequences + SEQUENCES_PER_BLOCK - 1) / SEQUENCES_PER_BLOCK;
  return min(job.sequences, ((blocks * shard) / job.shards) * SEQUENCES_PER_BLOCK);
}

/** Bytes one thread needs for the largest shard. */
export function scratchBytes(network: Network, job: Job, header: usize): usize {
  let most: i32 = 0;
  for (let shard: i32 = 0; shard < job.shards; shard++)
    most = max(most, firstSequence(job, shard + 1) - firstSequence(job, shard));
  const end = layOut(changetype<Scratch>(header), network, job.steps, most, job.backward !== 0, SCRATCH_HEADER_BYTES);
  return (end + 63) & ~63;
}

/** Publishes the job, wakes `helpers` threads, works itself, and waits; false when a helper never came back. */
export function run(network: Network, job: Job, control: Control, helpers: i32): bool {
  const at = changetype<usize>(control);
  const shards = job.shards;
  atomic.store<i32>(at + offsetof<Control>("shardsDone"), 0);
  atomic.store<i32>(at + offsetof<Control>("shardsLeft"), shards);
  if (helpers > 0) {
    atomic.add<i32>(at + offsetof<Control>("generation"), 1);
    atomic.notify(at + offsetof<Control>("generation"), helpers);
  }
  claimShards(network, job, control, 0);
  const doneAt = at + offsetof<Control>("shardsDone");
  let done = atomic.load<i32>(doneAt);
  while (done < shards) {
    if (atomic.wait<i32>(doneAt, done, PATIENCE_SECONDS * SECOND_NS) === TIMED_OUT) return false;
    done = atomic.load<i32>(doneAt);
  }
  return true;
}

/** A helper's life: sleeps until a job comes, takes shards until there are none, until it is stopped. */
export function serve(network: Network, job: Job, control: Control, thread: i32): void {
  const at = changetype<usize>(control);
  for (;;) {
    const generation = atomic.load<i32>(at + offsetof<Control>("generation"));
    if (atomic.load<i32>(at + offsetof<Control>("stopped")) !== 0) return;
    claimShards(network, job, control, thread);
    atomic.wait<i32>(at + offsetof<Control>("generation"), generation, FOREVER);
  }
}

/** Ends the helpers: sets `stopped` and wakes them. */
export function stop(control: Control): void {
  const at = changetype<usize>(control);
  atomic.store<i32>(at + offsetof<Control>("stopped"), 1);
  atomic.add<i32>(at + offsetof<Control>("generation"), 1);
  atomic.notify(at + offsetof<Control>("generation"));
}

/**
 * Counts down, so that one atomic word says both that a shard is left and which: a helper that comes late, while the next
 * job is being written, finds nothing and reads nothing of it.
 */
function claimShards(network: Network, job: Job, control: Control, thread: i32): void {
  const at = changetype<usize>(control);
  for (;;) {
    const shard = atomic.sub<i32>(at + offsetof<Control>("shardsLeft"), 1) - 1;
    if (shard < 0) return;
    compute(network, job, shard, thread);
    atomic.add<i32>(at + offsetof<Control>("shardsDone"), 1);
    atomic.notify(at + offsetof<Control>("shardsDone"));
  }
}

function compute(network: Network, job: Job, shard: i32, thread: i32): void {
  const first = firstSequence(job, shard);
  const count = firstSequence(job, shard + 1) - first;
  const base = job.scratch + <usize>thread * job.scratchBytes;
  const scratch = changetype<Scratch>(base);
  layOut(scratch, network, job.steps, count, job.backward !== 0, base + SCRATCH_HEADER_BYTES);
  forward(network, job, scratch, first);
  if (job.backward === 0) return;
  backward(network, job, scratch, first, shard, network.shardGradients + <usize>shard * network.parameterBytes);
}
