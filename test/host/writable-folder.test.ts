import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { writableFolder } from "#shared/host/writable-folder.ts";

test("a relative folder is inside the temporary one, an absolute one where it says", () => {
  assert.equal(writableFolder("replicant/models"), join(tmpdir(), "replicant", "models"));
  assert.equal(writableFolder("/data/models"), "/data/models");
});
