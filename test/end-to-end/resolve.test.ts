/** Samples with a physical address only, found in memory of every kind of live processes. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { MapAnswer } from '../../demo/protocol.js';
import { SAMPLE_FIELD as F } from '../../src/formats/perf-abi/constants.js';
import { linuxHost } from '../../src/host/linux/linux-host.js';
import { HeatFileSource } from '../../src/sources/heat-file.js';
import type { ResolvedFacts } from '../../src/sources/resolved.js';
import { Resolver } from '../../src/sources/resolver.js';
import type { Plan } from '../../src/vocabulary/plan.js';
import { skipUnlessLive } from '../live/abilities.js';
import { type BlockTruth, blocksOf } from '../live/page-truth.js';
import type { WorkloadClient } from '../live/workload-client.js';
import { PerfBuilder } from '../support/perf-builder.js';
import { SpeBuilder } from '../support/spe-builder.js';
import { hugeRegion, MIB, quietWorkload } from './live-target.js';
import { MAIN, OctavoRunner } from './octavo.js';

const BYTES = 8 * MIB;
/** Every so-many-th page is accessed. */
const STEP = 7;
/** A frame that no machine has: 2^46 bytes. */
const BEYOND = 2 ** 34;

interface Chosen {
  readonly pid: number;
  readonly page: number;
  readonly frame: number;
  readonly order: number;
}

interface ImportDocument {
  readonly samples: number;
  readonly withPhysical: number;
  readonly resolved: ResolvedFacts;
  readonly unplaced: Readonly<Record<string, number>>;
}

/** One access to each frame, of a thread that nothing tells: no context packets, no switches, no virtual addresses. */
function speRecording(frames: readonly number[]): Uint8Array {
  const sampleType = F.identifier | F.ip | F.tid | F.time | F.cpu;
  const builder = new PerfBuilder().attr({ type: 12, sampleType, ids: [1], name: 'arm_spe_0/pa_enable=1/' });
  builder.describeEvents().record(70, builder.bytes().u32(4).u32(0).u64(12).u64(1).done());
  const spe = new SpeBuilder();
  for (const frame of frames)
    spe
      .pc(0x1000n)
      .load()
      .physical(BigInt(frame) * 4096n + 8n)
      .end();
  return builder.auxtrace(spe.done()).file();
}

/** Accesses of a guest by IBS: its virtual addresses, and frames of the host. */
function guestRecording(pid: number, frames: readonly number[]): Uint8Array {
  const sampleType = F.ip | F.tid | F.addr | F.physAddr;
  const builder = new PerfBuilder()
    .attr({ type: 11, sampleType, name: 'ibs_op/cnt_ctl=1/' })
    .describeEvents();
  frames.forEach((frame, index) => {
    const addr = 0x7f0000000000n + BigInt(index) * 4096n;
    builder.sample({ pid, tid: pid, addr, physAddr: BigInt(frame) * 4096n, mode: 4 + (index % 2) });
  });
  return builder.file();
}

function chosenOf(pid: number, region: MapAnswer, blocks: readonly BlockTruth[]): Chosen[] {
  return blocks.flatMap((block, number) =>
    block.frames.flatMap((frame, index) => {
      const page = region.firstPage + number * block.frames.length + index;
      return frame > 0 && index % STEP === 0 ? [{ pid, page, frame, order: block.orders[index] }] : [];
    }),
  );
}

