/** What a look must leave as it is, read plainly and independently of Octavo, as named values that can be compared. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { MapAnswer } from '../../demo/protocol.js';
import { blocksOf, entriesOf, mapCounts } from '../live/page-truth.js';

export type Traces = ReadonlyMap<string, string>;

/** A region as one process sees it. */
export interface Seen {
  readonly pid: number;
  readonly region: MapAnswer;
}

/** Page sizes, frames, sharing and every smaps field of regions. */
export function memoryTraces(seen: readonly Seen[]): Traces {
  const traces = new Map<string, string>();
  const smaps = new Map<number, string>();
  for (const { pid, region } of seen) {
    const name = `${pid} ${region.name}`;
    const text = smaps.get(pid) ?? smapsOf(pid);
    smaps.set(pid, text);
    for (const [field, value] of smapsFields(text, region)) traces.set(`${name}: ${field}`, value);
    const entries = entriesOf(pid, region);
    const perBlock = region.blockBytes / region.pageBytes;
    for (const [number, { frames, orders }] of blocksOf(pid, region).entries()) {
      const own = entries.slice(number * perBlock, (number + 1) * perBlock);
      const block = `${name}: block ${number}`;
      traces.set(`${block} orders`, runs(orders));
      traces.set(`${block} frames`, `from ${frames.find((frame) => frame > 0) ?? 'none'}, ${hash(frames)}`);
      traces.set(`${block} mapped`, runs(mapCounts(frames)));
      traces.set(`${block} pagemap`, hash(own));
    }
  }
  return traces;
}

/** Pages that something referenced since clear_refs, in kB, by region. */
export function referencedKb(seen: readonly Seen[]): Map<string, number> {
  const found = seen.map(
    ({ pid, region }) =>
      [
        `${pid} ${region.name}`,
        Number.parseInt(smapsFields(smapsOf(pid), region).get('Referenced') ?? '0', 10),
      ] as const,
  );
  return new Map(found);
}

/** Events of /proc/vmstat that a split, a collapse, a huge zero page or a swap-in leaves. Everybody's, so they are noisy. */
export function eventTraces(): Traces {
  const text = readFileSync('/proc/vmstat', 'latin1');
  const events =
    /^(thp_split_\w+|thp_deferred_split_page|thp_collapse_\w+|thp_zero_page_\w+|thp_swp\w+|cow_ksm|ksm_swpin_copy|pswp\w+|swap_ra) (\d+)$/gm;
  return new Map([...text.matchAll(events)].map(([, name, value]) => [name, value]));
}

/** Each file and directory below a folder: size, time of change and content. */
export function folderTraces(folder: string, prefix = folder): Traces {
  const traces = new Map<string, string>();
  if (!existsSync(folder)) return traces;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    const { size, mtimeNs } = statSync(path, { bigint: true });
    if (entry.isDirectory()) {
      for (const [name, value] of folderTraces(path, prefix)) traces.set(name, value);
      traces.set(path, `changed ${mtimeNs}`);
    } else traces.set(path, `${size} bytes, changed ${mtimeNs}, ${hash([readFileSync(path, 'latin1')])}`);
  }
  return traces;
}

/** Kdamonds and what they are told; what the kernel counts by itself is left out. */
export function damonTraces(folder = '/sys/kernel/mm/damon/admin'): Traces {
  const traces = new Map<string, string>();
  if (!existsSync(folder)) return traces;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (/^(stats|tried_regions|effective_bytes|current_value)$/.test(entry.name)) continue;
    if (!entry.isDirectory()) traces.set(path, readText(path));
    else for (const [name, value] of damonTraces(path)) traces.set(name, value);
  }
  return traces;
}

/** `name: before → after` of everything that differs. */
export function differences(before: Traces, after: Traces): readonly string[] {
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].flatMap((name) => {
    const [then, now] = [before.get(name) ?? 'absent', after.get(name) ?? 'absent'];
    return then === now ? [] : [`${name}: ${then} → ${now}`];
  });
}

const smapsOf = (pid: number) => readFileSync(`/proc/${pid}/smaps`, 'latin1');

function smapsFields(text: string, region: MapAnswer): Map<string, string> {
  const fields = new Map<string, string>();
  const [start, end] = [BigInt(region.address), BigInt(region.address) + BigInt(region.bytes)];
  let inside = false;
  for (const line of text.split('\n')) {
    const header = /^([0-9a-f]+)-([0-9a-f]+) /.exec(line);
    if (header) inside = BigInt(`0x${header[1]}`) < end && BigInt(`0x${header[2]}`) > start;
    const field = /^(\w+): +(\d+) kB$/.exec(line);
    // A region may be several mappings, where protections differ.
    if (inside && field)
      fields.set(field[1], `${Number.parseInt(fields.get(field[1]) ?? '0', 10) + Number(field[2])} kB`);
  }
  // What others age by themselves is judged by `referencedKb`.
  return fields;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (problem) {
    return String((problem as NodeJS.ErrnoException).code);
  }
}

function runs(values: readonly number[]): string {
  const parts: string[] = [];
  for (let at = 0; at < values.length; ) {
    let next = at + 1;
    while (next < values.length && values[next] === values[at]) next++;
    parts.push(`${values[at]}×${next - at}`);
    at = next;
  }
  return parts.length > 12 ? `${parts.slice(0, 12).join(' ')} … ${hash(values)}` : parts.join(' ');
}

function hash(values: readonly (number | bigint | string)[]): string {
  return createHash('sha256').update(values.join(' ')).digest('hex').slice(0, 12);
}
