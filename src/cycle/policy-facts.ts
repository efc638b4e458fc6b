/** What a policy is told beside heat and sizes: beliefs that the turn's samples were added to, the CPU, settings, memory. */
import type { Beliefs } from '../belief/beliefs.js';
import { withSteps, withWalks } from '../belief/ledger.js';
import type { TurnTime } from '../belief/process-belief.js';
import type { Host } from '../host/host.js';
import { type Regrets, regretKey } from '../planning/regret.js';
import type { PolicyFacts } from '../policies/policy.js';
import { translationOf } from '../vocabulary/cpu-translation.js';
import type { HotMap } from '../vocabulary/hot-map.js';
import type { Plan, Verdict } from '../vocabulary/plan.js';
import type { ProcessIdentity } from '../vocabulary/process.js';
import type { ThpSettings } from '../vocabulary/thp-settings.js';
import type { Translation } from '../vocabulary/translation.js';
import type { Milliseconds } from '../vocabulary/units.js';
import { memoryState } from './carry-out.js';

/** Ticks of startTicks in a second: USER_HZ, which is 100 on every architecture of Linux that has huge pages. */
const TICKS_PER_SECOND = 100;
/** Where it is not known how long samples were taken. */
const SOME_SECONDS = 1;

/** Facts that are the same for all processes of a turn. */
export interface HostFacts {
  readonly host: Host;
  readonly settings: ThpSettings;
  /** Known beforehand (a model's CPU); else by what the host says of its own. */
  readonly translation?: Translation | undefined;
}

/** Returns what a policy is told of the host: settings, translation costs of the CPU, free huge memory. */
export function hostFacts({ host, settings, translation }: HostFacts): PolicyFacts {
  const cpuinfo = translation === undefined ? host.files.readText('/proc/cpuinfo') : undefined;
  const { freeHugeBytes } = memoryState(host);
  return {
    settings,
    translation: translation ?? translationOf(cpuinfo?.ok ? cpuinfo.value : '', host.identity.geometry),
    ...(freeHugeBytes === undefined ? {} : { freeHugeBytes }),
  };
}

/** What a turn teaches about one process. */
export interface Lesson {
  readonly host: Host;
  readonly process: ProcessIdentity;
  readonly heat: HotMap | undefined;
  readonly regrets: Regrets | undefined;
}

/** Adds what a turn's samples tell of a process to its belief, and what came back of its returned memory. */
export function learn(beliefs: Beliefs, { host, process, heat, regrets }: Lesson): PolicyFacts['belief'] {
  const belief = beliefs.begin(process);
  belief.learn(heat, turnTime(host, process, belief.learnedAtMs, heat));
  const regret = regrets?.get(regretKey(process));
  if (regret !== undefined) {
    const { pageBytes } = beliefs.geometry;
    belief.returns = {
      returned: regret.returnedBytes / pageBytes,
      cameBack: regret.cameBackBytes / pageBytes,
      afterSeconds: Math.max(1, regret.afterMs / 1000),
    };
  }
  return belief;
}

/** How long the turn was, and how long it was sampled: the source's window, or since the last turn or the process's start. */
function turnTime(
  host: Host,
  process: ProcessIdentity,
  before: Milliseconds | undefined,
  heat: HotMap | undefined,
): TurnTime {
  const atMs = host.clock.wallMs();
  const sinceLast = before === undefined ? 0 : Math.max(0, atMs - before) / 1000;
  const windowNs = heat?.origins.find(({ tells }) => tells === 'heat')?.windowNs;
  const live = before === undefined ? secondsSinceStart(host, process) : sinceLast;
  return {
    elapsedSeconds: sinceLast,
    windowSeconds: windowNs === undefined ? live : windowNs / 1e9,
    atMs,
  };
}

function secondsSinceStart({ files }: Host, { startTicks }: ProcessIdentity): number {
  const text = files.readText('/proc/uptime');
  const seconds = text.ok ? Number.parseFloat(text.value) - startTicks / TICKS_PER_SECOND : Number.NaN;
  return seconds > 0 ? seconds : SOME_SECONDS;
}

/** Adds to the ledgers what steps were predicted to give back, and what they did. */
export function learnOutcome(beliefs: Beliefs, plan: Plan, verdicts: readonly Verdict[]): void {
  const byStep = new Map(verdicts.map((verdict) => [verdict.step, verdict]));
  for (const { id, proposal } of plan.steps) {
    const verdict = byStep.get(id);
    const belief = beliefs.of(proposal.process);
    const { expected } = proposal.gain;
    if (belief === undefined || verdict === undefined || expected === undefined) continue;
    if (proposal.action !== 'split' || verdict.outcome === 'not-met') continue;
    belief.ledger = withSteps(belief.ledger, {
      steps: 1,
      predictedBytes: expected.bytes,
      observedBytes: Math.max(0, verdict.returnedBytes ?? -verdict.residentDelta),
      undone: 0,
    });
  }
}

/** Adds splits that others took back since. */
export function learnUndone(beliefs: Beliefs, process: ProcessIdentity, undone: number): void {
  const belief = beliefs.of(process);
  if (belief === undefined || undone === 0) return;
  belief.ledger = { ...belief.ledger, undone: belief.ledger.undone + undone };
}

/** Adds walks that samples showed, against those that were believed. */
export function learnWalks(
  beliefs: Beliefs,
  process: ProcessIdentity,
  predicted: number,
  observed: number,
): void {
  const belief = beliefs.of(process);
  if (belief !== undefined) belief.ledger = withWalks(belief.ledger, predicted, observed);
}
