/** Where frames come from: the agent of this host when one runs, else surveys of one's own. */
import { readStatus, runtimeDirectory } from '../../agent/life/status.js';
import { readRegrets } from '../../cycle/aftermath.js';
import { type JournalPlace, listRuns } from '../../cycle/journal.js';
import { lookUp, RunIndex } from '../../cycle/run-index.js';
import { newestMoment, readSpans } from '../../history/read-history.js';
import type { ServiceKind } from '../../services/service-id.js';
import { policyTurn } from '../../survey/policy-turn.js';
import { survey } from '../../survey/survey.js';
import { frameOfAgent, frameOfSurvey, seenOf } from '../../top/feeds.js';
import type { Feed, TopDecision } from '../../top/frame.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { Milliseconds } from '../../vocabulary/units.js';
import type { OctavoContext } from '../context.js';
import { requestOf } from '../survey/request.js';

/** Where frames may come from. */
export interface FeedWishes {
  readonly place: JournalPlace;
  /** Runtime directory of the agent, where it is not the usual one. */
  readonly runtime: string | undefined;
  /** Surveys although an agent runs. */
  readonly isAlone: boolean;
  readonly by: ServiceKind | undefined;
  readonly budgetMs: Milliseconds;
}

/** How much of the history the heat of a target is taken over. */
const HEAT_MS = 300_000;
const SHOWN_RUNS = 50;

/** Returns a feed that asks the agent first, and surveys where no agent replies. */
export function feedOf(context: OctavoContext, wishes: FeedWishes): Feed {
  const runtime = wishes.runtime ?? runtimeDirectory(context.host);
  const surveys = surveyFeed(context, wishes);
  if (wishes.isAlone) return surveys;
  return {
    next: () => agentFrame(context, wishes.place, runtime) ?? surveys.next(),
  };
}

/** Undefined when no agent runs, or this user may not know. */
function agentFrame(context: OctavoContext, place: JournalPlace, runtime: string) {
  try {
    const { status, isRunning } = readStatus(context.host, runtime);
    if (!isRunning) return undefined;
    const newest = newestMoment(place);
    const since = newest && { by: 'lived' as const, ms: newest.now.livedMs - HEAT_MS };
    const spans = since
      ? readSpans(place, 'raw', { since, signal: context.signal, report: () => undefined })
      : [];
    return Promise.resolve(frameOfAgent(status, seenOf(spans)));
  } catch (problem) {
    if (problem instanceof OctavoError && ABSENT.has(problem.code)) return undefined;
    throw problem;
  }
}

const ABSENT: ReadonlySet<string> = new Set(['AGENT_ABSENT', 'PERMISSION']);

function surveyFeed(context: OctavoContext, { place, by, budgetMs }: FeedWishes): Feed {
  const { host, signal } = context;
  const progress = () => undefined;
  const request = requestOf({});
  return {
    async next() {
      const found = await survey({
        host,
        by,
        budgetMs,
        readBytes: Number.MAX_SAFE_INTEGER,
        judgeBlocks: policyTurn({ place, request, signal, progress }),
        signal,
        progress,
      });
      return frameOfSurvey({
        survey: found,
        lookedBack: [...readRegrets(place).values()],
        decisions: runsAsDecisions(place),
        atMs: host.clock.wallMs(),
      });
    },
  };
}

/** What was done on this host, by the journals, the newest first. */
function runsAsDecisions(place: JournalPlace): readonly TopDecision[] {
  const names = listRuns(place).slice(-SHOWN_RUNS);
  const index = RunIndex.read(place);
  return names.reverse().flatMap((run) => {
    const row = lookUp(place, index, run);
    if (row === undefined || 'damaged' in row) return [];
    const { atMs, target, policy, state, met, steps, undone } = row;
    const undoneSteps = Object.values(undone).reduce((sum, count) => sum + count, 0);
    const later = undoneSteps > 0 ? `, ${undoneSteps} undone since` : '';
    return [{ atMs, who: target, what: `${policy}: ${met} of ${steps} steps met, ${state}${later}` }];
  });
}
