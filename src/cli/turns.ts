/** What plan, run and undo share: a turn with the command's progress, state directory and plan files. */

import { dryRun } from '../actuators/dry-run.js';
import { type Acting, actuatorsOf, assembleTurn, type TurnRequest } from '../config/assemble.js';
import { lookBackUnderLock, readFeuds, readRegrets } from '../cycle/aftermath.js';
import { type Applied, applyPlan, runName } from '../cycle/apply-plan.js';
import { keepBeliefs, keepOutcome, readBeliefs } from '../cycle/belief-file.js';
import { readCosts } from '../cycle/cost-file.js';
import { type JournalPlace, parsePlan } from '../cycle/journal.js';
import { type PlannedTurn, planTurn } from '../cycle/plan-turn.js';
import { learnUndone } from '../cycle/policy-facts.js';
import { ERRORS, EXIT, type ExitName, OctavoError } from '../vocabulary/errors.js';
import type { Plan, Verdict } from '../vocabulary/plan.js';
import { addressToPage } from '../vocabulary/units.js';
import type { OctavoContext } from './context.js';
import { type KeepFlags, retentionOf } from './keep-flags.js';
import { accuracyNotes, showWork } from './print/costs.js';
import { damagedDocuments, showDamaged, showDropped, showFailure, undoneNotes } from './print/journal.js';
import { showVerdicts } from './print/plan.js';
import { cameBackNotes, returnedBytes, showSystemMemory } from './print/returned.js';
import { plural } from './print/units.js';

/** Returns where journals are: `--state`, or the host's own state directory. */
export function journalPlace(context: OctavoContext, state: string | undefined): JournalPlace {
  return { host: context.host, directory: state ?? context.host.identity.stateDirectory };
}

/** Observes, samples and plans. `acting` also looks back at earlier runs, which writes to their journals. */
export async function planNow(
  context: OctavoContext,
  place: JournalPlace,
  request: TurnRequest,
  acting: boolean,
): Promise<PlannedTurn> {
  const assembled = await assembleTurn(context.host, request);
  const aftermath = acting
    ? lookBackUnderLock(place, assembled.processes)
    : { feuds: readFeuds(place), regrets: readRegrets(place), undone: [], cameBack: [], damaged: [] };
  const costs = readCosts(place);
  const learned = assembled.policy.usesBeliefs === true ? readBeliefs(place) : undefined;
  const planned = await planTurn({
    host: context.host,
    id: `plan-${runName(context.host)}`,
    ...assembled,
    feuds: aftermath.feuds,
    regrets: aftermath.regrets,
    costs: costs.book,
    ...(learned === undefined ? {} : { beliefs: learned.beliefs }),
    notes: [
      ...(learned?.notes ?? []),
      ...undoneNotes(aftermath.undone),
      ...cameBackNotes(aftermath.cameBack),
      ...showDamaged(aftermath.damaged),
      ...costs.notes,
      ...accuracyNotes(costs.book.runs),
    ],
    signal: context.signal,
    progress: (what, done, total, unit) => context.progress.show(what, done, total, unit),
  });
  if (acting && learned !== undefined) {
    const undone = aftermath.undone.filter(({ by }) => by.who !== 'octavo').length;
    if (assembled.processes.length === 1) learnUndone(learned.beliefs, assembled.processes[0], undone);
    // With the plan already made, what could not be kept is told beside it.
    for (const note of keepBeliefs(place, learned.beliefs)) context.remark(note);
  }
  for (const address of [...request.split, ...request.collapse]) requireMapped(planned, address);
  return planned;
}

/** An address that the user named must lie in some mapping; a typing error is no empty plan. */
function requireMapped({ sizes }: PlannedTurn, address: string): void {
  const [one] = sizes;
  const page = addressToPage(address.split('-')[0], one.geometry);
  const mapped = one.mappings.some(({ start, end }) => page !== undefined && start <= page && page < end);
  if (!mapped) throw new OctavoError('ADDRESS_UNMAPPED', { address, pid: one.process.pid });
}

/** Writes a plan as JSON. Throws FILE_UNWRITABLE. */
export function writePlanFile(context: OctavoContext, path: string, plan: Plan): void {
  const written = context.host.files.writeFile(path, `${JSON.stringify(plan, undefined, 1)}\n`);
  if (!written.ok) throw new OctavoError('FILE_UNWRITABLE', { path, errno: written.error.errno });
}

/** Reads a plan from a file, or from standard input for `-`. */
export async function readPlanFile(context: OctavoContext, path: string): Promise<Plan> {
  if (path === '-') return parsePlan(await wholeInput(context), 'standard input');
  const text = context.host.files.readText(path);
  if (!text.ok) throw new OctavoError('FILE_UNREADABLE', { path, errno: text.error.errno });
  return parsePlan(text.value, path);
}

