/** System-wide counters: /proc/vmstat, /proc/buddyinfo, /proc/pressure/*, and sysfs words in brackets. */

/** `name value` lines. */
export function parseVmstat(text: string): ReadonlyMap<string, number> {
  const counters = new Map<string, number>();
  for (const line of text.split('\n')) {
    const space = line.indexOf(' ');
    if (space > 0) counters.set(line.slice(0, space), Number(line.slice(space + 1)));
  }
  return counters;
}

/**
 * Free blocks of at least `order`, in units of 2^order pages. ZONE_DMA is left out on x86 only, where it is the first
 * 16 MiB and kept from ordinary allocations; on arm64 it is all memory below 4 GiB.
 */
export function freeBlocks(buddyinfo: string, order: number, architecture: string): number {
  let blocks = 0;
  for (const line of buddyinfo.split('\n')) {
    const match = /^Node \d+, zone +(\S+) +(.*)$/.exec(line);
    if (!match || (match[1] === 'DMA' && architecture === 'x64')) continue;
    const counts = match[2].trim().split(/\s+/).map(Number);
    for (let found = order; found < counts.length; found++) blocks += counts[found] * 2 ** (found - order);
  }
  return blocks;
}

/** avg10 of a `some` or `full` line, in percent. */
export function pressureAverage(text: string, kind: 'some' | 'full'): number | undefined {
  const match = new RegExp(`^${kind} avg10=([0-9.]+) `, 'm').exec(text);
  return match ? Number(match[1]) : undefined;
}

/** The chosen word of a sysfs choice like `always [madvise] never`; the whole text when nothing is bracketed. */
export function chosenWord(text: string): string {
  return /\[([^\]]+)\]/.exec(text)?.[1] ?? text.trim();
}
