/**
 * Quantities as damo's files spell them: `5 ms`, `1 m 30 s`, `4.000 KiB`, `80 %`, `1,000`, `min`, `max`. A bare
 * number counts in the unit of its field. Results are integers; `max` is 2^64 − 1.
 */

/** What the kernel and damo take as "no bound": 2^64 − 1. */
export const LARGEST = 2n ** 64n - 1n;

const SIZES: Readonly<Record<string, bigint>> = Object.fromEntries(
  ['', 'K', 'M', 'G', 'T', 'P', 'E'].flatMap((letter, power) => {
    const size = 1024n ** BigInt(power);
    return letter === '' ? [['B', size]] : [letter, `${letter}B`, `${letter}iB`].map((unit) => [unit, size]);
  }),
);

const NANOSECONDS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
};

/** A quantity as the file has it. */
export type Quantity = string | number;

/** A count: `1,000`, `max`. Undefined when it is none. */
export function parseCount(value: Quantity): bigint | undefined {
  const text = plain(value);
  if (text === 'min') return 0n;
  if (text === 'max') return LARGEST;
  return /^\d+$/.test(text) ? BigInt(text) : undefined;
}

/** Bytes: `4.000 KiB`, `2M`, `4096`. */
export function parseSize(value: Quantity): bigint | undefined {
  const count = parseCount(value);
  if (count !== undefined) return count;
  const parts = /^([\d.]+)\s*([A-Za-z]+)$/.exec(plain(value));
  const unit = parts && SIZES[parts[2]];
  return unit ? clamp(scaled(parts[1], unit)) : undefined;
}

/** Time in the unit given (nanoseconds per one of it), which is also what a bare number counts in. */
export function parseTime(value: Quantity, unitNs: bigint): bigint | undefined {
  const count = parseCount(value);
  if (count !== undefined) return count;
  const text = plain(value);
  const parts = [...text.matchAll(/(-?[\d.]+)\s*([a-z]+)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text.replace(/(?<=[a-z])\s+/g, '')) {
    return undefined;
  }
  let nanoseconds = 0n;
  for (const [, digits, unit] of parts) {
    const each = NANOSECONDS[unit];
    const part = each === undefined ? undefined : scaled(digits, each);
    if (part === undefined) return undefined;
    nanoseconds += part;
  }
  return nanoseconds / unitNs;
}

/** A share in so many parts of one (1000 for permil, 10000 for basis points): `50 %`, or a bare number of parts. */
export function parseShare(value: Quantity, parts: number): bigint | undefined {
  const count = parseCount(value);
  if (count !== undefined) return count;
  const text = plain(value);
  const percent = /^([\d.]+)\s*%$/.exec(text);
  const share = percent ? Number(percent[1]) / 100 : Number(text);
  if (!Number.isFinite(share) || text === '') return undefined;
  return BigInt(Math.round(percent ? share * parts : share));
}

/** Returns what `y`, `yes`, `true` and their opposites mean; undefined for any other word. */
export function parseFlag(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  const text = String(value).toLowerCase();
  if (['y', 'yes', 'true'].includes(text)) return true;
  return ['n', 'no', 'false'].includes(text) ? false : undefined;
}

function plain(value: Quantity): string {
  return String(value).replaceAll(',', '').trim();
}

function scaled(digits: string, unit: bigint): bigint | undefined {
  const parts = /^(\d*)(?:\.(\d*))?$/.exec(digits);
  if (!parts || (parts[1] === '' && !parts[2])) return undefined;
  const whole = BigInt(parts[1] || '0') * unit;
  if (!parts[2]) return whole;
  const fraction = BigInt(parts[2]) * unit;
  return whole + fraction / 10n ** BigInt(parts[2].length);
}

function clamp(value: bigint | undefined): bigint | undefined {
  return value === undefined || value <= LARGEST ? value : LARGEST;
}

/** Returns a count with commas between thousands. */
export function formatCount(value: bigint): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** Returns a size in the largest unit that keeps it exact; `max` for 2^64 − 1. */
export function formatSize(bytes: bigint): string {
  if (bytes === LARGEST) return 'max';
  // Exact or not at all: a rounded size would come back as another one.
  const units = ['EiB', 'PiB', 'TiB', 'GiB', 'MiB', 'KiB'] as const;
  const unit = units.find((name) => bytes >= SIZES[name] && bytes % (SIZES[name] / 8n) === 0n);
  if (!unit) return `${bytes} B`;
  const thousandths = ((bytes % SIZES[unit]) * 1000n) / SIZES[unit];
  return `${bytes / SIZES[unit]}.${String(thousandths).padStart(3, '0')} ${unit}`;
}

/** Returns a duration of `value` units of `unitNs` nanoseconds in damo's words; `max` for 2^64 − 1. */
export function formatTime(value: bigint, unitNs: bigint): string {
  if (value === LARGEST) return 'max';
  let rest = value * unitNs;
  const words: string[] = [];
  for (const [name, size] of Object.entries(NANOSECONDS).reverse()) {
    if (rest >= size) words.push(`${formatCount(rest / size)} ${name}`);
    rest %= size;
  }
  return words.length > 0 ? words.join(' ') : '0 ns';
}

/** Returns `value` of `parts` in percent. */
export function formatShare(value: bigint, parts: number): string {
  return `${(Number(value) * 100) / parts} %`;
}
