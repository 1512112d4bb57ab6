/** What this gateway says it is. */

/** The version in package.json (a test holds the two together). */
export const version = "0.1.0";

/** `X-Served-By` of every invocation. */
export const servedBy = `local-openfaas/${version}`;
