/**
 * Whose heat recordings hold, and how old it is: a pid says neither. Heat of another process, or of a time before this
 * one began, is not used; heat that repeats other heat is refused; the older it is, the less it says.
 */
import type { Host } from '../host/host.js';
import { originsOf, type Source } from '../sources/source.js';
import { OctavoError } from '../vocabulary/errors.js';
import { findRepetition, shareInWords } from '../vocabulary/independence.js';
import type { ProcessIdentity } from '../vocabulary/process.js';
import type { HeatProvenance, RecordedSpan, RecordingFacts } from '../vocabulary/recording.js';
import type { SampleOrigin } from '../vocabulary/sample.js';
import type { Fraction, Milliseconds, ProcessId } from '../vocabulary/units.js';

/** Clock ticks of /proc/PID/stat: USER_HZ is 100 on every architecture that has huge pages. */
const MS_PER_TICK = 10;
/** The boot time of /proc/stat has whole seconds, and clocks are set. */
const CLOCK_SLACK_MS = 2000;

/** Heat that may be used, with how far it is to be believed. */
export interface JudgedHeat {
  /** Origins of all sources, those of recordings faded with age. */
  readonly origins: readonly SampleOrigin[];
  /** Processes whose heat is of another one that had the same pid. */
  readonly without: ReadonlySet<ProcessId>;
  readonly notes: readonly string[];
}

interface Recorded {
  readonly source: Source;
  readonly provenance: HeatProvenance;
}

/** HEAT_REPEATED for samples that are there twice, HEAT_OTHER_PROCESS when all heat is of other processes. */
export function judgeHeat(
  host: Host,
  sources: readonly Source[],
  processes: readonly ProcessIdentity[],
  halfLifeMs: Milliseconds,
): JudgedHeat {
  const recorded = recordedOf(sources);
  refuseRepeatedHeat(sources);
  const strangers = strangersIn(host, recorded, processes);
  const [stranger] = strangers;
  if (stranger !== undefined && strangers.length === processes.length) {
    throw new OctavoError('HEAT_OTHER_PROCESS', { ...stranger });
  }
  const ages = new Map(recorded.map((one) => [one.source, ageOf(host, one.provenance)]));
  return {
    origins: sources.flatMap((source) =>
      originsOf(source).map((origin) => faded(origin, ages.get(source), halfLifeMs)),
    ),
    without: new Set(strangers.map(({ pid }) => pid)),
    notes: [
      ...strangers.map(
        ({ path, pid, problem }) => `heat of ${path} for process ${pid} is not used: ${problem}`,
      ),
      ...recorded.flatMap(({ source, provenance }) => [
        ...ageNotes(source, provenance, ages.get(source), halfLifeMs),
        ...placeNotes(host, source, provenance),
      ]),
    ],
  };
}

function recordedOf(sources: readonly Source[]): readonly Recorded[] {
  return sources.flatMap((source) => {
    const provenance = source.provenance?.();
    return provenance === undefined ? [] : [{ source, provenance }];
  });
}

/** HEAT_REPEATED when samples are there twice, or when it cannot be told whether they are. */
export function refuseRepeatedHeat(sources: readonly Source[]): void {
  const recorded = recordedOf(sources);
  const repeated = findRepetition(recorded.flatMap(({ provenance }) => provenance.recordings));
  if (repeated !== undefined) {
    const { first, second, share } = repeated;
    throw new OctavoError('HEAT_REPEATED', {
      first: first.name,
      second: second.name,
      share: shareInWords(share),
    });
  }
  const mute = recorded.find(({ provenance }) => provenance.unknown !== '');
  const other = recorded.find((one) => one !== mute);
  if (mute === undefined || other === undefined) return;
  throw new OctavoError('HEAT_REPEATED', {
    first: other.source.origin.detail,
    second: mute.source.origin.detail,
    share: `it cannot be ruled out: ${mute.provenance.unknown}`,
  });
}

interface Stranger {
  readonly path: string;
  readonly pid: ProcessId;
  readonly problem: string;
}

function strangersIn(
  host: Host,
  recorded: readonly Recorded[],
  processes: readonly ProcessIdentity[],
): readonly Stranger[] {
  if (recorded.length === 0) return [];
  const bootMs = bootTime(host);
  return processes.flatMap((process) => {
    for (const { source, provenance } of recorded) {
      const problem = strangeness(host, provenance, process, bootMs);
      if (problem !== '') return [{ path: source.origin.detail, pid: process.pid, problem }];
    }
    return [];
  });
}

