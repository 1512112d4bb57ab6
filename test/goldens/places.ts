/** Where the recordings and the project are. */
import { join, resolve } from "node:path";

export const ROOT = resolve(import.meta.dirname, "../..");
export const RECORDED = join(import.meta.dirname, "recorded");
