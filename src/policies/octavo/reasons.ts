/** Decisions in words: nanoseconds gained and lost, bytes, probability. */
import { percent, percentDown } from '../../base/percent.js';
import type { RefusalCode } from '../../vocabulary/plan.js';
import type { Bytes, Nanoseconds, Pages } from '../../vocabulary/units.js';
import { ofPages, type PolicyFacts } from '../policy.js';
import type { Decisions } from './decide.js';
import type { Decision, Held } from './decision.js';
import type { Survey } from './survey.js';

/** Returns the reason of a change: what it is worth, and on how many samples that rests. */
export function reasonWords(act: Decision, survey: Survey, pages: Pages): string {
  const used = survey.used[act.block];
  const sure = `worth it with ${percentDown(act.chance)} probability`;
  const samples = `${Math.round(survey.samples[act.block])} samples`;
  if (act.action === 'split') {
    return (
      `${ofPages(used, pages)} hold data: ${inKiB(act.bytes)} go back, ` +
      `walks and faults cost ${inTime(act.lostNs)} more (by ${samples}); ${sure}`
    );
  }
  const grows = act.bytes < 0 ? `takes ${inKiB(-act.bytes)} more` : 'takes no more memory';
  return (
    `${ofPages(used, pages)} are in use: walks cost ${inTime(act.gainedNs)} less (by ${samples}), ` +
    `the copy ${inTime(act.lostNs)}, and it ${grows}; ${sure}`
  );
}

const HELD: Readonly<Record<Held['why'], readonly [RefusalCode, string]>> = {
  unknown: ['unknown-heat', 'too few samples to tell whether it is worth it: sample longer'],
  blind: ['unknown-heat', 'the samples cannot call memory cold: what they do not see may be hot'],
  unread: ['unknown-heat', 'its content was not read (source occupancy)'],
  khugepaged: [
    'no-gain',
    'khugepaged would collapse it again before it pays: keep it split, or set max_ptes_none',
  ],
  dear: ['no-gain', 'its share of the time is larger than its share of the memory'],
  reached: ['no-gain', 'the goal is reached without it'],
};

/** Returns code and sentence for a change that is held back. */
export function heldWords({ why }: Held): [RefusalCode, string] {
  const [code, words] = HELD[why];
  return [code, words];
}

/** What the plan is about, for its notes. */
export function outlookWords(
  { cut, acts, held }: Decisions,
  { table }: Survey,
  facts: PolicyFacts | undefined,
): readonly string[] {
  if (table.count === 0) return [];
  const unknown = held.filter(({ why }) => why === 'unknown' || why === 'blind').length;
  const notes = [
    `Of ${table.count} blocks ${cut.huge} are worth a huge page at this goal, which loses ${inTime(cut.lostNs)} against ` +
      `the fastest layout; ${acts.length} change now.`,
  ];
  if (unknown > 0) {
    const regretNs = held.reduce((sum, one) => sum + one.regretNs, 0);
    notes.push(
      `${unknown} blocks stay as they are until more samples tell (${percent(unknown / table.count)}): to know them is ` +
        `expected to be worth ${inTime(regretNs)}.`,
    );
  }
  if (facts?.translation !== undefined) notes.push(`Costs of walks: ${facts.translation.basis}.`);
  return notes;
}

/** Nanoseconds of CPU a second as a time a second. */
export function inTime(ns: Nanoseconds): string {
  const size = Math.abs(ns);
  if (size >= 1e6) return `${three(ns / 1e6)} ms/s`;
  if (size >= 1e3) return `${three(ns / 1e3)} µs/s`;
  return `${three(ns)} ns/s`;
}

function inKiB(bytes: Bytes): string {
  return `${Math.round(bytes / 1024)} KiB`;
}

function three(value: number): string {
  return `${Number(value.toPrecision(3))}`;
}
