/** Frames from what an agent tells of itself, and from surveys. Pure but for the asking. */
import type { Status, StatusTarget } from '../agent/life/status.js';
import type { FieldName } from '../history/observation.js';
import type { Span, TargetSpan } from '../history/span.js';
import { serviceKey } from '../services/service-id.js';
import { type Amount, exactly, sumOf } from '../survey/amount.js';
import type { Row } from '../survey/rows.js';
import type { Survey } from '../survey/survey.js';
import type { Milliseconds } from '../vocabulary/units.js';
import type { Frame, TopDecision, TopTarget } from './frame.js';

/** What came back of memory that runs returned to a process, as a look back found it. */
export interface LookedBack {
  readonly pid: number;
  readonly returnedBytes: number;
  readonly cameBackBytes: number;
}

/** A survey, and what journals tell beside it. */
export interface SurveyFrameFacts {
  readonly survey: Survey;
  readonly lookedBack: readonly LookedBack[];
  readonly decisions: readonly TopDecision[];
  readonly atMs: Milliseconds;
}

/** Returns the frame that a survey makes. */
export function frameOfSurvey({ survey, lookedBack, decisions, atMs }: SurveyFrameFacts): Frame {
  const byPid = new Map(lookedBack.map((one) => [one.pid, one]));
  const { hidden, spent } = survey;
  const unseen = hidden > 0 ? [`${hidden} processes cannot be seen by this user`] : [];
  return {
    atMs,
    from: `own survey, ${Math.round(spent.ms)} ms`,
    targets: survey.rows.map((row) => targetOfRow(row, byPid)),
    decisions,
    notes: unseen,
  };
}

function targetOfRow(row: Row, byPid: ReadonlyMap<number, LookedBack>): TopTarget {
  const { figures, pids, service } = row;
  const known = pids.flatMap((pid) => byPid.get(pid) ?? []);
  const sum = (of: (one: LookedBack) => number) =>
    known.length === 0 ? undefined : exactly(known.reduce((total, one) => total + of(one), 0));
  return {
    key: serviceKey(service),
    name: service.name,
    processes: pids.length,
    pids,
    resident: figures.resident,
    huge: figures.huge,
    bloat: sumOf([figures.emptyInHuge, figures.unmappedHeld]),
    cold: figures.cold,
    heat: undefined,
    returned: sum(({ returnedBytes }) => returnedBytes),
    cameBack: sum(({ cameBackBytes }) => cameBackBytes),
    state: service.kind,
  };
}

/** What the history tells of a target: its last span, and its samples a second over all of them. */
interface Seen {
  readonly last: TargetSpan;
  readonly heat: number | undefined;
}

/** The last of each target among some spans, oldest first. */
export function seenOf(spans: Iterable<Span>): ReadonlyMap<string, Seen> {
  const seen = new Map<string, Seen & { samples: number; from: Milliseconds }>();
  for (const { targets, lived } of spans) {
    for (const last of targets) {
      const before = seen.get(last.target);
      const samples = (before?.samples ?? 0) + (last.values.samples?.sum ?? 0);
      const from = before?.from ?? lived.from;
      const heat = last.values.samples === null || lived.until <= from ? before?.heat : (samples * 1000) / (lived.until - from); // biome-ignore format: one line
      seen.set(last.target, { last, heat, samples, from });
    }
  }
  return seen;
}

/** Returns the frame that an agent's status makes, with the history's last numbers. */
export function frameOfAgent(status: Status, seen: ReadonlyMap<string, Seen>): Frame {
  const decisions = status.events.map(({ atMs, target, text }) => ({ atMs, who: target, what: text }));
  return {
    atMs: status.updatedMs,
    from: `agent, process ${status.holder.pid}`,
    targets: status.targets.map((target) => targetOfAgent(target, seen.get(target.name))),
    decisions: decisions.reverse(),
    notes: status.troubles,
  };
}

function targetOfAgent(
  { name, processes, act, standing, last, totals }: StatusTarget,
  seen: Seen | undefined,
): TopTarget {
  const gauge = (field: FieldName): Amount | undefined => {
    const range = seen?.last.values[field]?.range;
    return range === undefined ? undefined : exactly(range.last);
  };
  return {
    key: `agent ${name}`,
    name,
    processes,
    pids: [],
    resident: gauge('residentBytes') ?? amountOf(last?.resident),
    huge: gauge('hugeBytes') ?? amountOf(last?.huge),
    bloat: sumOf([gauge('emptyInHugeBytes'), gauge('unmappedHeldBytes')]),
    cold: gauge('coldBytes'),
    heat: seen?.heat,
    returned: amountOf(totals.returnedBytes),
    cameBack: amountOf(totals.cameBackBytes),
    state: standing === 'clear' ? (act ? 'acting' : 'observing') : standing,
  };
}

function amountOf(value: number | null | undefined): Amount | undefined {
  return value == null ? undefined : exactly(value);
}
