/** Records beside the samples: threads, losses and instructions, and counts in them that cannot be. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bytes, PerfBuilder } from '../../../test/support/perf-builder.js';
import { hostOf, readRows } from '../../../test/support/perf-rows.js';
import { PerfFileSource } from '../../sources/perf-file.js';
import { GEOMETRY_4K } from '../../vocabulary/units.js';
import { SAMPLE_FIELD as F } from '../perf-abi/constants.js';

const THREAD_MAP = 73;
const sampleType = F.ip | F.tid | F.addr;
const builder = (): PerfBuilder => new PerfBuilder().attr({ sampleType, name: 'loads', period: 1 });

/** A THREAD_MAP that says `count` and has these entries. */
function threadMap(count: number, pids: readonly number[]): Uint8Array {
  const body = new Bytes().u64(count);
  for (const pid of pids) body.u64(pid).zeros(16);
  return body.done();
}

/** Of the pids 1 to 9, those that are known to be processes after these records. */
async function known(count: number, pids: readonly number[]): Promise<readonly number[]> {
  const built = builder().record(THREAD_MAP, threadMap(count, pids));
  built.record(THREAD_MAP, threadMap(0, [8, 9]));
  const { source } = await readRows(built.sample({ pid: 1, tid: 1 }).file());
  const { threads } = source.session.state;
  return [2, 3, 4, 5, 6, 7, 8, 9].filter((pid) => threads.processOf(pid) === pid);
}

test('a thread map names as many processes as it says, and no more than it holds', async () => {
  assert.deepEqual(await known(3, [2, 3, 4]), [2, 3, 4]);
  assert.deepEqual(await known(2, [2, 3, 4]), [2, 3]);
  assert.deepEqual(await known(9, [2, 3]), [2, 3]);
  assert.deepEqual(await known(0, []), []);
});

test('an instruction is exact where the kernel says so, and always for a page fault', async () => {
  const built = builder();
  built.attr({ type: 1, config: 2, sampleType, name: 'page-faults', period: 1 });
  const bytes = built
    .sample({ pid: 1, tid: 1, ip: 0x1_0040_1000n, addr: 0x5000n })
    .sample({ pid: 1, tid: 1, ip: 0x401008n, addr: 0x5000n, misc: 1 << 14 })
    .file();
  const source = new PerfFileSource({ path: 'perf.data', geometry: GEOMETRY_4K, instructions: true });
  const host = hostOf({ 'perf.data': bytes });
  const seen: number[][] = [];
  const signal = new AbortController().signal;
  for await (const { count, instructions } of source.batches({ host, progress: () => {}, signal })) {
    assert.ok(instructions !== undefined);
    const { low, high, isExact } = instructions;
    for (let row = 0; row < count; row++) seen.push([low[row], high[row], isExact[row]]);
  }
  assert.deepEqual(seen, [
    [0x401000, 1, 0],
    [0x401008, 0, 1],
  ]);
});
