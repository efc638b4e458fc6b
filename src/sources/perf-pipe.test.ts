/** Slices of `perf record` through a pipe, with a perf and a clock of the test's own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PerfBuilder } from '../../test/support/perf-builder.js';
import { failure, success } from '../base/result.js';
import { SAMPLE_FIELD as F } from '../formats/perf-abi/constants.js';
import type { Host, Program } from '../host/host.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';
import { PerfPipeSource, type PipeOptions } from './perf-pipe.js';
import type { SamplingEvent } from './sampling-event.js';

const PERIOD = 1000;
const LOADS = { type: 4, config: 0x81d0, period: PERIOD };
const EVENT: SamplingEvent = { method: 'pebs', events: ['cpu/a/P', 'cpu/b/P'], options: ['-d'], period: PERIOD, notes: ['a note'] }; // biome-ignore format: one row

interface Slice {
  readonly pages?: readonly number[];
  /** Of process 5 unless told otherwise. */
  readonly pid?: number;
  readonly lost?: number;
  /** How long perf lets one wait. */
  readonly waitMs?: number;
  readonly attr?: object;
  readonly bytes?: Uint8Array;
  readonly errors?: string;
}

function recorded({ pages = [1, 2], pid = 5, lost = 0, attr = LOADS }: Slice): Uint8Array {
  const builder = new PerfBuilder().attr({ sampleType: F.identifier | F.tid | F.time | F.addr, ids: [1], name: 'loads', ...attr }); // biome-ignore format: one row
  builder.describeEvents().describeMachine();
  for (const [at, page] of pages.entries())
    builder.sample({ id: 1, pid, addr: BigInt(page) * 4096n, time: BigInt(at) });
  if (lost > 0) builder.lost(lost);
  return builder.pipe();
}

/** A host on which each start of perf is the next slice. */
class Recorder {
  nowMs = 0;
  readonly started: string[][] = [];
  readonly signals: string[][] = [];
  readonly progress: string[] = [];
  readonly stop = new AbortController();
  readonly #slices: readonly Slice[];

  constructor(slices: readonly Slice[]) {
    this.#slices = slices;
  }

  get context() {
    const clock = { monotonicNs: () => this.nowMs * 1e6 };
    const calls = { start: (command: string, parameters: string[]) => this.#start([command, ...parameters]) };
    const progress = (done: number, total: number, unit: string) => void this.progress.push(`${done}/${total} ${unit}`); // biome-ignore format: one row
    return { host: { clock, calls } as unknown as Host, processes: [], progress, signal: this.stop.signal };
  }

  #start(words: string[]) {
    const slice = this.#slices[this.started.length];
    this.started.push(words);
    const signals: string[] = [];
    this.signals.push(signals);
    if (slice === undefined) return failure({ errno: 'ENOENT', call: 'exec' });
    const output = this.#output(slice);
    const program = { output, errors: () => slice.errors ?? '', signal: (name: string) => void signals.push(name), ended: Promise.resolve(0) }; // biome-ignore format: one row
    return success(program as unknown as Program);
  }

  async *#output(slice: Slice): AsyncIterable<Uint8Array> {
    this.nowMs += slice.waitMs ?? 0;
    yield slice.bytes ?? recorded(slice);
    this.nowMs += slice.waitMs ?? 0;
  }
}

const source = (more: Partial<PipeOptions> = {}) =>
  new PerfPipeSource({
    event: EVENT,
    scope: { kind: 'processes', pids: [5] },
    durationMs: 500,
    geometry: GEOMETRY_4K,
    bound: 0.5,
    period: PERIOD,
    ...more,
  });

/** Reads everything; each batch takes `workMs` of decoding. */
async function read(pipe: PerfPipeSource, recorder: Recorder, workMs = 0): Promise<number[]> {
  const pages: number[] = [];
  for await (const reading of pipe.read(recorder.context)) {
    assert.equal(reading.kind, 'samples');
    if (reading.kind === 'samples') pages.push(...reading.batch.virtualPage.subarray(0, reading.batch.count));
    recorder.nowMs += workMs;
  }
  return pages;
}

