/** The story of one block: how it is and why, what was tried, what came back, what it gained against what was predicted. */
import { readFeuds, readRegrets } from '../../cycle/aftermath.js';
import type { DamagedReading, JournalPlace } from '../../cycle/journal.js';
import {
  blockStory,
  cameBackOf,
  type Gains,
  gainsOf,
  type LeftAlone,
  type Tried,
} from '../../cycle/story.js';
import type { Host } from '../../host/host.js';
import { pausedBecause } from '../../planning/guard.js';
import { regretKey, shareOf } from '../../planning/regret.js';
import { type ExplainedBlock, explainPage } from '../../verification/explained-block.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { Verdict } from '../../vocabulary/plan.js';
import type { ProcessIdentity } from '../../vocabulary/process.js';
import {
  blockToPage,
  type PageGeometry,
  type PageNumber,
  pageToAddress,
  pageToBlock,
} from '../../vocabulary/units.js';
import type { OctavoContext } from '../context.js';
import { showTime } from '../history/show.js';
import { showExplained } from '../print/explained.js';
import { showDamaged } from '../print/journal.js';
import { showBytes } from '../print/units.js';
import { journalPlace } from '../turns.js';

interface Told {
  readonly pid: number;
  readonly address: string;
  /** Undefined when it cannot be looked at: `gone` says why. */
  readonly now: ExplainedBlock | undefined;
  readonly gone: string;
  readonly tried: readonly Tried[];
  readonly leftAlone: readonly LeftAlone[];
  readonly gains: Gains;
  readonly cameBackBytes: number | null;
  readonly origin: string;
  /** Why it is left alone at the moment. */
  readonly pauses: readonly string[];
}

/**
 * Prints the story of the block at a page. Throws BLOCK_UNKNOWN or BLOCK_AMBIGUOUS where not exactly one process has the
 * page.
 */
export function explainOneBlock(
  context: OctavoContext,
  page: PageNumber,
  pid: number | undefined,
  flags: { readonly state?: string; readonly json: boolean },
): void {
  const place = journalPlace(context, flags.state);
  const { told, damaged } = tellBlock(context, place, page, pid);
  for (const line of showDamaged(damaged)) context.remark(line);
  if (flags.json) context.printJson({ octavo: 'block-story', version: 1, ...told, now: told.now ?? null });
  else context.print(showBlock(context.host.identity.geometry, told).join('\n'));
}

/** All that is known of a block. Throws what `octavo explain` ends with. */
export function tellBlock(
  { host, signal }: Pick<OctavoContext, 'host' | 'signal'>,
  place: JournalPlace,
  page: PageNumber,
  pid: number | undefined,
): { readonly told: Told; readonly damaged: readonly DamagedReading[] } {
  const { geometry } = host.identity;
  const block = pageToBlock(page, geometry);
  const address = pageToAddress(blockToPage(block, geometry), geometry);
  const story = blockStory({ place, signal }, block, pid);
  const owner = pid ?? onlyOwner(story.tried, address);
  const { now, gone } = look(host, owner, page);
  const tried = story.tried.filter(({ step }) => isSame(step.proposal.process, owner, now?.process));
  if (now === undefined && tried.length + story.leftAlone.length === 0) throw gone;
  const told: Told = {
    ...{ pid: owner, address, now, gone: gone?.message ?? '', tried, leftAlone: story.leftAlone },
    gains: gainsOf(tried),
    cameBackBytes: (now && cameBackOf(tried, now.state, geometry.pageBytes)) ?? null,
    origin: now ? originOf(now, tried) : '',
    pauses: now ? pausesOf(host, place, now.process, block) : [],
  };
  return { told, damaged: story.damaged };
}

/** The process that an address alone must mean. Throws BLOCK_UNKNOWN or BLOCK_AMBIGUOUS. */
function onlyOwner(tried: readonly Tried[], address: string): number {
  const pids = [...new Set(tried.map(({ step }) => step.proposal.process.pid))];
  if (pids.length === 0) throw new OctavoError('BLOCK_UNKNOWN', { address });
  if (pids.length > 1) throw new OctavoError('BLOCK_AMBIGUOUS', { address, pids: pids.join(', ') });
  return pids[0];
}

/** A pid that another process has now is not the one that a run acted on. */
function isSame(process: ProcessIdentity, pid: number, now: ProcessIdentity | undefined): boolean {
  return process.pid === pid && (now === undefined || process.startTicks === now.startTicks);
}

