/** The words that faas-cli says to `docker`, and what the stand-in makes of them. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { BadInputError } from "#shared/core/errors.ts";
import { readDockerCommand, type DockerCommand } from "#services/local-openfaas/faas-cli/docker-stand-in/command.ts";

const built: DockerCommand = { kind: "build", image: "me/hello:1", context: ".", remarks: [] };
const rows: readonly [name: string, words: string, want: DockerCommand][] = [
  ["build, as faas-cli says it", "build --build-arg ADDITIONAL_PACKAGE= --tag me/hello:1 .", built],
  [
    "build with all it can add",
    "build --no-cache --squash --label a=b --pull --secret id=n,src=.npmrc --tag=me/hello:1 .",
    built,
  ],
  ["build, context first", "build . -t me/hello:1", built],
  [
    "publish",
    "buildx build --progress=plain --platform=linux/amd64,linux/arm64 --output=type=registry,push=true --tag me/hello:1 .",
    built,
  ],
  [
    "packages of the operating system",
    "build --build-arg ADDITIONAL_PACKAGE=git --tag me/hello:1 .",
    { ...built, remarks: ["packages of the operating system are not installed (ADDITIONAL_PACKAGE=git)"] },
  ],
  ["a builder is made ready", "buildx create --use --name=multiarch --node=multiarch", { kind: "nothing" }],
  ["push", "push me/hello:1", { kind: "push", image: "me/hello:1" }],
  ["push, quietly", "push --quiet me/hello:1", { kind: "push", image: "me/hello:1" }],
  ["version", "--version", { kind: "version" }],
];
for (const [name, words, want] of rows) {
  test(`docker stand-in: ${name}`, () => assert.deepEqual(readDockerCommand(words.split(" ")), want));
}

const stand = "this `docker` is Replicant's stand-in for machines without a Docker engine";
for (const { words, says } of [
  { words: "run --rm me/hello:1", says: " and runs no containers: deploy the function with 'faas-cli up'" },
  { words: "ps -a", says: ": it knows build and push, not 'ps -a'" },
  { words: "push", says: ": it knows build and push, not 'push'" },
  { words: "build .", says: ": a build needs one --tag" },
  { words: "build --tag a --tag b .", says: ": a build needs one --tag" },
  { words: "build --tag a", says: ": a build needs one folder, was: ''" },
  { words: "build --tag a -", says: ": a build needs one folder, was: '-'" },
  { words: "build --tag a --file Other .", says: " and knows no option '--file' of build" },
]) {
  test(`docker stand-in refuses: ${words}`, () => {
    assert.throws(() => readDockerCommand(words.split(" ")), new BadInputError(stand + says));
  });
}
