/** A line of the shell: its words, and where its output goes. */
export interface ShellLine {
  readonly words: readonly string[];
  /** Path after `>`, undefined when there is none. */
  readonly target: string | undefined;
}

/**
 * Splits a line into words. Quotes (single or double) keep spaces; `\n` inside double quotes is a newline; `#` starts
 * a comment. Returns a sentence when a quote is open or `>` has no path.
 */
export function readLine(line: string): ShellLine | string {
  const tokens: string[] = [];
  const pattern = /\s*(?:#.*$|"((?:[^"\\]|\\.)*)"|'([^']*)'|(>)|([^\s"'>#][^\s"'>]*))/y;
  let at = 0;
  while (line.slice(at).trim() !== '') {
    pattern.lastIndex = at;
    const found = pattern.exec(line);
    if (found === null) return `a quote is not closed in \`${line}\``;
    at = pattern.lastIndex;
    const [, double, single, arrow, word] = found;
    if (arrow !== undefined) tokens.push('\0>');
    else if (double !== undefined) tokens.push(double.replace(/\\n/g, '\n').replace(/\\(.)/g, '$1'));
    else if (single !== undefined) tokens.push(single);
    else if (word !== undefined) tokens.push(word);
  }
  const arrow = tokens.indexOf('\0>');
  if (arrow < 0) return { words: tokens, target: undefined };
  if (arrow !== tokens.length - 2) return '`>` needs one path behind it';
  return { words: tokens.slice(0, arrow), target: tokens[arrow + 1] };
}

/** Bytes written as 4096, 64K, 2M or 1G (also KiB, MiB, GiB). */
export function parseSize(text: string): number | undefined {
  const found = /^(\d{1,15})(?:([kmgt])(?:i?b)?)?$/i.exec(text);
  if (found === null) return undefined;
  const shift = { k: 10, m: 20, g: 30, t: 40 }[(found[2] ?? '').toLowerCase()] ?? 0;
  return Number(found[1]) * 2 ** shift;
}

const UNIT_NS: Readonly<Record<string, number>> = {
  ...{ ns: 1, us: 1e3, ms: 1e6, s: 1e9, min: 60e9, h: 3600e9 },
};

/** Nanoseconds written as 2s, 500ms, 10us, 5min; a bare number is seconds. */
export function parseDuration(text: string): number | undefined {
  const found = /^(\d+(?:\.\d+)?)(ns|us|ms|s|min|h)?$/.exec(text);
  if (found === null) return undefined;
  return Math.round(Number(found[1]) * UNIT_NS[found[2] ?? 's']);
}

/** A byte address or count, in hexadecimal with 0x or decimal. */
export function parseAddress(text: string): number | undefined {
  if (/^0x[0-9a-f]{1,13}$/i.test(text)) return Number.parseInt(text, 16);
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** `key=value` words as a record; a sentence when one is malformed, unknown or doubled. */
export function parsePairs(
  words: readonly string[],
  known: readonly string[],
): Record<string, string> | string {
  const pairs: Record<string, string> = {};
  for (const word of words) {
    const equals = word.indexOf('=');
    const key = word.slice(0, Math.max(0, equals));
    if (equals < 1) return `\`${word}\` is not key=value`;
    if (!known.includes(key)) return `unknown key \`${key}\`; known are ${known.join(', ')}`;
    if (key in pairs) return `\`${key}\` is given twice`;
    pairs[key] = word.slice(equals + 1);
  }
  return pairs;
}
