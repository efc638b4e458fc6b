import { SERVICE_KINDS, type ServiceKind } from '../../services/service-id.js';
import { TOP_ORDERS, type TopOrder } from '../../top/frame.js';
import { command, LOOKS } from '../command.js';
import type { OctavoContext } from '../context.js';
import { countBetween, durationBetween } from '../parameters.js';
import { runtimeFlag, type StateFlags, stateFlags } from '../shared-flags.js';
import { feedOf } from '../top/feed.js';
import { followLines } from '../top/lines.js';
import { followScreen } from '../top/screen.js';
import { TopSession } from '../top/session.js';
import { journalPlace } from '../turns.js';

type Flags = StateFlags & {
  readonly by?: ServiceKind;
  readonly sort: TopOrder;
  readonly every: number;
  readonly budget: number;
  readonly frames?: number;
  readonly lines: boolean;
  readonly alone: boolean;
  readonly runtime?: string;
};

/** A look into one process may take as long of its lock as a survey of that time. */
const LOCK_NS_PER_BUDGET_MS = 5000;

/** `octavo top`: draws again and again until `q` or a signal. */
export const topCommand = command<Flags, []>(
  {
    brief: 'watch where huge pages waste memory, and what was done about it',
    effect: LOOKS,
    description: [
      'A view of all targets by bloat, by heat or by what came back, again and again; Enter opens a target: its processes,',
      'their mappings and blocks, and why a block is or is not huge. Shows what the agent of this host sees when one runs,',
      'else surveys by itself within --budget. Needs no colour and no more than 80 by 24; with --lines it speaks in lines,',
      'for screen readers and pipes: a number opens that row, b goes back, s ranks by something else, q ends. Changes nothing.',
    ].join('\n'),
    examples: [
      ['octavo top', 'what the agent sees, or surveys of its own'],
      ['octavo top --alone --by unit --every 30s', 'systemd units, without the agent'],
      ['octavo top --lines --frames 1', 'one look, line by line'],
    ],
  },
  {
    flags: {
      by: {
        kind: 'enum',
        values: SERVICE_KINDS,
        brief: 'In surveys of its own: a line for each of these; the closest name when absent',
        optional: true,
      },
      sort: { kind: 'enum', values: TOP_ORDERS, brief: 'What targets are ranked by', default: 'bloat' },
      every: {
        kind: 'parsed',
        parse: durationBetween(500, 3_600_000),
        brief: 'Time between two looks',
        default: '10s',
        placeholder: 'duration',
      },
      budget: {
        kind: 'parsed',
        parse: durationBetween(100, 60_000),
        brief:
          'Time that a survey of its own may take; a process’s mmap_lock is held for at most a 200th of it',
        default: '1s',
        placeholder: 'duration',
      },
      frames: {
        kind: 'parsed',
        parse: countBetween(1, 1e9),
        brief: 'End after so many looks; without a terminal after one',
        optional: true,
        placeholder: 'count',
      },
      lines: {
        kind: 'boolean',
        brief: 'A sentence a line, nothing drawn: for screen readers and pipes',
        default: false,
        withNegated: false,
      },
      alone: {
        kind: 'boolean',
        brief: 'Survey by itself although an agent runs',
        default: false,
        withNegated: false,
      },
      runtime: runtimeFlag,
      ...stateFlags,
    },
    positional: { kind: 'tuple', parameters: [] },
  },
  async function (flags) {
    const session = sessionOf(this, flags);
    const { terminal } = this.streams;
    const onScreen = terminal !== undefined && !flags.lines;
    const frames = flags.frames ?? (terminal === undefined ? 1 : Number.POSITIVE_INFINITY);
    const pace = { everyMs: flags.every, frames };
    if (onScreen) await followScreen(this, session, terminal, pace);
    else await followLines(this, session, pace);
  },
);

function sessionOf(context: OctavoContext, flags: Flags): TopSession {
  const place = journalPlace(context, flags.state);
  const { runtime, alone: isAlone, by, budget: budgetMs } = flags;
  const feed = feedOf(context, { place, runtime, isAlone, by, budgetMs });
  return new TopSession(context, feed, flags.sort, budgetMs * LOCK_NS_PER_BUDGET_MS);
}
