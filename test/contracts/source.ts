/** What every sample source promises, wherever it reads. A kind of source is checked by one call. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { actuatorsOf } from '../../src/config/assemble.js';
import { JournalledHands } from '../../src/config/probe-hands.js';
import type { Host } from '../../src/host/host.js';
import { DEFAULT_BUDGETS } from '../../src/planning/budgets.js';
import { DAMON_REGIONS_DEFAULTS, DamonRegionsSource } from '../../src/sources/damon-regions.js';
import { SOURCES, type SourceName } from '../../src/sources/kinds/catalogue.js';
import { PROBE_DEFAULTS, ProbeSource } from '../../src/sources/probe.js';
import type { Reading, Source, SourceKind } from '../../src/sources/source.js';
import { observe } from '../../src/verification/observe.js';
import { rowOfBlock } from '../../src/vocabulary/page-sizes.js';
import { NO_PAGE } from '../../src/vocabulary/sample.js';
import { fourBlocks, type Prepared, recordingOf, type Stage } from './stages.js';

/** How a kind of source is to be checked. */
export interface SourceCase {
  readonly name: SourceName | 'probe';
  /** Why it does not run on a stage. */
  readonly skip?: (stage: Stage) => false | string;
  /** Whether it reads without acting, so that a recording can be read as well. */
  readonly passive: boolean;
  /** What it must say of the four blocks. */
  readonly says?: (readings: readonly Kept[], prepared: Prepared) => void;
}

/** A reading with what the source may reuse copied. */
export type Kept =
  | { readonly kind: 'samples'; readonly pids: readonly number[]; readonly pages: readonly number[] }
  | {
      readonly kind: 'content';
      readonly pid: number;
      readonly block: number;
      readonly pages: readonly number[];
    }
  | { readonly kind: 'range'; readonly pid: number; readonly firstBlock: number; readonly blocks: number };

export function makeSource(host: Host, name: SourceName | 'probe'): Source {
  const { geometry } = host.identity;
  if (name === 'probe') {
    const options = { ...PROBE_DEFAULTS, windowMs: 300 };
    return new ProbeSource(geometry, handsOn(host), options);
  }
  if (name === 'damon-regions')
    return new DamonRegionsSource(geometry, { ...DAMON_REGIONS_DEFAULTS, windowMs: 300 });
  const { parameters, make }: SourceKind = SOURCES[name];
  return make(parameters.parse({}), { host })[0];
}

function handsOn(host: Host): JournalledHands {
  return new JournalledHands({
    place: { host, directory: host.identity.stateDirectory },
    actuators: actuatorsOf(host, ['madvise']),
    budgets: { ...DEFAULT_BUDGETS, maxPressure: 100, minFreeBytes: 0 },
    signal: new AbortController().signal,
  });
}

/** Reads everything that a source says of some processes. */
export async function readAll(
  host: Host,
  source: Source,
  pids: readonly number[],
  signal = new AbortController().signal,
): Promise<Kept[]> {
  const processes = pids.map((pid) => observe(host, pid).sizes);
  return readSizes(host, source, processes, signal);
}

async function readSizes(
  host: Host,
  source: Source,
  processes: Parameters<Source['read']>[0]['processes'],
  signal: AbortSignal,
): Promise<Kept[]> {
  const kept: Kept[] = [];
  for await (const reading of source.read({ host, processes, signal, progress: () => undefined }))
    kept.push(copyOf(reading));
  return kept;
}

function copyOf(reading: Reading): Kept {
  if (reading.kind === 'range') return { kind: 'range', ...reading.range };
  if (reading.kind === 'content') {
    const { pid, block, filled } = reading.content;
    const pages = Array.from({ length: filled.length * 8 }, (_, page) => page).filter(
      (page) => filled[page >> 3] & (1 << (page & 7)),
    );
    return { kind: 'content', pid, block, pages };
  }
  if (reading.kind === 'replaced') return { kind: 'samples', pids: [], pages: [] };
  const { batch } = reading;
  return {
    kind: 'samples',
    pids: [...batch.pid.subarray(0, batch.count)],
    pages: [...batch.virtualPage.subarray(0, batch.count)],
  };
}

