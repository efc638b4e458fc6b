/** Values of options that the sample commands share. */

/** `4711` or `4711,4712`. */
export function parsePids(text: string): ReadonlySet<number> {
  const pids = text.split(',').map((word) => Number(word));
  if (pids.some((pid) => !Number.isInteger(pid) || pid < 0)) throw new Error(`${text} is no list of pids`);
  return new Set(pids);
}

const UNITS: Readonly<Record<string, number>> = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 };

/** `65536`, `64K`, `2M`, `1G`. */
export function parseBytes(text: string): number {
  const match = /^(\d+)\s*([KMG]?)(?:i?B)?$/i.exec(text);
  if (match === null) throw new Error(`${text} is no size`);
  return Number(match[1]) * UNITS[match[2].toUpperCase()];
}

const SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, '': 1 };

/** `10s`, `500ms`, `2m` in milliseconds; a bare number is seconds. */
export function parseDurationMs(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|)$/.exec(text);
  if (match === null) throw new Error(`${text} is no duration (10s, 500ms, 2m)`);
  return Number(match[1]) * SECONDS[match[2]] * 1000;
}
