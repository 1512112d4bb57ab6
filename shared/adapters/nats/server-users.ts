/** The table of users as a nats-server reads it: what each may do as shipped, and who is let in as each home or cluster has it. */
import { permissionsOf } from "#shared/events/bus-permissions.ts";
import type { BusLogin } from "#shared/events/bus-logins.ts";
import { ADMIN, BUS_USER_NAMES, userOf, type BusUser } from "#shared/events/bus-users.ts";

/** Variables of the server's configuration, one for each user; holds no secret. */
export function rightsFile(prefix: string): string {
  return [
    "# Made from shared/events/bus-users.ts; a test makes it again. Who may publish to what and subscribe to what.",
    ...BUS_USER_NAMES.map((user) => `${variableOf(user)}: ${permissionsText(user, prefix)}`),
    "",
  ].join("\n");
}

/** The `authorization` block, with the rights beside each name. Throws `RangeError` for a name that is not in the table. */
export function authorizationBlock(logins: readonly BusLogin[], rights: (user: BusUser) => string): string {
  const lines = logins.map(({ name, password }) => {
    const who = `user: ${JSON.stringify(name)}, password: ${JSON.stringify(password)}`;
    if (name === ADMIN) return `    { ${who} }`;
    const user = userOf(name);
    if (user === null) throw new RangeError(`'${name}' is no user of the bus`);
    return `    { ${who}, permissions: ${rights(user)} }`;
  });
  return ["authorization {", "  timeout: 2", "  users: [", ...lines, "  ]", "}"].join("\n");
}

/** The rights themselves, for a configuration of one piece. */
export function permissionsText(user: BusUser, prefix: string): string {
  const { publish, subscribe } = permissionsOf(user, prefix);
  const allow = subscribe.map(({ subject, queue }) => (queue === null ? subject : `${subject} ${queue}`));
  // A subject alone would allow any queue, and with it taking events away from a queue's members.
  const queued = new Set(subscribe.filter(({ queue }) => queue !== null).map(({ subject }) => subject));
  const deny = subscribe.map(({ subject }) => subject).filter((subject) => !queued.has(subject));
  return `{
  publish: { allow: ${listText(publish)} }
  subscribe: {
    allow: ${listText(allow)}
    deny: ${listText(deny.map((subject) => `${subject} >`))}
  }
}`;
}

const variableOf = (user: BusUser) => `${user.replaceAll("-", "_")}_may`;

function listText(entries: readonly string[]): string {
  return ["[", ...entries.map((entry) => `      ${JSON.stringify(entry)}`), "    ]"].join("\n");
}
