import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccessColumns } from '../../vocabulary/access-columns.js';
import { SAMPLE_FLAG, sampleColumns } from '../../vocabulary/sample.js';
import { GEOMETRY_4K, pageGeometry } from '../../vocabulary/units.js';
import { Tally } from './tally.js';

function columnsOf(capacity: number): AccessColumns {
  const word = () => new Uint32Array(capacity);
  return {
    ...sampleColumns(capacity),
    capacity,
    addressLow: word(),
    addressHigh: word(),
    physicalLow: word(),
    physicalHigh: word(),
    latency: word(),
    event: new Uint16Array(capacity),
  };
}

/** Rows of one thread, `guest` ones marked so, with an address and a physical address each. */
function batchOf(rows: readonly { readonly address: number; readonly guest?: boolean }[]): AccessColumns {
  const batch = columnsOf(rows.length);
  for (const { address, guest } of rows) {
    const row = batch.count++;
    batch.pid[row] = 7;
    batch.tid[row] = 8;
    batch.addressLow[row] = address;
    batch.physicalLow[row] = address * 2;
    batch.flags[row] = guest ? SAMPLE_FLAG.guest : 0;
  }
  return batch;
}

const MIXED = [{ address: 0x1000 }, { address: 0x2000, guest: true }, { address: 0x400000 }];

test('accesses of guests are counted apart: their addresses are another machine\u2019s', () => {
  const tally = new Tally(GEOMETRY_4K);
  tally.add(batchOf(MIXED));
  assert.deepEqual(tally.guests, { samples: 1, withAddress: 1, withPhysical: 1 });
  assert.deepEqual(
    [tally.samples, tally.sumAddress, tally.pages, tally.physicalBlocks, tally.byThread],
    [2, 0x401000n, 2, 2, { '7/8': 2 }],
  );
});

test('guests that a recording was put together with count like other processes', () => {
  const tally = new Tally(GEOMETRY_4K);
  tally.add(batchOf(MIXED), true);
  assert.deepEqual([tally.samples, tally.pages, tally.guests.samples], [3, 3, 0]);
});

test('pages and blocks are counted in the sizes of the recorded machine', () => {
  const addresses = [0x1000, 0x2000, 0x1_0000, 0x20_0000, 0x2000_0000, 0x1ff0_0000];
  for (const [pageKiB, blockMiB] of [
    [4, 2],
    [16, 32],
    [64, 512],
  ]) {
    const geometry = pageGeometry(pageKiB * 1024, blockMiB * 2 ** 20);
    const tally = new Tally(geometry);
    tally.add(batchOf(addresses.map((address) => ({ address }))));
    const distinct = (bytes: number) => new Set(addresses.map((address) => Math.floor(address / bytes))).size;
    assert.deepEqual(
      [tally.pages, tally.blocks],
      [distinct(geometry.pageBytes), distinct(geometry.blockBytes)],
    );
  }
});
