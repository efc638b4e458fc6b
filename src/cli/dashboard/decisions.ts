/** What runs decided and what became of it, as entries of the log. Pure. */
import type { JournalRecord } from '../../cycle/journal-records.js';
import type { Decision, EventKind } from '../../dashboard/wire/events.js';
import type { PassedOver, Plan, Receipt, Refused, Step, Verdict } from '../../vocabulary/plan.js';
import { plural } from '../../vocabulary/show.js';
import { blockToPage, pageGeometry, pageToAddress } from '../../vocabulary/units.js';

/** Entries of one run: what is beyond is told as one. */
const MOST_REFUSED = 200;

/** A run as its journal tells it. */
export interface DecidedRun {
  readonly run: string;
  readonly plan: Plan;
  readonly records: readonly JournalRecord[];
  readonly begin?: { readonly atMs: number } | undefined;
}

/** An entry before it has a number, and the place that the map gives it. */
export type Entry = Omit<Decision, 'id' | 'place'> & { readonly page: number | null };

/** In the order of time. */
export function entriesOf(run: DecidedRun): readonly Entry[] {
  const entries = [...stepEntries(run), ...refusedEntries(run), ...undoneEntries(run)];
  return entries.sort((a, b) => a.atMs - b.atMs);
}

function stepEntries(run: DecidedRun): readonly Entry[] {
  const receipts = new Map<number, Receipt>();
  const verdicts = new Map<number, Verdict>();
  for (const record of run.records) {
    if (record.kind === 'receipts')
      for (const receipt of record.receipts) receipts.set(receipt.step, receipt);
    if (record.kind !== 'verdicts' && record.kind !== 'recovered') continue;
    for (const verdict of record.verdicts)
      if (!verdicts.has(verdict.step)) verdicts.set(verdict.step, verdict);
  }
  return run.plan.steps.flatMap((step) => {
    const [receipt, verdict] = [receipts.get(step.id), verdicts.get(step.id)];
    if (receipt === undefined && verdict === undefined) return [];
    return [stepEntry(run, step, receipt, verdict)];
  });
}

function stepEntry(
  run: DecidedRun,
  { proposal }: Step,
  receipt: Receipt | undefined,
  verdict: Verdict | undefined,
): Entry {
  const isMet = verdict !== undefined && verdict.outcome !== 'not-met';
  return {
    ...entryOn(run, isMet ? proposal.action : 'failed', proposal, receipt?.atMs ?? startOf(run)),
    what: whatWords(proposal),
    why: proposal.reason,
    outcome: verdict
      ? `${verdict.outcome}: ${verdict.why}`
      : `no verdict; the kernel answered ${receipt?.answer}`,
    predictedBytes: proposal.gain.returnedBytes,
    returnedBytes: verdict?.returnedBytes ?? null,
  };
}

function entryOn(
  { run, plan }: DecidedRun,
  kind: EventKind,
  { process, block }: Step['proposal'],
  atMs: number,
): Omit<Entry, 'what' | 'why' | 'outcome' | 'predictedBytes' | 'returnedBytes'> {
  const geometry = pageGeometry(plan.geometry.pageBytes, plan.geometry.blockBytes);
  const page = blockToPage(block, geometry);
  return {
    ...{ atMs, kind, target: plan.target, run, pid: process.pid, command: process.command },
    ...{ address: pageToAddress(page, geometry), page },
  };
}

const whatWords = ({ action, targetOrder }: Step['proposal']) => `${action} to order ${targetOrder}`;

const startOf = ({ begin, plan }: DecidedRun): number => begin?.atMs ?? plan.madeAtMs;

function refusedEntries(run: DecidedRun): readonly Entry[] {
  const { plan } = run;
  const told = plan.refused.slice(0, MOST_REFUSED).map((one) => refusedEntry(run, one));
  const more = plan.refused.length - told.length;
  const rest = more > 0 ? [summaryEntry(run, `${plural(more, 'more proposal')} refused`, '')] : [];
  return [...told, ...rest, ...plan.passedOver.map((one) => passedEntry(run, one))];
}

function refusedEntry(run: DecidedRun, { proposal, code, why }: Refused): Entry {
  return {
    ...entryOn(run, 'refused', proposal, startOf(run)),
    ...{ what: whatWords(proposal), why: `${code}: ${why}`, outcome: 'left alone' },
    predictedBytes: proposal.gain.returnedBytes,
    returnedBytes: null,
  };
}

function passedEntry(run: DecidedRun, { blocks, code, why, process }: PassedOver): Entry {
  const { pid, command } = process;
  return { ...summaryEntry(run, `${plural(blocks, 'block')} passed over`, `${code}: ${why}`), pid, command };
}

function summaryEntry(run: DecidedRun, what: string, why: string): Entry {
  return {
    ...{ atMs: startOf(run), kind: 'refused', target: run.plan.target, run: run.run, pid: null, command: '' },
    ...{
      address: '',
      page: null,
      what,
      why,
      outcome: 'left alone',
      predictedBytes: null,
      returnedBytes: null,
    },
  };
}

function undoneEntries(run: DecidedRun): readonly Entry[] {
  const steps = new Map(run.plan.steps.map((step) => [step.id, step]));
  return run.records.flatMap((record) => {
    if (record.kind !== 'undone') return [];
    return record.verdicts.flatMap(({ step: id, why, by }) => {
      const step = steps.get(id);
      if (step === undefined) return [];
      return [
        {
          ...entryOn(run, 'undone', step.proposal, record.atMs),
          ...{ what: `${step.proposal.action} undone by ${by?.who ?? 'whom is not known'}`, why },
          outcome: 'undone-since',
          ...{ predictedBytes: null, returnedBytes: null },
        },
      ];
    });
  });
}
