/** Every recording of the corpus against what perf 7.3.4 says of it. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Tally } from '../../src/formats/perf-data/tally.js';
import { linuxHost } from '../../src/host/linux/linux-host.js';
import { damagedBytes } from '../../src/sources/perf-account.js';
import { PerfFileSource } from '../../src/sources/perf-file.js';
import { GEOMETRY_4K } from '../../src/vocabulary/units.js';
import {
  DIFFERENCES,
  isCompared,
  nameOf,
  type Oracle,
  oracleOf,
  recordingsOf,
} from '../differential/corpus-oracles.js';
import { findCorpus, ROOT } from '../support/corpus.js';

const host = linuxHost();

// The checkout's own recordings always, and the larger set where one lies beside it.
for (const root of new Set([join(ROOT, 'test/fixtures/perf'), findCorpus('data/perf') as string]))
  for (const path of recordingsOf(root)) test(path, () => compare(root, path));

async function compare(root: string, path: string): Promise<void> {
  const name = nameOf(path);
  const expected: Oracle = { ...oracleOf(root, path), ...DIFFERENCES[name]?.octavo };
  const { found, damaged } = await tally(join(root, path));
  for (const key of Object.keys(found) as (keyof Oracle)[]) {
    if (!isCompared(path, key, expected)) continue;
    assert.deepEqual(
      found[key],
      expected[key],
      `${path}: ${key} (${DIFFERENCES[name]?.why ?? 'as perf says'})`,
    );
  }
  assert.equal(damaged > 0, /hostile|corrupted/.test(name), `${path}: ${damaged} damaged bytes`);
}

async function tally(path: string): Promise<{ found: Oracle; damaged: number }> {
  const source = new PerfFileSource({ path, geometry: GEOMETRY_4K });
  const sums = new Tally(GEOMETRY_4K);
  const context = { host, progress: () => {}, signal: new AbortController().signal };
  for await (const batch of source.batches(context)) sums.add(batch);
  const found = {
    samples: sums.samples,
    with_addr: sums.withAddress,
    sum_addr: `0x${sums.sumAddress.toString(16)}`,
    xor_addr: `0x${sums.xorAddress.toString(16)}`,
    pages4k: sums.pages,
    pages2m: sums.blocks,
    pages2m_phys: sums.physicalBlocks,
    by_tid: sums.byThread,
  };
  return { found, damaged: damagedBytes(source.session) };
}