describe('physical addresses of live processes', { skip: skipUnlessLive() }, () => {
  const octavo = new OctavoRunner();
  const host = linuxHost();
  let first: WorkloadClient;
  let second: WorkloadClient;
  let hugeOrder = 0;
  let regions: Record<string, MapAnswer>;
  let chosen: Chosen[];

  before(async () => {
    first = await quietWorkload();
    second = await quietWorkload();
    regions = {
      'PMD-mapped': await hugeRegion(first, 'huge', BYTES),
      'PTE-mapped huge': await hugeRegion(first, 'torn', BYTES),
      small: await first.ask('map', { name: 'small', bytes: BYTES, huge: 'never', populate: true }),
      memfd: await first.ask('map', { name: 'guest', bytes: BYTES, kind: 'memfd', populate: true }),
      tmpfs: await first.ask('map', { name: 'shm', bytes: BYTES, kind: 'tmpfs', populate: true }),
    };
    hugeOrder = Math.log2(regions.small.blockBytes / regions.small.pageBytes);
    // One read-only page in each block takes the PMD apart, while the folio stays whole.
    const perBlock = 2 ** hugeOrder;
    for (let page = 0; page < regions['PTE-mapped huge'].pages; page += perBlock)
      await first.ask('protect', { name: 'torn', from: page, pages: 1, access: 'read' });
    const other = await second.ask('map', { name: 'other', bytes: BYTES, huge: 'never', populate: true });
    chosen = [
      ...Object.values(regions).flatMap((region) => chosenOf(first.pid, region, blocksOf(first.pid, region))),
      ...chosenOf(second.pid, other, blocksOf(second.pid, other)),
    ];
  });

  after(async () => {
    await first?.end();
    await second?.end();
    octavo.remove();
  });

  async function imported(recording: Uint8Array, pids: readonly number[]): Promise<ImportDocument> {
    writeFileSync(octavo.path('spe.data'), recording);
    const targets = pids.flatMap((pid) => ['--resolve', String(pid)]);
    return octavo.json<ImportDocument>([
      'import',
      octavo.path('spe.data'),
      '--out',
      octavo.path('heat.parquet'),
      ...targets,
    ]);
  }

  /** `pid/page` of every row of the heat file. */
  async function heatPages(): Promise<string[]> {
    const source = HeatFileSource.open(host.files, octavo.path('heat.parquet'));
    const pages: string[] = [];
    for await (const group of source.groups()) {
      for (let row = 0; row < group.count; row++)
        pages.push(`${group.pid[row]}/${group.address[row] / 4096n}`);
    }
    return pages.sort();
  }

  it('the regions are what they are meant to be', () => {
    const orders = (region: MapAnswer) =>
      new Set(blocksOf(first.pid, region).flatMap((block) => block.orders));
    assert.deepEqual([...orders(regions['PMD-mapped'])], [hugeOrder]);
    assert.deepEqual([...orders(regions['PTE-mapped huge'])], [hugeOrder]);
    assert.deepEqual([...orders(regions.small)], [0]);
  });

  it('are found at their pages in PMD-mapped, PTE-mapped, memfd and tmpfs memory of several processes', async () => {
    const document = await imported(speRecording(chosen.map(({ frame }) => frame)), [first.pid, second.pid]);
    assert.equal(document.samples, chosen.length);
    assert.equal(document.resolved.resolved, chosen.length);
    assert.deepEqual(document.resolved.unresolved, {});
    assert.deepEqual(await heatPages(), chosen.map(({ pid, page }) => `${pid}/${page}`).sort());
  });

  it('are of a huge page where the kernel says so, and not by their alignment', async () => {
    const document = await imported(speRecording(chosen.map(({ frame }) => frame)), [first.pid, second.pid]);
    const count = (of: (order: number) => boolean) => chosen.filter(({ order }) => of(order)).length;
    assert.deepEqual(document.resolved.folios, {
      pmdSized: count((order) => order === hugeOrder),
      large: count((order) => order > 0 && order < hugeOrder),
      small: count((order) => order === 0),
      unknown: 0,
    });
  });

  it('that no target maps are counted by what their frames are', async () => {
    const others = chosen.filter(({ pid }) => pid === second.pid).map(({ frame }) => frame);
    const document = await imported(speRecording([...others, BEYOND]), [first.pid]);
    assert.equal(document.resolved.resolved, 0);
    assert.deepEqual(document.resolved.unresolved, {
      'anonymous memory of another process': others.length,
      'frame is beyond this machine\u2019s memory': 1,
    });
    assert.deepEqual(await heatPages(), []);
  });

  it('let a plan split what it would not see otherwise', async () => {
    const [block] = blocksOf(first.pid, regions['PMD-mapped']);
    const few = Array.from({ length: 2000 }, (_, access) => block.frames[(access % 5) * 100]);
    writeFileSync(octavo.path('spe.data'), speRecording(few));
    const words = ['plan', String(first.pid), '--perf', octavo.path('spe.data'), '--policy', 'split-sparse'];
    const address = Number(regions['PMD-mapped'].address) / regions['PMD-mapped'].blockBytes;
    const blocks = async (...more: string[]) =>
      (await octavo.json<Plan>([...words, ...more])).steps.map(({ proposal }) => proposal.block);
    assert.deepEqual(await blocks(), []);
    assert.deepEqual(await blocks('--resolve'), [address]);
  });

  it('of guests never enter a map of host-virtual memory, neither by their address nor by their frame', async () => {
    const frames = chosen.map(({ frame }) => frame);
    const document = await imported(guestRecording(first.pid, frames), [first.pid]);
    assert.equal(document.resolved.resolved, 0);
    assert.deepEqual(document.resolved.unresolved, { 'access of a guest': frames.length });
    assert.deepEqual(await heatPages(), []);
  });

  it('of memory that a child shares are answered once, and counted as shared', async () => {
    const { pid } = await first.ask('fork', {});
    // A child gets page tables of anonymous memory; those of files it fills as it touches them.
    const anonymous = ['PMD-mapped', 'PTE-mapped huge', 'small'].map((name) => regions[name]);
    const blocks = anonymous.flatMap((region) => chosenOf(first.pid, region, blocksOf(first.pid, region)));
    const frames = blocks.map(({ frame }) => frame);
    const document = await imported(speRecording(frames), [first.pid, pid]);
    await first.ask('reap', { pid });
    assert.equal(document.resolved.resolved, frames.length);
    assert.equal(document.resolved.shared, frames.length);
  });

  it('follow memory that moved, window by window', async () => {
    const resolver = Resolver.of(host, [first.pid]);
    await first.ask('advise', { name: 'small', advice: 'MADV_DONTNEED' });
    // Whoever else allocates meanwhile takes some of the frames that were given back.
    await second.ask('map', { name: 'taker', bytes: 2 * BYTES, huge: 'never', populate: true });
    await first.ask('touch', { name: 'small', write: true });
    const moved = chosenOf(first.pid, regions.small, blocksOf(first.pid, regions.small));
    const found = () =>
      moved.filter(({ frame, page }) => resolver.resolve(frame, first.pid)?.page === page).length;
    const stale = found();
    for (let round = 0; round < 400 && found() < moved.length; round++) resolver.refresh(2 ** 22);
    assert.ok(stale < moved.length, 'no page moved');
    assert.equal(found(), moved.length);
    assert.ok(resolver.refreshed > 0);
    resolver.close();
  });

  it('are refused with the missing capability to a user who sees no frames', (context) => {
    writeFileSync(octavo.path('spe.data'), speRecording([BEYOND]));
    const words = [MAIN, 'import', octavo.path('spe.data'), '--resolve', String(first.pid)];
    const ended = spawnSync(process.execPath, words, { encoding: 'utf8', uid: 65534, gid: 65534 });
    if (/EACCES|Cannot find module/.test(ended.stderr) && !/PERMISSION/.test(ended.stderr)) {
      context.skip('another user cannot reach this checkout');
      return;
    }
    assert.equal(ended.status, 5, ended.stderr);
    assert.match(ended.stderr, /PERMISSION.*pagemap|pagemap.*PERMISSION/s);
  });
});