/** Why recorded heat of a pid is not that of the process that has it now; empty when nothing speaks against it. */
function strangeness(
  host: Host,
  { recordings, processes }: HeatProvenance,
  process: ProcessIdentity,
  bootMs: Milliseconds | undefined,
): string {
  const then = processes.find(({ pid }) => pid === process.pid);
  if (recordings.some(({ bootId }) => bootId !== undefined && bootId !== host.identity.bootId)) {
    return 'it was recorded in another boot, or on another machine';
  }
  if (then !== undefined && then.command !== '' && then.command !== process.command) {
    return `it was recorded as ${then.command}, and is now ${process.command}`;
  }
  if (then?.startTicks !== undefined && then.startTicks !== process.startTicks) {
    return 'it was recorded of an earlier process with the same pid';
  }
  const ahead = recordings.find(({ span }) => isAhead(host, span));
  if (ahead?.span?.isExact === true)
    return `it was recorded in the future (${date(ahead.span.toMs)}): clocks were set, or it is of another machine`;
  return bootMs === undefined ? '' : beforeStart(recordings, bootMs + process.startTicks * MS_PER_TICK);
}

function isAhead(host: Host, span: RecordedSpan | undefined): boolean {
  return span !== undefined && span.toMs > host.clock.wallMs() + CLOCK_SLACK_MS;
}

function beforeStart(recordings: readonly RecordingFacts[], startMs: Milliseconds): string {
  const early = recordings.find(({ span }) => span !== undefined && span.toMs + CLOCK_SLACK_MS < startMs);
  if (early?.span === undefined) return '';
  return `it was recorded by ${date(early.span.toMs)}, before the process started (${date(startMs)})`;
}

/** When the machine booted, by `btime` of /proc/stat; undefined where that cannot be read. */
function bootTime(host: Host): Milliseconds | undefined {
  const text = readOptional(host, '/proc/stat');
  const seconds = /^btime (\d+)$/m.exec(text)?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

/** Text of a file that a recorded host need not hold; empty when it cannot be read. */
function readOptional(host: Host, path: string): string {
  try {
    const text = host.files.readText(path);
    return text.ok ? text.value : '';
  } catch (problem) {
    if (problem instanceof OctavoError && problem.code === 'RECORDING_LACKS') return '';
    throw problem;
  }
}

interface Age {
  readonly ms: Milliseconds;
  readonly span: RecordedSpan;
}

/** The age of the oldest recording; undefined when none says. */
function ageOf(host: Host, { recordings }: HeatProvenance): Age | undefined {
  const now = host.clock.wallMs();
  return recordings
    .flatMap(({ span }) => (span === undefined ? [] : [{ span, ms: Math.max(0, now - span.toMs) }]))
    .reduce<Age | undefined>(
      (oldest, age) => (oldest === undefined || age.ms > oldest.ms ? age : oldest),
      undefined,
    );
}

/** Share of their weight that samples of an age still have. */
export function fadeOf(ageMs: Milliseconds, halfLifeMs: Milliseconds): Fraction {
  return 2 ** (-ageMs / halfLifeMs);
}

function faded(origin: SampleOrigin, age: Age | undefined, halfLifeMs: Milliseconds): SampleOrigin {
  return age === undefined ? origin : { ...origin, fade: fadeOf(age.ms, halfLifeMs) };
}

function ageNotes(
  source: Source,
  provenance: HeatProvenance,
  age: Age | undefined,
  halfLifeMs: Milliseconds,
): readonly string[] {
  const { detail } = source.origin;
  const why = provenance.unknown === '' ? '' : ` (${provenance.unknown})`;
  if (age === undefined) return [`${detail}: how old its heat is cannot be told${why}.`];
  const fade = (100 * fadeOf(age.ms, halfLifeMs)).toPrecision(3);
  const bound = age.span.isExact ? '' : 'at least ';
  return [
    `${detail}: recorded ${bound}${duration(age.ms)} ago (until ${date(age.span.toMs)}); at a half-life of ${duration(halfLifeMs)} it still weighs ${fade} %.`,
  ];
}

/** Where what a recording says of its machine is not what this one says: a name may change, so that it is only told. */
function placeNotes(host: Host, source: Source, { recordings }: HeatProvenance): readonly string[] {
  const here = {
    name: readOptional(host, '/proc/sys/kernel/hostname').trim(),
    release: readOptional(host, '/proc/sys/kernel/osrelease').trim(),
  };
  const differs = (then: string, now: string) => then !== '' && now !== '' && then !== now;
  const other = recordings.find((one) => differs(one.kernel, here.release) || differs(one.host, here.name));
  const notes: string[] = [];
  if (other !== undefined) {
    const then = `${other.host || 'a machine without a name'}, Linux ${other.kernel || 'of a release not told'}`;
    notes.push(
      `${source.origin.detail}: recorded on ${then}; this is ${here.name}, Linux ${here.release}. Heat of another machine or boot means nothing here.`,
    );
  }
  if (recordings.some(({ span }) => isAhead(host, span)))
    notes.push(`${source.origin.detail}: its time lies in the future, so that its age is not known.`);
  return notes;
}

const date = (ms: Milliseconds): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

const UNITS: readonly (readonly [string, Milliseconds])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
];

function duration(ms: Milliseconds): string {
  const [unit, length] = UNITS.find(([, size]) => ms >= size) ?? (['s', 1000] as const);
  return `${Number((ms / length).toPrecision(3))} ${unit}`;
}
