/** Words that several notes share. */

/** Why a decision holds whose count was not read: the number it names is the last known one. */
export const NOT_READ = "the platform did not answer with its replica count";

/** What someone else's count is called in every note about it. */
export const SOMEONE_ELSE = "set by someone else";
