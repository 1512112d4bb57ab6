/** What faas-cli asks `docker` to do, read from its words. Pure. */
import { BadInputError } from "#shared/core/errors.ts";

/** One call of `docker`. */
export type DockerCommand =
  | {
      readonly kind: "build";
      readonly image: string;
      /** As written: relative to where docker was called. */
      readonly context: string;
      /** What was asked for and cannot be done here, each a sentence. */
      readonly remarks: readonly string[];
    }
  | { readonly kind: "push"; readonly image: string }
  | { readonly kind: "version" }
  /** Answered with success and no more: preparations that a stand-in does not need. */
  | { readonly kind: "nothing" };

const SPOKEN = "this `docker` is Replicant's stand-in for machines without a Docker engine";
const FLAGS = new Set(["--no-cache", "--squash", "--pull", "--quiet", "-q", "--push", "--load"]);
const WITH_VALUE = new Set([
  ...["--build-arg", "--tag", "-t", "--label", "--platform", "--output", "-o", "--progress", "--secret", "--ssh"],
  ...["--cache-from", "--cache-to", "--provenance", "--sbom", "--builder", "--network"],
]);

/** Throws `BadInputError`: one sentence for what only a real Docker can do. */
export function readDockerCommand(words: readonly string[]): DockerCommand {
  const [command = "", second = ""] = words;
  if (command === "build") return readBuild(words.slice(1));
  if (command === "buildx") {
    if (second === "build") return readBuild(words.slice(2));
    if (["create", "inspect", "use", "rm", "version"].includes(second)) return { kind: "nothing" };
  }
  if (command === "push") {
    const image = words.slice(1).find((word) => !word.startsWith("-"));
    if (image !== undefined) return { kind: "push", image };
  }
  if (["version", "--version", "-v"].includes(command)) return { kind: "version" };
  if (command === "run") {
    throw new BadInputError(`${SPOKEN} and runs no containers: deploy the function with 'faas-cli up'`);
  }
  throw new BadInputError(`${SPOKEN}: it knows build and push, not '${words.join(" ")}'`);
}

function readBuild(words: readonly string[]): DockerCommand {
  const values = new Map<string, string[]>();
  const places: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const [name = "", inline] = splitOnce(word);
    if (!word.startsWith("-") || word === "-") places.push(word);
    else if (WITH_VALUE.has(name)) values.set(name, [...(values.get(name) ?? []), inline ?? words[++i] ?? ""]);
    else if (!FLAGS.has(name)) throw new BadInputError(`${SPOKEN} and knows no option '${name}' of build`);
  }
  const [image, ...moreImages] = [...(values.get("--tag") ?? []), ...(values.get("-t") ?? [])];
  const [context, ...morePlaces] = places;
  if (!image || moreImages.length > 0) throw new BadInputError(`${SPOKEN}: a build needs one --tag`);
  if (context === undefined || context === "-" || morePlaces.length > 0) {
    throw new BadInputError(`${SPOKEN}: a build needs one folder, was: '${places.join(" ")}'`);
  }
  const systemPackages = (values.get("--build-arg") ?? []).find((each) => /^ADDITIONAL_PACKAGE=./.test(each));
  const remarks = systemPackages ? [`packages of the operating system are not installed (${systemPackages})`] : [];
  return { kind: "build", image, context, remarks };
}

function splitOnce(word: string): readonly [string, string | undefined] {
  const at = word.indexOf("=");
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}
