/** Numbers as people read them. What is not known is a dash, never 0. */

const whole = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });
const NONE = "–";

export const count = (value) => (value === null || value === undefined ? NONE : whole.format(value));

/** Three digits at most. */
export function decimal(value) {
  if (value === null || value === undefined) return NONE;
  const size = Math.abs(value);
  return size >= 100 ? whole.format(value) : String(Number(value.toFixed(size >= 10 ? 1 : 2)));
}

/** A rate, with one decimal at least so that its width is calm. */
export function rate(perSecond) {
  if (perSecond === null || perSecond === undefined) return NONE;
  return `${perSecond >= 100 ? whole.format(perSecond) : perSecond.toFixed(1)}/s`;
}

/** 4.2 ms, 230 ms, 1.24 s. */
export function seconds(value) {
  if (value === null || value === undefined) return NONE;
  return value >= 1 ? `${decimal(value)} s` : `${value >= 0.01 ? (value * 1000).toFixed(0) : decimal(value * 1000)} ms`;
}

/** A quantile of the gateway's histogram, whose last bound is 10 s: of more it is only known that it is more. */
export function quantile(value) {
  return value === 10 ? "≥ 10 s" : seconds(value);
}

/** A share, 0…1, as per cent: 3.1 %, 0.04 %. */
export function percent(share) {
  if (share === null || share === undefined) return NONE;
  return `${Number((share * 100).toFixed(share < 0.01 ? 2 : 1))} %`;
}

/** How long ago: 12 s, 4 min, 3 h, 2 d. */
export function age(ms) {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 120) return `${s} s`;
  if (s < 7200) return `${Math.floor(s / 60)} min`;
  return s < 172_800 ? `${Math.floor(s / 3600)} h` : `${Math.floor(s / 86_400)} d`;
}

export function bytes(value) {
  if (value === null || value === undefined) return NONE;
  if (value < 1024) return `${value} B`;
  const mebi = value / 1_048_576;
  return mebi < 1
    ? `${(value / 1024).toFixed(1)} KiB`
    : mebi < 1024
      ? `${decimal(mebi)} MiB`
      : `${decimal(mebi / 1024)} GiB`;
}

export function clockTime(atMs, withSeconds = true) {
  const at = new Date(atMs);
  const two = (value) => String(value).padStart(2, "0");
  const minutes = `${two(at.getHours())}:${two(at.getMinutes())}`;
  return withSeconds ? `${minutes}:${two(at.getSeconds())}` : minutes;
}
