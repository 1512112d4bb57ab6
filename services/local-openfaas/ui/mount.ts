/** The page under `/ui`, ready to be mounted by the gateway. */
import type { Router } from "express";
import type { UiContext } from "../gateway/gateway.ts";
import { systemClock } from "#shared/adapters/system-clock.ts";
import { version } from "#shared/core/version.ts";
import { createUiFeed, type UiFeedOptions } from "./feed.ts";
import { uiRouter } from "./router.ts";

/** What the page needs beside what the gateway gives it. */
export interface UiOptions extends Pick<UiFeedOptions, "events" | "log"> {
  /** The page's files. */
  readonly folder: string;
  /** How CPU and memory limits are enforced, one line for people. */
  readonly limits: string;
}

/** What is mounted samples and listens until the gateway closes. */
export function mountUi({ folder, limits, events, log }: UiOptions): (context: UiContext) => Router {
  return ({ provider, meters, profile, closing }) => {
    const platform = { version, profile, limits };
    const feed = createUiFeed({ platform, provider, meters, events, clock: systemClock, signal: closing, log });
    return uiRouter({ feed, folder, signal: closing });
  };
}