function look(
  host: Host,
  pid: number,
  page: PageNumber,
):
  | { readonly now: ExplainedBlock; readonly gone?: undefined }
  | { readonly now?: undefined; readonly gone: OctavoError } {
  try {
    return { now: explainPage(host, pid, page) };
  } catch (problem) {
    if (!(problem instanceof OctavoError)) throw problem;
    return { gone: problem };
  }
}

/** Who made it what it is, as far as the journals tell. */
function originOf({ state }: ExplainedBlock, tried: readonly Tried[]): string {
  const last = tried.find(({ verdicts }) => verdicts.some(({ outcome }) => outcome !== 'not-met'));
  const verdict = last?.verdicts.at(-1);
  const isHuge = state.level === 'pmd';
  if (last === undefined || verdict === undefined)
    return isHuge
      ? 'A page fault or khugepaged made it huge: Octavo has not acted on it.'
      : 'Octavo has not acted on it.';
  if (verdict.outcome === 'undone-since')
    return `What Octavo did to it in run ${last.run} was undone: ${verdict.why}.`;
  const { action } = last.step.proposal;
  if ((action === 'collapse') === isHuge)
    return `Octavo made it so in run ${last.run}, by a ${action}: ${last.step.proposal.reason}.`;
  return `It is not as Octavo left it in run ${last.run} (${action}); the next run looks who did that.`;
}

function pausesOf(
  host: Host,
  place: Parameters<typeof readFeuds>[0],
  process: ProcessIdentity,
  block: number,
): readonly string[] {
  const nowMs = host.clock.wallMs();
  const fight = pausedBecause(readFeuds(place), process, block, nowMs);
  const regret = readRegrets(place).get(regretKey(process));
  const back =
    regret && regret.until > nowMs
      ? `${Math.round(100 * shareOf(regret))} % of what was returned in this process came back; no zero-filled block of it is split until ${showTime(regret.until)}`
      : undefined;
  return [fight, back].filter((why) => why !== undefined);
}

/** The story of a block as lines. */
export function showBlock(geometry: PageGeometry, told: Told): readonly string[] {
  const { now, gone, tried, leftAlone, pauses, address, pid, origin } = told;
  const head = now
    ? [`Process ${pid} (${now.process.command})`, ...showExplained(now, geometry), origin]
    : [`Block ${address} of process ${pid}, as it was: ${gone}`];
  return [
    ...head,
    '',
    tried.length === 0 ? 'Nothing was tried.' : 'What was tried, the newest first:',
    ...tried.flatMap(showTried),
    ...showGains(told),
    ...(leftAlone.length > 0 ? ['', 'What was left alone:'] : []),
    ...leftAlone.map(({ atMs, run, code, why }) => `${showTime(atMs)}  run ${run}: ${code}, ${why}`),
    ...pauses.map((why) => `Left alone for now: ${why}.`),
  ];
}

function showTried({ run, atMs, step, receipt, verdicts }: Tried): readonly string[] {
  const { action, targetOrder, policy, reason, gain } = step.proposal;
  const predicted = gain.returnedBytes === null ? 'unknown' : showBytes(gain.returnedBytes);
  return [
    `${showTime(atMs)}  run ${run}: ${action} to order ${targetOrder} by ${policy}: ${reason}`,
    `    predicted to give back ${predicted}; the kernel answered: ${receipt?.answer ?? 'nothing that is kept'}`,
    ...verdicts.map(showVerdict),
  ];
}

function showVerdict({ outcome, why, returnedBytes = null }: Verdict): string {
  const isGain = outcome !== 'undone-since' && returnedBytes !== null && returnedBytes !== 0;
  const gave = !isGain
    ? ''
    : returnedBytes > 0
      ? `, gave back ${showBytes(returnedBytes)}`
      : `, took ${showBytes(-returnedBytes)}`;
  return `    ${outcome}: ${why}${gave}`;
}

function showGains({ gains, cameBackBytes }: Told): readonly string[] {
  if (gains.steps === 0) return [];
  const back = cameBackBytes === null ? '' : `; ${showBytes(cameBackBytes)} of it is in use again`;
  return [
    `Altogether it was predicted to give back ${showBytes(gains.predictedBytes)} and gave ${showBytes(gains.returnedBytes)}${back}.`,
  ];
}