test('the first slice is short, the others are longer, and the last is what is left', async () => {
  const recorder = new Recorder([{ pages: [1] }, { pages: [2] }, { pages: [3] }]);
  const pipe = source({ durationMs: 3100 });
  assert.deepEqual(await read(pipe, recorder), [1, 2, 3]);
  assert.deepEqual(
    recorder.started.map((words) => words.at(-1)),
    ['0.5', '2', '0.6'],
  );
  assert.deepEqual(recorder.progress, ['500/3100 ms', '2500/3100 ms', '3100/3100 ms']);
  assert.deepEqual(recorder.signals, [['SIGINT'], ['SIGINT'], ['SIGINT']], 'perf is asked to end');
  assert.deepEqual(recorder.started[0].slice(0, 2), ['perf', 'record']);
  assert.ok(recorder.started[0].join(' ').includes('-e cpu/a/P -e cpu/b/P -c 1000 -d -p 5 -- sleep'));
  const short = new Recorder([{}]);
  await read(source({ durationMs: 400 }), short);
  assert.deepEqual(
    short.started.map((words) => words.at(-1)),
    ['0.4'],
  );
  await read(source({ durationMs: 0 }), new Recorder([]));
});

test('the work between waits is its share, and the next period follows it', async () => {
  const recorder = new Recorder([{ waitMs: 100 }, { waitMs: 300 }]);
  const pipe = source({ durationMs: 600, bound: 0.25 });
  await read(pipe, recorder, 200);
  assert.deepEqual(pipe.slices, [
    { period: 1000, wallMs: 400, samples: 2, lost: 0, share: 0.5 },
    { period: 2000, wallMs: 800, samples: 2, lost: 0, share: 0.25 },
  ]);
  assert.equal(pipe.origin.windowNs, 1200e6);
});

test('the period falls to 256 accesses at least, to one fault at least', async () => {
  for (const [method, least] of [
    ['pebs', 256],
    ['faults', 250],
  ] as const) {
    // biome-ignore format: a table
    const recorder = new Recorder([{ waitMs: 100 }, { waitMs: 100 }, { waitMs: 100 }]);
    const pipe = source({ durationMs: 2600, event: { ...EVENT, method }, period: 2000 });
    await read(pipe, recorder);
    assert.deepEqual(
      pipe.slices.map(({ period }) => period),
      [2000, least, Math.max(least === 256 ? 256 : 1, Math.floor(least / 8))],
    );
  }
});

test('samples that perf lost lengthen the period', async () => {
  const recorder = new Recorder([{ waitMs: 10, lost: 7 }, { waitMs: 10 }]);
  const pipe = source({ durationMs: 600 });
  await read(pipe, recorder);
  assert.deepEqual(pipe.slices.map(({ lost, period }) => [lost, period]), [[7, 1000], [0, 2000]]); // biome-ignore format: rows
});

test('losses, bytes and notes of all slices are one account', async () => {
  const recorder = new Recorder([{ lost: 7 }, { lost: 5 }]);
  const pipe = source({ durationMs: 600 });
  await read(pipe, recorder);
  const { losses, bytesRead, notes } = pipe.account();
  assert.deepEqual(losses, { 'records lost by the kernel': 12 });
  assert.equal(bytesRead, 2 * recorded({ lost: 7 }).length);
  assert.equal(notes.filter((note) => note === 'a note').length, 1);
  assert.equal(new Set(notes).size, notes.length, 'each note once');
  assert.ok(notes.some((note) => note.startsWith('perf record: samples of all loads')));
});