/** Folio sizes of the four blocks as rows that can be compared. */
function sizesOf({ machine, firstBlock }: Prepared): unknown {
  const { blocks } = observe(machine.host, machine.pid).sizes;
  return [0, 1, 2, 3].map((i) => {
    const row = rowOfBlock(blocks, firstBlock + i);
    if (row < 0) return 'nothing';
    const orders = blocks.pagesByOrder.subarray(row * blocks.orders, (row + 1) * blocks.orders);
    return [blocks.level[row], blocks.present[row], blocks.zeroMapped[row], ...orders];
  });
}

export function describeSource(kind: SourceCase, stage: Stage): void {
  const skip = stage.skip || (kind.skip?.(stage) ?? false);
  describe(`source ${kind.name} on ${stage.name}`, { skip }, () => {
    it('says its name, what it tells and how finely', () =>
      on(stage, async ({ machine }) => {
        const { name, origin } = makeSource(machine.host, kind.name);
        assert.deepEqual([name, origin.source], [kind.name, kind.name]);
        assert.ok(origin.detail.length > 5);
        assert.ok(['heat', 'content', 'presence'].includes(origin.tells));
        assert.ok(origin.granularity.pages >= 1);
      }));

    it('reads the processes that were asked for and nothing beside their memory', () =>
      on(stage, async (prepared) => {
        const { host, pid } = prepared.machine;
        const source = makeSource(host, kind.name);
        const readings = await readAll(host, source, [pid]);
        for (const reading of readings) assertInside(host, pid, reading);
        kind.says?.(readings, prepared);
        assertAccount(source);
      }));

    it('leaves memory in the sizes that it had', () =>
      on(stage, async (prepared) => {
        const before = sizesOf(prepared);
        await readAll(prepared.machine.host, makeSource(prepared.machine.host, kind.name), [
          prepared.machine.pid,
        ]);
        assert.deepEqual(sizesOf(prepared), before);
      }));

    it('ends at once when it is told to, without an exception', () =>
      on(stage, async ({ machine: { host, pid } }) => {
        const ended = new AbortController();
        ended.abort();
        const source = makeSource(host, kind.name);
        const started = host.clock.monotonicNs();
        await readAll(host, source, [pid], ended.signal);
        assert.ok(host.clock.monotonicNs() - started < 5e9);
        assertAccount(source);
      }));

    it('takes a process that ended for a loss, not for an exception', () =>
      on(stage, async ({ machine }) => {
        const { host, pid } = machine;
        const { sizes } = observe(host, pid);
        await machine.end();
        const source = makeSource(host, kind.name);
        await readSizes(host, source, [sizes], new AbortController().signal);
        assertAccount(source);
      }));

    if (kind.passive)
      it('says the same of a recording as of the machine', () =>
        on(stage, async ({ machine: { host, pid } }) => {
          const live: Kept[] = [];
          const recorded = await recordingOf(host, async (recorder) => {
            live.push(...(await readAll(recorder, makeSource(recorder, kind.name), [pid])));
          });
          assert.ok(live.length > 0);
          assert.deepEqual(await readAll(recorded, makeSource(recorded, kind.name), [pid]), live);
        }));
  });
}

async function on(stage: Stage, act: (prepared: Prepared) => Promise<void>): Promise<void> {
  const prepared = await fourBlocks(stage);
  try {
    await act(prepared);
  } finally {
    await prepared.machine.end();
  }
}

function assertInside(host: Host, pid: number, reading: Kept): void {
  const { sizes } = observe(host, pid);
  const { pagesPerBlock } = sizes.geometry;
  const mapped = (page: number) => sizes.mappings.some(({ start, end }) => page >= start && page < end);
  if (reading.kind === 'samples') {
    assert.ok(reading.pids.every((found) => found === pid));
    assert.ok(reading.pages.every((page) => page === NO_PAGE || mapped(page)));
    return;
  }
  assert.equal(reading.pid, pid);
  const [first, blocks] =
    reading.kind === 'range' ? [reading.firstBlock, reading.blocks] : [reading.block, 1];
  for (let block = first; block < first + blocks; block++) assert.ok(mapped(block * pagesPerBlock));
}

function assertAccount(source: Source): void {
  const { losses, bytesRead, notes } = source.account();
  assert.ok(Number.isInteger(bytesRead) && bytesRead >= 0);
  for (const [reason, count] of Object.entries(losses))
    assert.ok(reason !== '' && Number.isInteger(count) && count > 0);
  assert.ok(notes.every((note) => note.length > 10));
}
