/** The story of a target: why its memory is not huge, what was tried on it, what came back, gained against predicted. */
import { resolveTarget } from '../../config/targets.js';
import { readFeuds, readRegrets } from '../../cycle/aftermath.js';
import type { JournalPlace, ReadRun } from '../../cycle/journal.js';
import { type Gains, gainsOf, type RunsStory, recentRuns, runsStory } from '../../cycle/story.js';
import { newestMoment, readSpans } from '../../history/read-history.js';
import { addSpans, type Span, type TargetSpan } from '../../history/span.js';
import { censusTotals } from '../../verification/census.js';
import { type NotHuge, notHuge } from '../../verification/not-huge.js';
import { observe } from '../../verification/observe.js';
import { readThpSettings } from '../../verification/read-thp-settings.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { ProcessIdentity } from '../../vocabulary/process.js';
import { blockToPage, pageToAddress } from '../../vocabulary/units.js';
import type { OctavoContext } from '../context.js';
import { showTime, showValue } from '../history/show.js';
import { showDamaged } from '../print/journal.js';
import { plural, showBytes } from '../print/units.js';
import { journalPlace } from '../turns.js';

/** Processes that are looked at one by one, and steps that are told. */
const MOST_PROCESSES = 5;
const MOST_STEPS = 5;
const DAY_MS = 86_400_000;

interface LookedAt {
  readonly process: ProcessIdentity;
  readonly residentBytes: number;
  readonly hugeBytes: number;
  readonly notHuge: readonly NotHuge[];
}

interface Told {
  readonly target: string;
  readonly processes: readonly LookedAt[];
  /** Of all processes, also those that were not looked at. */
  readonly count: number;
  readonly story: RunsStory;
  readonly gains: Gains;
  readonly cameBackBytes: number;
  readonly fights: number;
  readonly lastDay: TargetSpan | undefined;
}

/** Prints the story of a target: its census by reason, its latest runs, predicted and observed bytes. */
export function explainTarget(
  context: OctavoContext,
  target: string,
  flags: { readonly state?: string; readonly json: boolean },
): void {
  const place = journalPlace(context, flags.state);
  const { processes, problem } = resolved(context, target);
  const runs = recentRuns({ place, signal: context.signal }, (index, run) => {
    const row = index.row(run);
    const isNamed = row !== undefined && !('damaged' in row) && row.target === target;
    return row === undefined || isNamed || processes.some(({ pid }) => index.mayConcern(run, pid));
  });
  const meant = runs.runs.filter((run) => run.plan.target === target || concerns(run, processes));
  const lastDay = lastDayOf(context, place, target);
  if (processes.length === 0 && meant.length === 0 && lastDay === undefined)
    throw problem?.code === 'TARGET_NOT_FOUND' ? new OctavoError('SUBJECT_UNKNOWN', { target }) : problem;
  const story = runsStory(meant, (process) => processes.length === 0 || isAmong(processes, process));
  const nowMs = context.host.clock.wallMs();
  const regrets = [...readRegrets(place).values()].filter((regret) => isAmong(processes, regret));
  const feuds = [...readFeuds(place).values()].filter(
    (feud) => feud.until > nowMs && isAmong(processes, feud),
  );
  const told: Told = {
    ...{ target, count: processes.length, story, lastDay },
    processes: processes.slice(0, MOST_PROCESSES).flatMap((process) => look(context, process)),
    gains: gainsOf(story.tried),
    cameBackBytes: regrets.reduce((sum, { cameBackBytes }) => sum + cameBackBytes, 0),
    fights: feuds.length,
  };
  for (const line of showDamaged(runs.damaged)) context.remark(line);
  if (flags.json) context.printJson(documentOf(told));
  else context.print(showTarget(context, told).join('\n'));
}

/** Processes of the target that live; none is no failure, since a target may be a name of the history. */
function resolved({ host }: OctavoContext, target: string) {
  try {
    return { processes: resolveTarget(host, target, { init: 'any' }), problem: undefined };
  } catch (problem) {
    if (!(problem instanceof OctavoError)) throw problem;
    return { processes: [], problem };
  }
}

function concerns({ plan }: ReadRun, processes: readonly ProcessIdentity[]): boolean {
  return plan.processes.some((process) => isAmong(processes, process));
}

function isAmong(
  processes: readonly ProcessIdentity[],
  { pid, startTicks }: { readonly pid: number; readonly startTicks: number },
): boolean {
  return processes.some((process) => process.pid === pid && process.startTicks === startTicks);
}

function look({ host }: OctavoContext, process: ProcessIdentity): readonly LookedAt[] {
  try {
    const { sizes } = observe(host, process.pid);
    const { residentBytes, pmdMappedBytes: hugeBytes } = censusTotals(sizes);
    const reasons = notHuge(sizes, readThpSettings(host));
    return [{ process, residentBytes, hugeBytes, notHuge: reasons }];
  } catch (problem) {
    if (problem instanceof OctavoError) return [];
    throw problem;
  }
}

