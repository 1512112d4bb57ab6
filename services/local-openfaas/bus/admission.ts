/** Who is let in by the built-in broker, and with which rights. */
import { createHash, timingSafeEqual } from "node:crypto";

import type { BusLogin } from "#shared/events/bus-logins.ts";
import { permissionsOf } from "#shared/events/bus-permissions.ts";
import { ADMIN, userOf } from "#shared/events/bus-users.ts";
import { allowedBy, EVERYTHING, type Allowed } from "./permissions.ts";

/** `token`: whoever shows it may do everything; `users`: each by its table; `open`: everybody may do everything. */
export type Admission =
  | { readonly by: "open" }
  | { readonly by: "token"; readonly token: string }
  | { readonly by: "users"; readonly logins: readonly BusLogin[]; readonly prefix: string };

type Options = Readonly<Record<string, unknown>>;

/** Answers with what the options of a CONNECT allow; null keeps the door shut. Throws `RangeError` for a name out of the table. */
export function admits(admission: Admission): (options: Options) => Allowed | null {
  if (admission.by === "open") return () => EVERYTHING;
  if (admission.by === "token") {
    const same = comparison(admission.token);
    return ({ auth_token: shown }) => (same(shown) ? EVERYTHING : null);
  }
  const doors = new Map(
    admission.logins.map(({ name, password }) => [
      name,
      { same: comparison(password), allowed: allowedOf(name, admission.prefix) },
    ]),
  );
  // An unknown name takes as long as a wrong password.
  const nobody = comparison("");
  return ({ user, pass }) => {
    const door = typeof user === "string" ? doors.get(user) : undefined;
    const isRight = (door?.same ?? nobody)(pass);
    return door && isRight ? door.allowed : null;
  };
}

function allowedOf(name: string, prefix: string): Allowed {
  if (name === ADMIN) return EVERYTHING;
  const user = userOf(name);
  if (user === null) throw new RangeError(`'${name}' is no user of the bus`);
  return allowedBy(permissionsOf(user, prefix));
}

/** Compares digests, so that neither the time nor the length reveals anything about the secret. */
function comparison(secret: string): (shown: unknown) => boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  const wanted = digest(secret);
  return (shown) => {
    const isText = typeof shown === "string" && shown !== "";
    return timingSafeEqual(digest(isText ? shown : ""), wanted) && isText;
  };
}