async function wholeInput({ streams }: OctavoContext): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const piece of streams.input) text += decoder.decode(piece, { stream: true });
  return text + decoder.decode();
}

/** Carries out a plan and tells its outcome; the exit code says whether all of it was met. */
export async function applyNow(
  context: OctavoContext,
  place: JournalPlace,
  plan: Plan,
  { json, acting, ...flags }: KeepFlags & { readonly json: boolean; readonly acting: Acting },
): Promise<Applied> {
  const applied = await applyPlan({
    place,
    plan,
    actuators: actuatorsOf(context.host, [], { ...acting, budgets: plan.budgets }),
    retention: retentionOf(flags),
    signal: context.signal,
    progress: (done, total, unit) => context.progress.show('acting', done, total, unit),
  });
  for (const note of keepOutcome(place, plan, applied.verdicts)) context.remark(note);
  if (json) context.printJson(outcomeDocument(plan, applied));
  else tellOutcome(context, plan, applied);
  context.endsWith(exitFor(applied));
  return applied;
}

/** The exact calls and writes of a plan, without making any. */
export async function describePlan(
  context: OctavoContext,
  plan: Plan,
  acting: Acting = {},
): Promise<readonly string[]> {
  const actuators = actuatorsOf(context.host, [], { ...acting, budgets: plan.budgets }).map(dryRun);
  return plan.steps.flatMap((step) => {
    const actuator = actuators.find(({ name }) => name === step.actuator);
    return actuator?.describe([step], step.proposal.process.pid) ?? [];
  });
}

function outcomeDocument(plan: Plan, applied: Applied) {
  const { run, how, why, receipts, verdicts, recovered, doneBefore, failure, closed, memory } = applied;
  return {
    octavo: 'run',
    version: 1,
    run: run || null,
    plan: plan.id,
    how,
    why,
    receipts,
    verdicts,
    notes: plan.notes,
    recovered,
    doneBefore,
    closed,
    ...(failure ? { failure: { code: failure.code, message: failure.message, advice: failure.advice } } : {}),
    damaged: damagedDocuments(applied.damaged),
    dropped: applied.dropped,
    memory,
  };
}

function tellOutcome(context: OctavoContext, plan: Plan, applied: Applied): void {
  for (const { run, verdicts } of applied.recovered) {
    context.print(
      `Run ${run} had been cut off; ${plural(verdicts.length, 'open step')} looked at again: ${outcomes(verdicts)}`,
    );
  }
  if (applied.doneBefore.length > 0) {
    context.print(
      `${plural(applied.doneBefore.length, 'step')} of this plan had been done by an earlier run and are left as they are`,
    );
  }
  if (applied.run === '') {
    context.print('Nothing to do.');
    return;
  }
  context.print(`Run ${applied.run}: ${applied.how}${applied.why ? ` (${applied.why})` : ''}`);
  context.print(showVerdicts(plan, applied.verdicts));
  const told = showSystemMemory(applied.memory, returnedBytes(applied.verdicts));
  if (applied.verdicts.length > 0 && told !== '') context.print(told);
  const work = showWork(plan, applied.receipts);
  if (work !== undefined) context.print(work);
  for (const line of showFailure(plan, applied)) context.print(line);
  for (const line of [...showDamaged(applied.damaged), ...showDropped(applied.dropped)]) context.print(line);
}

function outcomes(verdicts: readonly Verdict[]): string {
  const met = verdicts.filter(({ outcome }) => outcome === 'met').length;
  return verdicts.length === 0 ? 'nothing was open' : `${met} done, ${verdicts.length - met} not done`;
}

function exitFor({ how, verdicts, failure }: Applied): ExitName {
  if (failure) return ERRORS[failure.code].exit;
  if (how === 'interrupted') return 'interrupted';
  if (how === 'stopped') return 'refused';
  if (verdicts.length > 0 && verdicts.every(({ cause }) => cause === 'target-gone')) return 'noTarget';
  return verdicts.every(({ outcome }) => outcome === 'met') ? 'done' : 'notAllMet';
}

/** Exit codes that acting commands add to the usual ones, for their help. */
export const APPLY_EXITS: readonly (readonly [number, string])[] = [
  [EXIT.badInput, 'the plan cannot be read, or the journal cannot be written'],
  [EXIT.noTarget, 'the target has ended'],
  [EXIT.notPermitted, 'this user may not do that'],
  [EXIT.notAllMet, 'carried out, but not every verdict is met'],
  [EXIT.refused, 'stopped by a guard, or another Octavo holds the lock'],
  [EXIT.stale, 'the plan was made for another process or another boot'],
  [EXIT.interrupted, 'interrupted; the journal is complete'],
];
