/** Values of options that the sample commands share. */

/** `4711` or `4711,4712`. */
export function parsePids(text: string): ReadonlySet<number> {
  const pids = text.split(',').map((word) => Number(word));
  if (pids.some((pid) => !Number.isInteger(pid) || pid < 0)) throw new Error(`${text} is no list of pids`);
  return new Set(pids);
}
