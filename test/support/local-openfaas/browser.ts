/** A headless Chromium with a profile of its own, and pages that remember what went wrong in them. */
import { accessSync, constants } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { TestContext } from "node:test";
import { chromium, type Page } from "playwright-core";
import type { Platform } from "#services/local-openfaas/types.ts";

/** Chromium on PATH; undefined where there is none. */
export const executablePath = (process.env["PATH"] ?? "")
  .split(delimiter)
  .flatMap((folder) => ["chromium", "chromium-browser", "google-chrome"].map((name) => join(folder, name)))
  .find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

/** Why browser tests are skipped, false where they are not. */
export const withoutBrowser = executablePath ? false : "chromium is not on PATH";

const quiet = ["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export interface OpenedPage {
  readonly page: Page;
  /** Errors and warnings of the console, and exceptions nobody caught. */
  readonly problems: string[];
  /** Every address that was asked for. */
  readonly requested: string[];
}

export interface OpenOptions {
  readonly colorScheme?: "light" | "dark";
  readonly width?: number;
  readonly height?: number;
}

/** Opens `/ui/` of a platform as its user. */
export async function openPage(
  t: TestContext,
  { url, user, password }: Pick<Platform, "url" | "user" | "password">,
  { colorScheme = "light", width = 1280, height = 900 }: OpenOptions = {},
): Promise<OpenedPage> {
  const profile = await mkdtemp(join(tmpdir(), "chromium-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: executablePath!,
    headless: true,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", ...quiet],
    httpCredentials: { username: user, password },
    colorScheme,
    viewport: { width, height },
  });
  t.after(async () => {
    await context.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  });
  const page = context.pages()[0] ?? (await context.newPage());
  const problems: string[] = [];
  const requested: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) problems.push(`${message.text()} (${message.location().url})`);
  });
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("request", (request) => requested.push(request.url()));
  await page.goto(`${url}/ui/`);
  return { page, problems, requested };
}
