/** Names short enough for a figure: long options become an ellipsis, paths their last part. The table has them whole. */

const LONGEST = 22;

export function shortNames(policies) {
  const shortened = policies.map(shortOf);
  return new Map(
    policies.map((policy, i) => {
      const alike = shortened.filter((name) => name === shortened[i]).length;
      const nth = shortened.slice(0, i + 1).filter((name) => name === shortened[i]).length;
      return [policy, alike > 1 ? `${shortened[i]} #${nth}` : shortened[i]];
    }),
  );
}

function shortOf(policy) {
  if (policy.length <= LONGEST) return policy;
  const [, body, suffix = ""] = /^(.*?)(@30s|@bare)?$/.exec(policy);
  if (body.includes("/")) return `…/${body.split("/").filter(Boolean).at(-1)}${suffix}`;
  return `${body.split(":")[0]}:…${suffix}`;
}
