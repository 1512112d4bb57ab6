"use strict";

/**
 * @param {{ body: unknown, path: string, method: string, query: object, headers: object }} event
 * @param {{ status(code: number): { succeed(value: unknown): unknown } }} context
 */
module.exports = async (event, context) => {
  const result = { body: event.body, path: event.path };
  return context.status(200).succeed(result);
};
