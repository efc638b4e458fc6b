/** Marks of an axis at round numbers. Pure. */

/** Round steps from `from` to `to`, about `count` of them. */
export function roundTicks(from: number, to: number, count = 5): readonly number[] {
  if (!(to > from)) return [from];
  const raw = (to - from) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= raw * 0.999) ?? 10 * power;
  return stepped(from, to, step);
}

/** The same of bytes: steps are powers of two times 1, 2 or 4 … of a unit. */
export function byteTicks(to: number, count = 5): readonly number[] {
  if (!(to > 0)) return [0];
  const step = 2 ** Math.ceil(Math.log2(to / count));
  return stepped(0, to, step);
}

const SECONDS = [
  ...[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30],
  ...[60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400, 172_800, 604_800],
];

/** The same of milliseconds: steps that clocks have. */
export function timeTicks(from: number, to: number, count = 8): readonly number[] {
  const raw = (to - from) / 1000 / count;
  const step = SECONDS.find((one) => one >= raw * 0.999) ?? Math.ceil(raw / 604_800) * 604_800;
  return stepped(from, to, step * 1000);
}

function stepped(from: number, to: number, step: number): readonly number[] {
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.floor(to / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first) + 1 }, (_, at) => (first + at) * step);
}
