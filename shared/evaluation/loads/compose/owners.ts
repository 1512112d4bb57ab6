/** Which split an owner of Azure functions belongs to, with all of its functions. */
import { seededRandom } from "../../../core/random.ts";
import type { LoadSplit } from "../../../sim/loads/recipe.ts";

/**
 * Owners fall into classes by a hash. Five salts below 10,000 put the owners that `traces/manifest.json` trains on and validates
 * on into the same splits here, so that what learned from one manifest has not seen the test data of the other. Of these five it
 * is the one whose splits are nearest to three fifths, a fifth and a fifth of the invocations.
 */
const SALT = 5748;
const TRAIN_SHARE = 0.6;
const VALIDATION_SHARE = 0.2;

/** The split of an owner's functions: drawn from the owner's hash, so that no owner is in two. */
export function splitOfOwner(owner: string): LoadSplit {
  const place = seededRandom(`owner/${SALT}/${owner}`).next();
  if (place < TRAIN_SHARE) return "train";
  return place < TRAIN_SHARE + VALIDATION_SHARE ? "validation" : "test";
}
