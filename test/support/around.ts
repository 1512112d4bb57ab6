/** What all tests of a file share: opened before the first, closed after the last, and never closed while it still opens. */
import { after, before } from "node:test";

/**
 * From Node 22 on a file whose tests are all filtered out (`--test-name-pattern`) runs `after` without waiting for its `before`: so
 * closing waits for the opening itself. What could not be opened is not closed.
 */
export function around<T>(open: () => T | Promise<T>, close: (opened: T) => unknown): void {
  let opening: Promise<T> | undefined;
  before(async () => {
    opening = (async () => open())();
    await opening;
  });
  after(async () => {
    const opened = await opening?.then((value) => ({ value })).catch(() => undefined);
    if (opened) await close(opened.value);
  });
}
