/**
 * A later look at what earlier runs split: a block that is huge again on other frames was collapsed by the kernel.
 * Such blocks are reported and left alone for a while (planning/guard.ts).
 */
import * as z from 'zod';
import type { Host } from '../host/host.js';
import { type Feud, type Feuds, feudKey, withRecollapse } from '../planning/guard.js';
import { BlockObserver } from '../verification/block-observer.js';
import { identityOf } from '../verification/observe.js';
import { OctavoError } from '../vocabulary/errors.js';
import type { BlockState } from '../vocabulary/page-sizes.js';
import type { Step, Verdict } from '../vocabulary/plan.js';
import type { ProcessIdentity } from '../vocabulary/process.js';
import { type JournalPlace, listRuns, openJournal, type ReadRun, readRun } from './journal.js';
import { lastVerdicts, runState } from './recovery.js';
import { lockState } from './state-lock.js';

/** Runs looked back at; older ones have had their say. */
const RUNS_LOOKED_AT = 20;

const FeudsSchema = z.object({
  octavo: z.literal('feuds'),
  version: z.literal(1),
  feuds: z.array(
    z.object({ pid: z.int(), startTicks: z.int(), block: z.int(), recollapses: z.int(), until: z.number() }),
  ),
});

export interface Aftermath {
  readonly feuds: Feuds;
  /** Splits that the kernel undid since the last look. */
  readonly undone: readonly Verdict[];
}

/** The feuds as they were kept, without looking at any memory. */
export function readFeuds({ host, directory }: JournalPlace): Feuds {
  const text = host.files.readText(`${directory}/feuds.json`);
  if (!text.ok) return new Map();
  const parsed = FeudsSchema.safeParse(JSON.parse(text.value));
  if (!parsed.success) return new Map();
  return new Map(parsed.data.feuds.map((feud) => [feudKey(feud, feud.block), feud]));
}

/** The same for a turn that is about to act, under the state lock, since it writes to journals. */
export function lookBackUnderLock(place: JournalPlace, processes: readonly ProcessIdentity[]): Aftermath {
  const lock = lockState(place);
  try {
    return lookBack(place, processes);
  } finally {
    lock.release();
  }
}

/** Looks again at the splits of recent runs, keeps the feuds and notes in the journals what was undone. */
export function lookBack(place: JournalPlace, processes: readonly ProcessIdentity[]): Aftermath {
  let feuds = readFeuds(place);
  const undone: Verdict[] = [];
  for (const name of listRuns(place).slice(-RUNS_LOOKED_AT)) {
    const run = readRun(place, name);
    if (!run || runState(place.host, run) === 'active') continue;
    const found = processes.flatMap((process) => undoneOf(place.host, run, process));
    if (found.length === 0) continue;
    note(place, run, found);
    for (const { verdict, process } of found) {
      feuds = withRecollapse(feuds, process, verdict.after.block, place.host.clock.wallMs());
      undone.push(verdict);
    }
  }
  if (undone.length > 0) keepFeuds(place, feuds);
  return { feuds, undone };
}

function undoneOf(
  host: Host,
  run: ReadRun,
  process: ProcessIdentity,
): { verdict: Verdict; process: ProcessIdentity }[] {
  if (run.plan.bootId !== host.identity.bootId) return [];
  const verdicts = lastVerdicts(run);
  const splits = run.plan.steps.filter(
    (step) =>
      step.proposal.action === 'split' &&
      step.proposal.process.pid === process.pid &&
      step.proposal.process.startTicks === process.startTicks &&
      verdicts.get(step.id)?.outcome === 'met',
  );
  if (splits.length === 0) return [];
  const now = new BlockObserver(host, process.pid).look(splits.map((step) => step.proposal.block));
  return splits.flatMap((step, index) => {
    const verdict = undoneVerdict(step, verdicts.get(step.id)!, now[index], host.identity.geometry.pageBytes);
    return verdict ? [{ verdict, process }] : [];
  });
}

/** Huge again, and on another frame: a collapse always copies to a new folio. */
function undoneVerdict(step: Step, then: Verdict, now: BlockState, pageBytes: number): Verdict | undefined {
  if (now.level !== 'pmd') return undefined;
  return {
    step: step.id,
    outcome: 'undone-since',
    cause: 'recollapsed',
    why: 'the kernel (khugepaged) or the process itself collapsed it again after the split',
    before: then.after,
    after: now,
    residentDelta: (now.present - then.after.present) * pageBytes,
  };
}

function note(place: JournalPlace, run: ReadRun, found: readonly { verdict: Verdict }[]): void {
  const writer = openJournal(place, run.run, run.records.length);
  writer.write({
    kind: 'undone',
    verdicts: found.map(({ verdict }) => verdict),
    atMs: place.host.clock.wallMs(),
  });
  writer.close();
}

/** Feuds of processes that are gone mean nothing any more. */
function keepFeuds({ host, directory }: JournalPlace, feuds: Feuds): void {
  const alive = [...feuds.values()].filter((feud) => isAlive(host, feud));
  const text = JSON.stringify({ octavo: 'feuds', version: 1, feuds: alive });
  const path = `${directory}/feuds.json`;
  const written = host.files.writeFile(path, text);
  if (!written.ok) throw new OctavoError('FILE_UNWRITABLE', { path, errno: written.error.errno });
}

function isAlive(host: Host, feud: Feud): boolean {
  try {
    return identityOf(host, feud.pid).startTicks === feud.startTicks;
  } catch {
    return false;
  }
}
