/**
 * What has been spent of the budgets that hold over time: bytes acted on in an hour, the pause between runs, the share of
 * the time that looks may take. The acting side keeps it, so that asking again and again gains nothing. Bytes and runs
 * are kept in a file as well: a side that was made to crash starts with what was spent before.
 */
import * as z from 'zod';
import { parseJson } from '../../base/json-text.js';
import type { Host } from '../../host/host.js';
import type { Bytes, Fraction, Milliseconds, Nanoseconds } from '../../vocabulary/units.js';
import type { Grant } from './grants.js';
import type { ProcessRef } from './protocol.js';

const HOUR_MS: Milliseconds = 3_600_000;
/** Entries of an hour with a run a second. */
const MOST_SPENT = 4096;
/** Processes of which the last look is remembered; a look at one that is forgotten is a first one. */
const MOST_LOOKED_AT = 16_384;
/** No look is put off for longer: one slow look says little about the next. */
const LONGEST_WAIT_MS: Milliseconds = 600_000;

const SpentSchema = z.strictObject({
  octavo: z.literal('allowance'),
  version: z.literal(1),
  spent: z
    .array(
      z.strictObject({ target: z.string(), atMs: z.number(), bytes: z.number().nonnegative() }).readonly(),
    )
    .max(MOST_SPENT)
    .readonly(),
});

type Spent = z.infer<typeof SpentSchema>['spent'][number];

/** The budgets over time of one acting side, kept in a file so that a restart does not give them twice. */
export class Allowance {
  readonly #host: Host;
  readonly #path: string;
  #spent: Spent[];
  /** Both clocks when `#spent` was last looked at. */
  #looked: { readonly wallMs: Milliseconds; readonly monotonicMs: Milliseconds };
  /** When each process may be looked at again, by pid and start time. */
  readonly #notBeforeNs = new Map<string, Nanoseconds>();

  #sampleNotBeforeNs: Nanoseconds = 0;

  constructor(host: Host) {
    this.#host = host;
    this.#path = `${host.identity.stateDirectory}/allowance.json`;
    this.#spent = [...readSpent(host, this.#path)];
    this.#looked = bothClocks(host);
  }

  /** Bytes that a target may still have acted on within this hour; infinite where there is no bound. */
  bytesLeft({ name, bytesPerHour }: Grant): Bytes {
    if (bytesPerHour === 0) return Number.POSITIVE_INFINITY;
    return Math.max(0, bytesPerHour - this.spentBytes(name));
  }

  /** Bytes of a target that were acted on within this hour, with what a run that goes on may act on. */
  spentBytes(name: string): Bytes {
    this.#forget();
    const spent = this.#spent.filter(({ target }) => target === name);
    return spent.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** How long a target's next run has to wait; 0 when it need not. */
  pauseLeftMs({ name, pauseMs }: Grant): Milliseconds {
    this.#forget();
    const last = this.#spent.findLast(({ target }) => target === name);
    if (last === undefined) return 0;
    return Math.max(0, last.atMs + pauseMs - this.#host.clock.wallMs());
  }

  /** Notes a run that is about to begin: what it may do counts until it is known what it did. */
  begin(target: string, bytes: Bytes): void {
    this.#forget();
    this.#spent.push({ target, bytes, atMs: this.#host.clock.wallMs() });
    this.#keep();
  }

  /** The run of a target has ended, and has acted on so many bytes. */
  end(target: string, bytes: Bytes): void {
    const at = this.#spent.findLastIndex((one) => one.target === target);
    if (at >= 0) this.#spent[at] = { target, bytes, atMs: this.#host.clock.wallMs() };
    this.#keep();
  }

  /** How long the next look at a process has to wait; 0 when it need not. */
  lookWaitMs(process: ProcessRef): Milliseconds {
    const notBefore = this.#notBeforeNs.get(keyOf(process)) ?? 0;
    return Math.max(0, (notBefore - this.#host.clock.monotonicNs()) / 1e6);
  }

  /** Notes a look that took so long: it may be no more than its share of the time until the next. */
  looked(process: ProcessRef, tookNs: Nanoseconds, share: Fraction): void {
    const waitNs = Math.min(LONGEST_WAIT_MS * 1e6, tookNs / share - tookNs);
    const key = keyOf(process);
    // Put last: the map forgets those that were looked at longest ago.
    this.#notBeforeNs.delete(key);
    this.#notBeforeNs.set(key, this.#host.clock.monotonicNs() + waitNs);
    const [oldest] = this.#notBeforeNs.keys();
    if (this.#notBeforeNs.size > MOST_LOOKED_AT) this.#notBeforeNs.delete(oldest);
  }

  /** How long the next sampling has to wait; 0 when it need not. */
  sampleWaitMs(): Milliseconds {
    return Math.max(0, (this.#sampleNotBeforeNs - this.#host.clock.monotonicNs()) / 1e6);
  }

  /** Notes that sampling took so much CPU time: it may be no more than its share of the time until the next. */
  sampled(cpuNs: Nanoseconds, share: Fraction): void {
    const waitNs = Math.min(LONGEST_WAIT_MS * 1e6, cpuNs / share - cpuNs);
    this.#sampleNotBeforeNs = this.#host.clock.monotonicNs() + waitNs;
  }

  /**
   * A clock that was set takes the entries with it: one that was set back must not keep them for longer than an hour, nor one
   * set on forget them at once.
   */
  #forget(): void {
    const now = bothClocks(this.#host);
    const passedMs = now.monotonicMs - this.#looked.monotonicMs;
    const setByMs = now.wallMs - this.#looked.wallMs - passedMs;
    this.#looked = now;
    const lasting = this.#spent
      .map((one) => ({ ...one, atMs: Math.min(one.atMs + setByMs, now.wallMs) }))
      .filter(({ atMs }) => now.wallMs - atMs < HOUR_MS);
    this.#spent = folded(lasting, MOST_SPENT - 1);
  }

  /** Where it cannot be written, it holds until this process ends. */
  #keep(): void {
    this.#host.files.makeDirectory(this.#host.identity.stateDirectory);
    const kept = { octavo: 'allowance', version: 1, spent: this.#spent };
    this.#host.files.writeFile(this.#path, JSON.stringify(kept));
  }
}

function bothClocks({ clock }: Host): { readonly wallMs: Milliseconds; readonly monotonicMs: Milliseconds } {
  return { wallMs: clock.wallMs(), monotonicMs: clock.monotonicNs() / 1e6 };
}

/**
 * At most so many entries. The oldest goes into the next of its target, where it counts for longer: many small runs must
 * not make the bytes of a large one forgotten. Only with more targets than entries some are dropped.
 */
function folded(entries: readonly Spent[], most: number): Spent[] {
  const spent = [...entries];
  for (let at = 0; spent.length > most && at < spent.length; ) {
    const { target, bytes } = spent[at];
    const next = spent.findIndex((one, later) => later > at && one.target === target);
    if (next < 0) {
      at++;
      continue;
    }
    spent[next] = { ...spent[next], bytes: spent[next].bytes + bytes };
    spent.splice(at, 1);
  }
  return spent.slice(-most);
}

function keyOf({ pid, startTicks }: ProcessRef): string {
  return `${pid}/${startTicks}`;
}

/** A file that is damaged counts as none: its budget is an hour's. */
function readSpent(host: Host, path: string): readonly Spent[] {
  const text = host.files.readText(path);
  const value = text.ok ? parseJson(text.value) : undefined;
  const parsed = value?.ok ? SpentSchema.safeParse(value.value) : undefined;
  return parsed?.success ? parsed.data.spent : [];
}