test('origins are told for each nature, with the worst share of what was not seen', async () => {
  const faults = { type: 1, config: 2, period: 1 };
  const recorder = new Recorder([{ lost: 2 }, { attr: faults }, { pages: [1, 2, 3, 4], lost: 1 }]);
  const pipe = source({ durationMs: 2600 });
  assert.deepEqual(
    [pipe.origin.nature, pipe.origin.source, pipe.origin.windowNs],
    ['unknown', 'perf-pipe', 0],
  );
  assert.deepEqual(
    [pipe.origin.detail, pipe.origin.granularity],
    ['cpu/a/P cpu/b/P', { pages: 1, blindInsideHugePages: false, blindToCachedTranslations: false }],
  );
  await read(pipe, recorder);
  assert.deepEqual(
    pipe
      .origins()
      .map(({ source: name, nature, unseenShare, detail }) => [name, nature, unseenShare, detail]),
    [['perf-pipe', 'loads', 0.5, 'cpu/a/P cpu/b/P'], ['perf-pipe', 'first-touches', 0, 'cpu/a/P cpu/b/P']], // biome-ignore format: rows
  );
  assert.ok(Math.abs(pipe.origin.unseenShare - 0.2) < 1e-9, 'the last slice speaks for now');
});

test('processes asked for are sorted out of what perf says, and a whole machine is not', async () => {
  const slices = () => new Recorder([{ pid: 6 }]);
  assert.deepEqual(await read(source(), slices()), []);
  assert.deepEqual(await read(source({ scope: { kind: 'system' } }), slices()), [1, 2]);
});

test('without perf it is told how to have it', async () => {
  await assert.rejects(read(source(), new Recorder([])), {
    code: 'ABILITY_MISSING',
    facts: {
      ability: 'recording',
      reason: 'perf cannot be started (ENOENT)',
      remedy: 'Install perf (Debian: linux-perf), or use --dry-run and record elsewhere.',
    },
  });
});

test('a perf that recorded nothing is told in its own first words', async () => {
  const bytes = new Uint8Array(0);
  const failing = (errors: string) => new Recorder([{ bytes, errors }]);
  await assert.rejects(read(source(), failing('  one\ntwo\nthree\nfour\n')), {
    code: 'ABILITY_MISSING',
    facts: {
      ability: 'recording',
      reason: 'one two three',
      remedy: '`octavo doctor` shows what this user may record.',
    },
  });
  const silent = failing(' \n');
  await assert.rejects(read(source(), silent), { code: 'FILE_MALFORMED' });
  assert.deepEqual(silent.signals, [['SIGINT']]);
});

test('a bug is not explained away', async () => {
  const recorder = new Recorder([{ errors: 'words of perf' }]);
  const { context } = recorder;
  const bug = new TypeError('bug');
  const start = () => {
    const output = { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(bug) }) };
    return success({ output, errors: () => 'words of perf', signal: () => {}, ended: Promise.resolve(0) });
  };
  const host = { ...context.host, calls: { start } } as unknown as Host;
  await assert.rejects(async () => {
    for await (const _ of source().read({ ...context, host }));
  }, bug);
});

test('a stop kills perf at once, and what was recorded is no whole recording', async () => {
  const recorder = new Recorder([{}, {}]);
  const pipe = source({ durationMs: 9000 });
  await assert.rejects(
    async () => {
      for await (const _ of pipe.read(recorder.context)) recorder.stop.abort('SIGTERM');
    },
    { code: 'STOPPED', facts: { signal: 'SIGTERM' } },
  );
  assert.deepEqual(recorder.signals, [['SIGKILL', 'SIGINT']]);
  assert.deepEqual([pipe.finished.length, pipe.slices.length], [0, 0]);
  const early = new Recorder([{}]);
  early.stop.abort('SIGINT');
  assert.deepEqual(await read(source(), early), []);
  assert.deepEqual(early.started, [], 'nothing is started after a stop');
});

test('a stop is a stop although the killed perf leaves damage behind', async () => {
  const recorder = new Recorder([{ bytes: new Uint8Array(3), errors: 'killed' }]);
  const { context } = recorder;
  await assert.rejects(
    async () => {
      const reading = source().read(context)[Symbol.asyncIterator]();
      const next = reading.next();
      recorder.stop.abort('SIGINT');
      await next;
    },
    { code: 'STOPPED' },
  );
});

test('a slice that is over no longer hears the stop', async () => {
  const recorder = new Recorder([{}]);
  await read(source(), recorder);
  recorder.stop.abort('SIGINT');
  assert.deepEqual(recorder.signals, [['SIGINT']]);
});
