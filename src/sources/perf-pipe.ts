/**
 * Samples from `perf record` while it records: slice after slice through a pipe, with the period adjusted between
 * slices so that decoding stays under its bound.
 */

import type { Clock, Host, Program } from '../host/host.js';
import type { AccessColumns } from '../vocabulary/access-columns.js';
import { OctavoError } from '../vocabulary/errors.js';
import { Fingerprint } from '../vocabulary/fingerprint.js';
import type { SampleNature } from '../vocabulary/nature.js';
import { COMPLETE, type SampleOrigin } from '../vocabulary/sample.js';
import { throwIfStopped } from '../vocabulary/stopping.js';
import type { Milliseconds, PageGeometry } from '../vocabulary/units.js';
import { lostOf } from './perf-account.js';
import { PerfFileSource } from './perf-file.js';
import { nextPeriod } from './rate-control.js';
import { type RecordScope, recordCommand, type SamplingEvent } from './sampling-event.js';
import type { Reading, Source, SourceAccount, SourceContext } from './source.js';

/** Long enough that starting perf is a small part of it, short enough to correct a bad first guess. */
const SLICE_MS = 2000;
const FIRST_SLICE_MS = 500;

/** What is sampled, of whom, for how long, and how much of a core decoding may take. */
export interface PipeOptions {
  readonly event: SamplingEvent;
  readonly scope: RecordScope;
  readonly durationMs: Milliseconds;
  readonly geometry: PageGeometry;
  /** Share of one core that decoding may take. */
  readonly bound: number;
  /** First period; rate control starts from it. */
  readonly period: number;
}

/** What one slice was like. */
export interface Slice {
  readonly period: number;
  readonly wallMs: Milliseconds;
  readonly samples: number;
  readonly lost: number;
  /** Share of one core that decoding took. */
  readonly share: number;
}

/** A batch, and the slice that it is of. */
export interface SliceRows {
  readonly slice: PerfFileSource;
  readonly batch: AccessColumns;
}

/** Before the first slice. */
const UNREAD: SampleOrigin = {
  source: 'perf-pipe',
  detail: '',
  tells: 'heat',
  granularity: { pages: 1, blindInsideHugePages: false, blindToCachedTranslations: false },
  nature: 'unknown',
  ...COMPLETE,
  windowNs: undefined,
};

/** Runs `perf record` slice after slice, and yields its samples. */
export class PerfPipeSource implements Source {
  readonly name = 'perf-pipe';
  readonly slices: Slice[] = [];
  /** The source of the slice being read; earlier ones are finished. */
  readonly finished: PerfFileSource[] = [];
  /** Of all slices: they are one recording. */
  readonly #fingerprint = new Fingerprint();
  readonly #options: PipeOptions;

  constructor(options: PipeOptions) {
    this.#options = options;
  }

  get origin(): SampleOrigin {
    return this.#named(this.finished.at(-1)?.origin ?? UNREAD);
  }

