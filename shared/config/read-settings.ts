/** Reads settings from an environment that is passed in, once, and reports every problem at once. */
import { ConfigError } from "../core/errors.ts";
import { SETTINGS, type SettingName, type SettingValue } from "./settings.ts";

/** Variables by name, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;
/** Values of the named settings, read and checked. */
export type Settings<K extends SettingName> = { readonly [Name in K]: SettingValue<Name> };

/** Settings by name. An empty value counts as unset. Throws `ConfigError` with one sentence for each bad value. */
export function readSettings<K extends SettingName>(env: Environment, names: readonly K[]): Settings<K> {
  const problems: string[] = [];
  const values: Partial<Record<SettingName, unknown>> = {};
  for (const name of names) {
    const { fallback, parse, range } = SETTINGS[name];
    const given = env[name];
    const text = given === undefined || given === "" ? fallback : given;
    const result = text === undefined ? undefined : parse.safeParse(text);
    if (result?.success) values[name] = result.data;
    else problems.push(`${name} must be ${range}, was: ${text === undefined ? "missing" : `'${text}'`}`);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return values as Settings<K>;
}
