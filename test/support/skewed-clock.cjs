/** Loaded before a program (`node --require`): its wall clock goes wrong by SKEW_MS. The monotonic clock is left alone. */
const skewMs = Number(process.env.SKEW_MS ?? "0");
const right = Date.now.bind(Date);
const wrong = () => right() + skewMs;

Date.now = wrong;
globalThis.Date = new Proxy(Date, {
  construct: (target, words, called) =>
    /** @type {object} */ (Reflect.construct(target, words.length === 0 ? [wrong()] : words, called)),
});
