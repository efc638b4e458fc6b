/** Data source, latency, TLB outcome, kind and physical address of samples against what perf prints of them. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DATA_SOURCE, SAMPLE_FLAG, SAMPLE_KIND, sourceOf } from '../../src/vocabulary/sample.js';
import { findCorpus } from '../support/corpus.js';
import { type Row, readRows } from '../support/perf-rows.js';

/** `pid/tid [cpu] time: event: addr data_src |words| weight ip phys_addr`, as perf prints it with these fields. */
const LINE =
  /^\s*(\d+)\/(\d+)\s+\[\d+\]\s+(\d+)\.(\d{9}):\s+\S+:\s+([0-9a-f]+)\s+[0-9a-f]+ (\|OP.*?BLK\s+N\/A|\|OP.*?LCK \S+)\s+(\d+)\s+[0-9a-f]+\s+([0-9a-f]+)/;

interface Printed {
  readonly words: string;
  readonly weight: number;
  readonly physical: bigint;
}

/** Samples by moment, thread and address. */
function printedIn(path: string): Map<string, Printed> {
  const found = new Map<string, Printed>();
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const match = LINE.exec(line);
    if (match === null) continue;
    const [, , tid, seconds, fraction, address, words, weight, physical] = match;
    const key = `${BigInt(seconds) * 1_000_000_000n + BigInt(fraction)}/${tid}/${address}`;
    found.set(key, { words, weight: Number(weight), physical: BigInt(`0x${physical}`) });
  }
  return found;
}

const SOURCES: Readonly<Record<string, number>> = {
  'L1 hit': DATA_SOURCE.l1,
  'L2 hit': DATA_SOURCE.l2,
  'L3 hit': DATA_SOURCE.l3,
  'LFB/MAB hit': DATA_SOURCE.fillBuffer,
  'RAM hit': DATA_SOURCE.memory,
  'Local RAM hit': DATA_SOURCE.localMemory,
  'Remote RAM hit': DATA_SOURCE.remoteMemory,
  'Remote L1 hit': DATA_SOURCE.remoteCache,
  'Remote L2 hit': DATA_SOURCE.remoteCache,
  'Remote L3 hit': DATA_SOURCE.remoteCache,
};
const KINDS: Readonly<Record<string, number>> = { LOAD: SAMPLE_KIND.load, STORE: SAMPLE_KIND.store };
const TLB = SAMPLE_FLAG.tlbMiss | SAMPLE_FLAG.tlbFirst | SAMPLE_FLAG.tlbSecond;

/** What perf does not know may be known from registers or packets: only what it says is compared. */
function compare(row: Row, { words, weight, physical }: Printed, isSpe: boolean): string[] {
  const said = (name: string) => new RegExp(`\\|${name} ([^|]*)`).exec(words)?.[1].trim() ?? 'N/A';
  const problems: string[] = [];
  const expect = (what: string, found: number | bigint, expected: number | bigint | undefined) => {
    if (expected !== undefined && found !== expected)
      problems.push(`${what}: ${found}, not ${expected} (${words})`);
  };
  // perf has no word for what both loads and stores.
  if (row.kind !== SAMPLE_KIND.update) expect('kind', row.kind, KINDS[said('OP')]);
  // perf knows where SPE's stores went only by events, and calls the last level by its number.
  if (!isSpe) expect('source', sourceOf(row.flags), SOURCES[said('LVL')]);
  const tlb = said('TLB');
  if (/ hit$/.test(tlb)) expect('TLB', row.flags & SAMPLE_FLAG.tlbMiss, 0);
  if (/ miss$/.test(tlb)) expect('TLB', row.flags & SAMPLE_FLAG.tlbMiss, SAMPLE_FLAG.tlbMiss);
  if (tlb === 'L1 or L2 hit') expect('TLB', row.flags & TLB, SAMPLE_FLAG.tlbFirst | SAMPLE_FLAG.tlbSecond);
  if (weight > 0) expect('latency', row.latency, Math.min(weight, 2 ** 32 - 1));
  if (physical > 0n) expect('physical address', row.physical, physical);
  return problems;
}

const root = findCorpus('data/perf');

for (const kind of ['mem', 'ibs', 'spe'] as const) {
  test(`samples of ${kind} recordings are as perf prints them`, {
    skip:
      (root === undefined || !readdirSync(root).includes(kind)) && 'no recordings lie beside the checkout',
  }, async (context) => {
    const folder = join(root as string, kind);
    let compared = 0;
    for (const name of readdirSync(folder).filter((each) => each.endsWith('.data'))) {
      const script = kind === 'spe' ? 'script-M.txt' : 'script.txt';
      const printed = printedIn(join(folder, `${name}.oracle`, script));
      const { rows } = await readRows(readFileSync(join(folder, name)));
      for (const row of rows) {
        const line = printed.get(`${BigInt(Math.round(row.time))}/${row.tid}/${row.address.toString(16)}`);
        if (line === undefined) continue;
        compared++;
        assert.deepEqual(compare(row, line, kind === 'spe'), [], `${name} at ${row.time}`);
      }
    }
    context.diagnostic(`${compared} samples compared`);
    assert.ok(compared > 50, `${compared}`);
  });
}
