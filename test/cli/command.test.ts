/** A command is declared once: its options become flags of the program, by name. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Command as Program } from "commander";

import { addTo, command, type World } from "#services/cli/command.ts";
import { runCommand } from "#test/support/command.ts";

test("flags are named after their options; an argument and the exit code are passed on", async () => {
  const given: unknown[] = [];
  const one = command({
    name: "count",
    description: "counts",
    argument: ["<what>", "what is counted"],
    options: { "--from-window <n>": "first", "--readme [file]": "a page", "--json": "as JSON" },
    async run({ fromWindow, readme, json }, _world, what) {
      given.push(fromWindow, readme, json, what);
      return 3;
    },
  });
  const program = new Program("test").exitOverride();
  const exits: number[] = [];
  addTo(
    program,
    one,
    () => ({}) as World,
    (code) => exits.push(code),
  );
  await program.parseAsync(["count", "sheep", "--from-window", "7", "--readme"], { from: "user" });
  assert.deepEqual([given, exits], [["7", true, undefined, "sheep"], [3]]);
});

test("the help of the program lists every command; an unknown one is refused with it", async (t) => {
  const help = await runCommand(t, ["--help"]);
  assert.equal(help.code, 0);
  for (const name of ["up", "set-up-bus", "thaw", "compare-agents", "calibrate", "train"]) {
    assert.match(help.stdout, new RegExp(`^  ${name} `, "m"));
  }
  const unknown = await runCommand(t, ["trian"]);
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /unknown command 'trian'/);
});
