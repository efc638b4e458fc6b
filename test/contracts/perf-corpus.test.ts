/** Every recording of the corpus against what perf 7.3.4 says of it. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Tally } from '../../src/formats/perf-data/tally.js';
import { linuxHost } from '../../src/host/linux-host.js';
import { damagedBytes } from '../../src/sources/perf-account.js';
import { PerfFileSource } from '../../src/sources/perf-file.js';
import { GEOMETRY_4K } from '../../src/vocabulary/units.js';
import { findCorpus } from '../corpus.js';

interface Oracle {
  readonly samples: number;
  readonly with_addr: number;
  readonly sum_addr: string;
  readonly xor_addr: string;
  readonly pages4k: number;
  readonly pages2m: number;
  readonly pages2m_phys: number;
  readonly by_tid?: Readonly<Record<string, number>>;
}

/** What Octavo says where it differs from perf on purpose, and why. */
const DIFFERENCES: Readonly<Record<string, { readonly why: string; readonly octavo: Partial<Oracle> }>> = {
  'quipper-intel_pt-4.14.data': {
    why: 'perf adds 17 events that it synthesizes from Intel PT; the file holds 15 samples',
    octavo: { samples: 15, by_tid: { '3174/3174': 15 } },
  },
  'ibs-zen3-rawonly.data': {
    why: 'perf prints no address for IBS registers in RAW; these are the numbers of the generator',
    octavo: {
      with_addr: 1110,
      sum_addr: '0x226aa000a8f8b38',
      pages4k: 92,
      pages2m: 7,
      pages2m_phys: 536,
    },
  },
  'mem-callchain-cgroup.data': {
    why: 'perf prints the physical address behind the call chain, where the oracle did not look; as the generator says',
    octavo: { pages2m_phys: 298 },
  },
  'pf-multi-cg-61.data': {
    why: 'perf prints the physical address behind the call chain, where the oracle did not look; as `perf script -G` says',
    octavo: { pages2m_phys: 4 },
  },
  'spe-hostile.data': {
    why: 'perf makes a memory sample without address of a damaged record and one of vector arithmetic',
    octavo: { samples: 23, by_tid: { '1000/1000': 22, '1000/1001': 1 } },
  },
};
/** perf's own sum over the addresses in RAW is not to be had, so its xor is not compared. */
const NOT_COMPARED: Readonly<Record<string, readonly (keyof Oracle)[]>> = {
  'ibs-zen3-rawonly.data': ['xor_addr'],
  'spe-injected-by-perf-7.3.4.data': ['by_tid'],
};

const corpus = findCorpus('data/perf');
const host = linuxHost();

if (corpus === undefined) {
  test('corpus', { skip: 'no ../shared/data/perf beside the checkout' }, () => {});
} else {
  for (const path of recordings(corpus)) test(path, () => compare(corpus, path));
}

function recordings(root: string): string[] {
  return readdirSync(root)
    .flatMap((folder) =>
      folder.includes('.') ? [] : readdirSync(join(root, folder)).map((n) => `${folder}/${n}`),
    )
    .filter((path) => path.endsWith('.oracle'))
    .map((path) => path.slice(0, -'.oracle'.length))
    .sort();
}

async function compare(root: string, path: string): Promise<void> {
  const file = JSON.parse(readFileSync(join(root, `${path}.oracle`, 'oracle.json'), 'utf8'));
  const name = path.split('/').at(-1) as string;
  const expected: Oracle = { ...(file.M ?? file.samples), ...DIFFERENCES[name]?.octavo };
  const { found, damaged } = await tally(join(root, path));
  for (const key of Object.keys(found) as (keyof Oracle)[]) {
    if (NOT_COMPARED[name]?.includes(key) || (key === 'by_tid' && isCut(expected))) continue;
    assert.deepEqual(
      found[key],
      expected[key],
      `${path}: ${key} (${DIFFERENCES[name]?.why ?? 'as perf says'})`,
    );
  }
  assert.equal(damaged > 0, /hostile|corrupted/.test(name), `${path}: ${damaged} damaged bytes`);
}

/** The oracle lists only the threads with the most samples. */
function isCut(oracle: Oracle): boolean {
  const listed = Object.values(oracle.by_tid ?? {}).reduce((sum, count) => sum + count, 0);
  return listed !== oracle.samples;
}

async function tally(path: string): Promise<{ found: Oracle; damaged: number }> {
  const source = new PerfFileSource({ path, geometry: GEOMETRY_4K });
  const sums = new Tally();
  const context = { host, progress: () => {}, signal: new AbortController().signal };
  for await (const batch of source.batches(context)) sums.add(batch);
  const found = {
    samples: sums.samples,
    with_addr: sums.withAddress,
    sum_addr: `0x${sums.sumAddress.toString(16)}`,
    xor_addr: `0x${sums.xorAddress.toString(16)}`,
    pages4k: sums.pages4k,
    pages2m: sums.pages2m,
    pages2m_phys: sums.pages2mPhysical,
    by_tid: sums.byThread,
  };
  return { found, damaged: damagedBytes(source.session) };
}