function lastDayOf(context: OctavoContext, place: JournalPlace, target: string): TargetSpan | undefined {
  const newest = newestMoment(place);
  if (newest === undefined) return undefined;
  const since = { by: 'lived', ms: newest.now.livedMs - DAY_MS } as const;
  const query = { since, signal: context.signal, report: () => undefined };
  let total: Span | undefined;
  for (const span of readSpans(place, '5m', query)) {
    const targets = span.targets.filter((one) => one.target === target);
    if (targets.length > 0) total = total ? addSpans(total, { ...span, targets }) : { ...span, targets };
  }
  return total?.targets[0];
}

function documentOf({ story, lastDay, ...told }: Told) {
  return {
    octavo: 'target-story',
    version: 1,
    ...told,
    runs: story.runs.map(({ run, plan }) => ({ run, policy: plan.policy, steps: plan.steps.length })),
    tried: story.tried.map(({ step, verdicts, ...rest }) => ({
      ...rest,
      proposal: step.proposal,
      verdicts,
    })),
    refusals: story.refusals,
    lastDay: lastDay ?? null,
  };
}

function showTarget(context: OctavoContext, told: Told): readonly string[] {
  const { target, processes, count, story, fights } = told;
  const more = count > processes.length ? [`(${count - processes.length} more processes)`] : [];
  return [
    count === 0 ? `${target}: no process of it lives` : `${target}: ${plural(count, 'process', 'processes')}`,
    ...processes.flatMap((one) => showProcess(context, one)),
    ...more,
    '',
    ...showRuns(story),
    ...showGains(told),
    ...(fights > 0
      ? [`${plural(fights, 'block')} left alone for now, since others make them huge again.`]
      : []),
    ...(story.refusals.length > 0 ? ['', 'What the newest run left alone:'] : []),
    ...story.refusals.map(({ code, blocks, why }) => `${plural(blocks, 'block')}  ${code}: ${why}`),
    ...showLastDay(told),
  ];
}

function showProcess(
  { host }: OctavoContext,
  { process, residentBytes, hugeBytes, notHuge: groups }: LookedAt,
): readonly string[] {
  const { geometry } = host.identity;
  const address = (block: number) => pageToAddress(blockToPage(block, geometry), geometry);
  return [
    `Process ${process.pid} (${process.command}): ${showBytes(residentBytes)} resident, ${showBytes(hugeBytes)} of it huge`,
    ...groups.map(
      ({ blocks, residentBytes: bytes, why, example }) =>
        `    ${plural(blocks, 'block')} not huge (${showBytes(bytes)}): ${why}; such as ${process.pid}:${address(example)}`,
    ),
  ];
}

function showRuns({ runs, tried }: RunsStory): readonly string[] {
  if (runs.length === 0) return ['No run that is kept is of it.'];
  const outcomes = new Map<string, number>();
  for (const { verdicts } of tried) {
    const outcome = verdicts.at(-1)?.outcome ?? 'without a verdict';
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  const parts = [...outcomes].map(([outcome, count]) => `${count} ${outcome}`).join(', ');
  const newest = tried.slice(0, MOST_STEPS).map(({ atMs, step, verdicts }) => {
    const { action, process, reason } = step.proposal;
    return `    ${showTime(atMs)}  ${action} in ${process.pid}: ${reason}; ${verdicts.at(-1)?.why ?? 'no verdict'}`;
  });
  return [
    `${plural(runs.length, 'run')} tried ${plural(tried.length, 'step')}${parts === '' ? '' : `: ${parts}`}`,
    ...newest,
  ];
}

function showGains({ gains, cameBackBytes }: Told): readonly string[] {
  if (gains.steps === 0) return [];
  return [
    `They were predicted to give back ${showBytes(gains.predictedBytes)} and gave ${showBytes(gains.returnedBytes)}; ${showBytes(cameBackBytes)} of what was returned was in use again at the last look.`,
  ];
}

function showLastDay({ lastDay }: Told): readonly string[] {
  if (lastDay === undefined) return [];
  const { state, policy, turns, values, notes } = lastDay;
  const value = (field: 'hugeBytes' | 'predictedBytes' | 'returnedBytes' | 'cameBackBytes' | 'refused') =>
    showValue(field, values[field]);
  return [
    '',
    `The last day (${plural(turns, 'turn')}, policy ${policy}, at worst ${state}): huge ${value('hugeBytes')}, predicted ${value('predictedBytes')}, returned ${value('returnedBytes')}, came back ${value('cameBackBytes')}, refused ${value('refused')}`,
    ...notes.map((note) => `    ${note}`),
  ];
}