  /** Of all slices: the worst of their shares of what was not seen speaks for all. */
  origins(): readonly SampleOrigin[] {
    const byNature = new Map<SampleNature, SampleOrigin>();
    for (const origin of this.finished.flatMap((slice) => slice.origins())) {
      const unseenShare = Math.max(origin.unseenShare, byNature.get(origin.nature)?.unseenShare ?? 0);
      byNature.set(origin.nature, { ...this.#named(origin), unseenShare });
    }
    return [...byNature.values()];
  }

  #named(origin: SampleOrigin): SampleOrigin {
    return {
      ...origin,
      source: this.name,
      detail: this.#options.event.events.join(' '),
      windowNs: this.slices.reduce((sum, slice) => sum + slice.wallMs, 0) * 1e6,
    };
  }

  account(): SourceAccount {
    const accounts = this.finished.map((source) => source.account());
    const losses: Record<string, number> = {};
    for (const account of accounts) {
      for (const [why, count] of Object.entries(account.losses)) losses[why] = (losses[why] ?? 0) + count;
    }
    const notes = new Set([...this.#options.event.notes, ...accounts.flatMap((account) => account.notes)]);
    return {
      losses,
      bytesRead: accounts.reduce((sum, account) => sum + account.bytesRead, 0),
      notes: [...notes],
    };
  }

  async *read(context: SourceContext): AsyncIterable<Reading> {
    for await (const { slice, batch } of this.slicesOf(context)) {
      for (const sorted of slice.sorter.sort(batch)) yield { kind: 'samples', ...sorted };
    }
  }

  /** Rows with the slice they are of: each slice has its own events. */
  async *slicesOf(context: Pick<SourceContext, 'host' | 'progress' | 'signal'>): AsyncIterable<SliceRows> {
    let { period } = this.#options;
    let left = this.#options.durationMs;
    while (left > 0 && !context.signal.aborted) {
      const length = Math.min(left, this.slices.length === 0 ? FIRST_SLICE_MS : SLICE_MS);
      yield* this.#slice(context, period, length);
      const measured = this.slices.at(-1) as Slice;
      period = nextPeriod(
        period,
        this.#options.event.method === 'faults' ? 1 : 256,
        measured,
        this.#options.bound,
      );
      left -= length;
      context.progress(this.#options.durationMs - left, this.#options.durationMs, 'ms');
    }
  }

  async *#slice(
    context: Pick<SourceContext, 'host' | 'progress' | 'signal'>,
    period: number,
    lengthMs: Milliseconds,
  ): AsyncIterable<SliceRows> {
    const { clock } = context.host;
    const program = this.#start(context.host, period, lengthMs);
    // perf takes its time on SIGINT to send what it has; nobody wants that any more.
    const stop = () => program.signal('SIGKILL');
    context.signal.addEventListener('abort', stop);
    const output = new WaitingClock(program.output, clock);
    const { scope } = this.#options;
    const source = new PerfFileSource({
      path: 'perf record',
      stream: output,
      ...(scope.kind === 'processes' ? { pids: new Set(scope.pids) } : {}),
      geometry: this.#options.geometry,
      fingerprint: this.#fingerprint,
    });
    const started = clock.monotonicNs();
    let samples = 0;
    try {
      for await (const batch of source.batches({ ...context, progress: () => {} })) {
        samples += batch.count;
        yield { slice: source, batch };
      }
    } catch (problem) {
      throwIfStopped(context.signal);
      throw await this.#explain(program, problem);
    } finally {
      context.signal.removeEventListener('abort', stop);
      program.signal('SIGINT');
    }
    throwIfStopped(context.signal);
    const wallMs = (clock.monotonicNs() - started) / 1e6;
    this.finished.push(source);
    this.slices.push({
      period,
      wallMs,
      samples,
      lost: lostOf(source.session),
      share: 1 - output.waitedMs / wallMs,
    });
  }

  #start(host: Host, period: number, lengthMs: Milliseconds): Program {
    const [command, ...parameters] = recordCommand(
      this.#options.event,
      this.#options.scope,
      period,
      lengthMs / 1000,
    );
    const program = host.calls.start(command, parameters);
    if (program.ok) return program.value;
    throw new OctavoError('ABILITY_MISSING', {
      ability: 'recording',
      reason: `perf cannot be started (${program.error.errno})`,
      remedy: 'Install perf (Debian: linux-perf), or use --dry-run and record elsewhere.',
    });
  }

  /** perf says on standard error why it recorded nothing. */
  async #explain(program: Program, problem: unknown): Promise<unknown> {
    if (!(problem instanceof OctavoError)) return problem;
    await program.ended;
    const words = program.errors().trim();
    if (words === '') return problem;
    return new OctavoError('ABILITY_MISSING', {
      ability: 'recording',
      reason: words.split('\n').slice(0, 3).join(' '),
      remedy: '`octavo doctor` shows what this user may record.',
    });
  }
}

/** Passes a stream on and adds up how long was waited for it: the rest of the time was work. */
class WaitingClock implements AsyncIterable<Uint8Array> {
  waitedMs = 0;
  readonly #stream: AsyncIterable<Uint8Array>;
  readonly #clock: Clock;

  constructor(stream: AsyncIterable<Uint8Array>, clock: Clock) {
    this.#stream = stream;
    this.#clock = clock;
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    const iterator = this.#stream[Symbol.asyncIterator]();
    for (;;) {
      const asked = this.#clock.monotonicNs();
      const next = await iterator.next();
      this.waitedMs += (this.#clock.monotonicNs() - asked) / 1e6;
      if (next.done === true) return;
      yield next.value;
    }
  }
}
