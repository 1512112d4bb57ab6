/** The action schemes there are, each by the name that checkpoints give it. A new one is its file and its line here. */
export { change } from "./change.ts";
export { headroom } from "./headroom.ts";
