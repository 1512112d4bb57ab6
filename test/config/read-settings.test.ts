import assert from "node:assert/strict";
import { test } from "node:test";

import { readSettings } from "#shared/config/read-settings.ts";
import { SETTINGS, type SettingName } from "#shared/config/settings.ts";
import { ConfigError } from "#shared/core/errors.ts";

test("settings: every default is in its own range", () => {
  const names = Object.keys(SETTINGS) as SettingName[];
  assert.doesNotThrow(() => readSettings({}, names));
});

test("settings: values are read, with their types", () => {
  const read = readSettings({ TIME_LAPSE: "10", REPLICANT_INSECURE: "true" }, ["TIME_LAPSE", "REPLICANT_INSECURE"]);
  assert.deepEqual(read, { TIME_LAPSE: 10, REPLICANT_INSECURE: true });
});

test("settings: an empty value counts as unset", () => {
  assert.deepEqual(readSettings({ WINDOW_SECONDS: "" }, ["WINDOW_SECONDS"]), { WINDOW_SECONDS: 30 });
});

test("settings: every problem is reported at once, with key, range and value", () => {
  const env = { WINDOW_SECONDS: "soon", TIME_LAPSE: "0", OPENFAAS_URL: "gateway:8080" };
  assert.throws(
    () => readSettings(env, ["WINDOW_SECONDS", "TIME_LAPSE", "OPENFAAS_URL", "TICK_SECONDS"]),
    (thrown) => {
      assert.ok(thrown instanceof ConfigError);
      assert.deepEqual(thrown.problems, [
        "WINDOW_SECONDS must be a number from 1 to 3600, was: 'soon'",
        "TIME_LAPSE must be a number from 1 to 1000, was: '0'",
        "OPENFAAS_URL must be an http(s) URL, was: 'gateway:8080'",
      ]);
      return true;
    },
  );
});
