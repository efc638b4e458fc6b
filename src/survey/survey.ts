/**
 * Where a host's memory is and what a policy would return of it, by service, without changing anything. Cheap first:
 * counters of all, page tables of the most promising, content of blocks drawn at random; within bounds of time, of bytes
 * and of each process's mmap_lock. What was not seen is told with the reason and never counted as nothing.
 */

import { type HugeCounters, hugeCountersOfHost, ofWholeFolios } from '../formats/proc/memory-cgroup.js';
import { kilobytes, parseKeyed } from '../formats/proc/process-files.js';
import type { Host } from '../host/host.js';
import { ifRecorded } from '../host/if-recorded.js';
import { DEFAULT_BUDGETS } from '../planning/budgets.js';
import type { ServiceKind } from '../services/service-id.js';
import { countsWholeFolios } from '../verification/mapcount-build.js';
import { OctavoError } from '../vocabulary/errors.js';
import { throwIfStopped } from '../vocabulary/stopping.js';
import type { Bytes, Fraction, Milliseconds, Nanoseconds, ProcessId } from '../vocabulary/units.js';
import { between } from './amount.js';
import { type Caps, capsOf } from './caps.js';
import { CgroupCounters } from './cgroup-counters.js';
import { drawBlocks } from './content.js';
import { levelFigures } from './figures.js';
import { judge, type Verdicts } from './judge.js';
import { LockMeter, type LongestLock } from './lock-meter.js';
import { type Look, Looker } from './look.js';
import { type DrawnPage, drawPages } from './page-draw.js';
import { type People, type Person, readPeople } from './people.js';
import type { JudgeBlocks } from './policy-turn.js';
import { type Finding, type Grouping, keyOf, type Row, rowsOf, totalsOf, type Unlooked } from './rows.js';

/** Bounds of a survey, and the policy that is asked. */
export interface SurveyOptions {
  readonly host: Host;
  readonly by: ServiceKind | undefined;
  /** Of all together. */
  readonly budgetMs: Milliseconds;
  /** Content that may be read. */
  readonly readBytes: Bytes;
  /** What the chosen policy makes of looks; undefined when content is not to be read. */
  readonly judgeBlocks: JudgeBlocks | undefined;
  readonly signal: AbortSignal;
  progress(what: string, done: number, total: number, unit: string): void;
}

/** Rows, totals, what was not seen, and what was spent. */
export interface Survey {
  readonly rows: readonly Row[];
  readonly totals: ReturnType<typeof totalsOf>;
  /** Counters of the whole host; undefined where /proc/meminfo lacks them. */
  readonly host: HugeCounters | undefined;
  /** Processes that this user cannot see. */
  readonly hidden: number;
  /** Processes that ended before they were looked at, which are in no row. */
  readonly ended: number;
  readonly spent: Spent;
  readonly bounds: Bounds;
  readonly notes: readonly string[];
}

/** The bounds that a survey kept to. */
export interface Bounds {
  readonly budgetMs: Milliseconds;
  readonly readBytes: Bytes;
  readonly lockNs: Nanoseconds;
}

/** What a survey took. */
export interface Spent {
  readonly ms: Milliseconds;
  readonly readBytes: Bytes;
  /** The process whose mmap_lock was held for longest. */
  readonly lock: LongestLock | undefined;
}

/** A look takes at most this share of what acting may take of a process's lock by default. */
const LOCK_SHARE: Fraction = 0.05;
/** Of that bound what is planned for: calls take longer than their like on a busy machine. */
const PLANNED_SHARE: Fraction = 0.6;
/** Of a process's lock for its page tables; the rest is for its content. */
const TABLES_SHARE: Fraction = 0.4;
/** Of what is left of it, for single pages. */
const PAGES_SHARE: Fraction = 0.4;
/** Of all the time, at least. */
const PAGES_TIME: Fraction = 0.1;
/** Shares of the time by when the promising ones, their content and all others have been looked at. */
const UNTIL = { promising: 0.4, pages: 0.5, content: 0.75, all: 0.85 } as const;
/** Reading a block: what it takes of the lock, and of the time with the rate that is kept and the counting. */
const LOCK_NS_PER_BYTE = 0.25;
const NS_PER_BYTE = 1.5;
/** What a page of a whole block takes of what a single page takes, with its calls: 350 to 4.2 us for 512 measured. */
const BLOCK_PAGES_SHARE: Fraction = 0.17;
/** How long it keeps the thread at a time. */
const YIELD_NS = 30e6;

/** Surveys a host. Changes nothing; ends by itself at its bounds, or at the signal. */
export async function survey(options: SurveyOptions): Promise<Survey> {
  return new Surveyor(options).run();
}

interface Looking {
  readonly person: Person;
  readonly caps: Caps | undefined;
  look: Look | undefined;
  /** Why it was not looked at. */
  why: Unlooked | undefined;
}

class Surveyor {
  readonly #options: SurveyOptions;
  readonly #meter: LockMeter;
  readonly #looker: Looker;
  readonly #began: Nanoseconds;
  readonly #bounds: Bounds;
  #yieldedNs: Nanoseconds = 0;
  /** Counters of the whole host. */
  readonly #host: HugeCounters | undefined;

