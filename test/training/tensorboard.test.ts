import assert from "node:assert/strict";
import { test } from "node:test";

import { scalarEvent, versionEvent } from "#shared/training/tensorboard.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

test("tensorboard: a file begins with its version, framed as a TFRecord", () => {
  const bytes = versionEvent(1_000);
  // Length 24 and its checksum as every TensorFlow writes it; wall time 1.0; field 3, "brain.Event:2".
  assert.equal(hex(bytes.subarray(0, 12)), "1800000000000000a37f4b22");
  assert.equal(hex(bytes.subarray(12, 21)), "09000000000000f03f");
  assert.equal(hex(bytes.subarray(21, 36)), "1a0d" + Buffer.from("brain.Event:2").toString("hex"));
  assert.equal(bytes.length, 12 + 24 + 4);
});

test("tensorboard: scalars of a step, the step as a varint", () => {
  const bytes = scalarEvent(300, 0, [{ tag: "a/b", value: 0.5 }]);
  const value = "0a03" + Buffer.from("a/b").toString("hex") + "150000003f";
  const summary = "0a0a" + value;
  assert.equal(hex(bytes.subarray(12, -4)), "09" + "00".repeat(8) + "10ac02" + "2a0c" + summary);
});
