/** Memory of an import does not grow with what it holds: a million distinct blocks in a file of 24 MB. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { SAMPLE_FIELD as F } from '../../src/formats/perf-abi/constants.js';
import { measuredRun } from '../support/measured-run.js';
import { PerfBuilder } from '../support/perf-builder.js';

const directory = mkdtempSync(join(tmpdir(), 'octavo-memory-'));
after(() => rmSync(directory, { recursive: true }));

const BLOCKS = 1_000_000;
const RECORD_BYTES = 24;
const BLOCK_BYTES = 2 ** 21;

/** One sample in each block. */
function recording(name: string): string {
  const head = new PerfBuilder()
    .attr({ sampleType: F.tid | F.addr, sampleIdAll: false })
    .file({ dataSize: 0, features: false });
  const bytes = new Uint8Array(head.length + BLOCKS * RECORD_BYTES);
  bytes.set(head);
  const view = new DataView(bytes.buffer);
  for (let number = 0; number < BLOCKS; number++) {
    const at = head.length + number * RECORD_BYTES;
    view.setUint32(at, 9, true);
    view.setUint16(at + 4, 2, true);
    view.setUint16(at + 6, RECORD_BYTES, true);
    view.setUint32(at + 8, 7, true);
    view.setUint32(at + 12, 7, true);
    // Neighbours in time are not neighbours in space.
    const block = (number * 7919) % BLOCKS;
    const address = 0x1000_0000_0000 + block * BLOCK_BYTES + (number % 512) * 4096;
    view.setUint32(at + 16, address % 2 ** 32, true);
    view.setUint32(at + 20, Math.floor(address / 2 ** 32), true);
  }
  const path = join(directory, name);
  writeFileSync(path, bytes);
  return path;
}

test('a million distinct blocks are imported within 512 MiB, and what was given up is told', (context) => {
  const file = recording('blocks.data');
  const heat = join(directory, 'heat');
  for (const [name, more] of [
    ['by default', []],
    ['with what lies there', ['--by', 'block']],
  ] as const) {
    const { code, out, err, mib } = measuredRun([
      'import',
      file,
      '--page-size',
      '4K',
      '--out',
      heat,
      '--json',
      ...more,
    ]);
    assert.equal(code, 0, err);
    const { samples, thinnedTo, touched } = JSON.parse(out);
    assert.equal(samples, BLOCKS);
    context.diagnostic(`${name}: ${mib.toFixed(0)} MiB, 1 of ${thinnedTo} blocks kept`);
    assert.ok(mib <= 512, `${name}: ${mib} MiB`);
    if (more.length > 0) assert.ok(touched.names.dropped > 0 && touched.places <= 1 << 16);
  }
  const little = measuredRun(['import', file, '--page-size', '4K', '--out', heat, '--max-memory', '256M']);
  context.diagnostic(`with --max-memory 256M: ${little.mib.toFixed(0)} MiB`);
  assert.ok(little.mib <= 256, `${little.mib} MiB`);
  assert.match(little.out, /heat of 1 in \d+ blocks was kept, chosen at random, to stay within --max-memory/);
});