  constructor(options: SurveyOptions) {
    this.#options = options;
    const { host, budgetMs, readBytes } = options;
    this.#began = host.clock.monotonicNs();
    this.#meter = new LockMeter(host);
    this.#looker = new Looker(this.#meter);
    this.#host = hostCounters(host);
    const lockNs = LOCK_SHARE * DEFAULT_BUDGETS.lockUsPerSecond * budgetMs;
    this.#bounds = { budgetMs, readBytes, lockNs };
  }

  async run(): Promise<Survey> {
    const { by, signal } = this.#options;
    const host = this.#host;
    const facts = {
      counters: host,
      cpus: cpusOf(this.#meter.host),
      geometry: this.#meter.host.identity.geometry,
    };
    const people = readPeople(this.#meter.host, signal);
    const counters = this.#counters(people);
    const all = people.people.map((person): Looking => {
      return { person, caps: capsOf(person, facts), look: undefined, why: undefined };
    });
    const ranked = all.sort((left, right) => promiseOf(right) - promiseOf(left));
    const promising = ranked.filter((one) => promiseOf(one) > 0);
    await this.#hurried(() => this.#lookAt(promising, UNTIL.promising));
    const verdicts = await this.#judgeAll(promising);
    await this.#hurried(() => this.#lookAt(ranked, UNTIL.all));
    const stayed = ranked.filter(({ why }) => why !== ENDED);
    const findings = stayed.map((one) => findingOf(one, verdicts));
    const rows = rowsOf(findings, { ...grouping(by, counters), host });
    return {
      rows,
      totals: totalsOf(rows, host),
      host,
      hidden: people.hidden,
      ended: ranked.length - stayed.length,
      spent: { ms: this.#elapsedNs() / 1e6, readBytes: bytesRead(verdicts), lock: this.#meter.longest() },
      bounds: this.#bounds,
      notes: [...(verdicts?.turn.plan.notes ?? []), ...countingNotes(this.#meter.host)],
    };
  }

  #counters({ people, self }: People): CgroupCounters {
    const members = people.map(({ process: { cgroupText }, belonging }) => ({
      cgroupText,
      key: keyOf(belonging, this.#options.by),
    }));
    const own = self === undefined ? [] : [{ cgroupText: self.cgroupText, key: 'octavo itself' }];
    return new CgroupCounters(this.#meter.host, [...members, ...own]);
  }

  /** Of each process's lock. */
  get #plannedNs(): Nanoseconds {
    return PLANNED_SHARE * this.#bounds.lockNs;
  }

  #elapsedNs(): Nanoseconds {
    return this.#options.host.clock.monotonicNs() - this.#began;
  }

  #until(share: Fraction): Nanoseconds {
    return this.#began + share * this.#bounds.budgetMs * 1e6;
  }

  /** Before others, so that no thread of ours is preempted with a process's lock in its hands. */
  async #hurried<Found>(look: () => Found | Promise<Found>): Promise<Found> {
    const slowDown = await this.#options.host.calls.hurry?.('files');
    try {
      return await look();
    } finally {
      slowDown?.();
    }
  }

  /** Looks at those that were not looked at, in turn, until their share of the time is over. */
  async #lookAt(all: readonly Looking[], share: Fraction): Promise<void> {
    const { signal, host, progress } = this.#options;
    const untilNs = this.#until(share);
    const lockNs = TABLES_SHARE * this.#plannedNs;
    for (const [index, one] of all.entries()) {
      throwIfStopped(signal);
      progress('looking at page tables', index, all.length, 'processes');
      if (one.look !== undefined || (one.why !== undefined && one.why !== NO_TIME)) continue;
      if (host.clock.monotonicNs() >= untilNs) one.why = NO_TIME;
      else {
        this.#lookAtOne(one, { lockNs, untilNs, signal });
        await this.#yield();
      }
    }
  }

  /** Gives the thread back from time to time, so that others on it are heard: keys, the stop. */
  async #yield(): Promise<void> {
    const { clock } = this.#options.host;
    if (clock.monotonicNs() - this.#yieldedNs < YIELD_NS) return;
    await clock.sleep(0);
    this.#yieldedNs = clock.monotonicNs();
  }

  #lookAtOne(one: Looking, budget: Parameters<Looker['look']>[1]): void {
    try {
      one.look = this.#looker.look(one.person, budget);
      one.why = undefined;
    } catch (problem) {
      if (!(problem instanceof OctavoError)) throw problem;
      if (problem.code === 'STOPPED') throw problem;
      one.why = whyNot(problem);
    }
  }

  /** Reads what the bounds allow and asks the policy; undefined when there is nothing to read or no policy. */
  async #judgeAll(promising: readonly Looking[]): Promise<Verdicts | undefined> {
    const { judgeBlocks, host } = this.#options;
    const looks = promising.flatMap(({ look }) => (look === undefined ? [] : [look]));
    if (judgeBlocks === undefined || looks.length === 0) return undefined;
    const pages = await this.#hurried(() => this.#drawAll(looks));
    const left = this.#until(UNTIL.content) - host.clock.monotonicNs();
    const drawn = drawBlocks(
      looks.map((look) => ({ look, lockNs: this.#lockLeft(look) })),
      {
        bytes: Math.min(this.#bounds.readBytes, Math.max(0, left / NS_PER_BYTE)),
        blockNs: this.#blockNs(),
      },
      () => host.random.uint32(),
    );
    const turn = await judgeBlocks(
      this.#meter.host,
      looks.map(({ sizes }) => sizes),
      drawn,
    );
    return turn === undefined ? undefined : { turn, drawn, pages };
  }

  /** Single pages of each, within its share of the lock. */
  #drawAll(looks: readonly Look[]): ReadonlyMap<ProcessId, readonly DrawnPage[]> {
    const { readBytes } = this.#bounds;
    const { signal } = this.#options;
    if (readBytes === 0) return new Map();
    const { clock } = this.#options.host;
    // Where looks took longer than they should, pages have their time all the same.
    const leastNs = clock.monotonicNs() + PAGES_TIME * this.#bounds.budgetMs * 1e6;
    const untilNs = Math.max(this.#until(UNTIL.pages), leastNs);
    return new Map(
      looks.map((look) => {
        const lockNs = PAGES_SHARE * this.#lockLeft(look);
        return [look.sizes.process.pid, drawPages(this.#meter, look, { lockNs, untilNs, signal })];
      }),
    );
  }

  /** What a block takes of the lock: on a busy machine in proportion to what single pages took. */
  #blockNs(): Nanoseconds {
    const { blockBytes, pagesPerBlock } = this.#options.host.identity.geometry;
    return Math.max(
      LOCK_NS_PER_BYTE * blockBytes,
      BLOCK_PAGES_SHARE * pagesPerBlock * this.#meter.usualPageNs,
    );
  }

  #lockLeft({ sizes }: Look): Nanoseconds {
    return Math.max(0, this.#plannedNs - this.#meter.charged(sizes.process.pid));
  }
}

function findingOf({ person, caps, look, why }: Looking, verdicts: Verdicts | undefined): Finding {
  if (look === undefined) {
    const huge = caps && between(0, caps.huge);
    const rest = { holes: undefined, judged: undefined, most: caps?.readable };
    return { person, looked: 'counters', unlooked: why, huge, ...rest };
  }
  const most = caps ?? BOUNDLESS;
  const { huge, holes, readable } = levelFigures(look, most);
  const { pid } = person.process;
  const isAsked = verdicts?.turn.sizes.some(({ process }) => process.pid === pid) === true;
  return {
    person,
    looked: look.sample === undefined ? 'whole' : 'part',
    unlooked: undefined,
    huge,
    holes,
    judged: isAsked && readable.high !== 0 ? judge(look, most, verdicts) : undefined,
    most: readable.high === undefined ? undefined : readable.high * look.sizes.geometry.blockBytes,
  };
}

/** What may be in huge pages at most. */
function promiseOf({ caps }: Looking): Bytes {
  return caps?.readable ?? 0;
}

const BOUNDLESS: Caps = { huge: Number.POSITIVE_INFINITY, readable: Number.POSITIVE_INFINITY };
const ENDED: Unlooked = { why: 'ended', message: 'it ended' };
const NO_TIME: Unlooked = { why: 'time', message: 'the time was used before it was their turn' };

function whyNot({ code, message }: OctavoError): Unlooked {
  if (code === 'TARGET_GONE') return ENDED;
  return { why: code === 'PERMISSION' ? 'not permitted' : 'not able', message };
}

function grouping(by: ServiceKind | undefined, counters: CgroupCounters): Omit<Grouping, 'host'> {
  const texts = (findings: readonly Finding[]) =>
    findings.map(({ person: { process } }) => process.cgroupText);
  return {
    by,
    alone: (key, findings) => counters.alone(key, texts(findings)),
    around: (findings) => counters.around(texts(findings)),
  };
}

function cpusOf(host: Host): number {
  const text = ifRecorded(() => host.files.readText('/proc/stat'));
  return Math.max(1, text?.ok ? (text.value.match(/^cpu\d+ /gm)?.length ?? 1) : 1);
}

function hostCounters(host: Host): HugeCounters | undefined {
  const text = ifRecorded(() => host.files.readText('/proc/meminfo'));
  if (!text?.ok) return undefined;
  const fields = parseKeyed(text.value);
  const counters = hugeCountersOfHost((name) => kilobytes(fields.get(name)));
  return counters && countsWholeFolios(host) ? ofWholeFolios(counters) : counters;
}

function countingNotes(host: Host): readonly string[] {
  if (!countsWholeFolios(host)) return [];
  return [
    'This kernel counts a huge page as mapped as long as one of its pages is (CONFIG_NO_PAGE_MAPCOUNT): how much is held unmapped is not known from counters, and resident memory by counters has it in it.',
  ];
}

function bytesRead(verdicts: Verdicts | undefined): Bytes {
  const accounts = verdicts?.turn.accounts ?? [];
  return accounts.reduce((sum, { account }) => sum + account.bytesRead, 0);
}
