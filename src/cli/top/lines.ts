/** The view in lines: each look is told from its first line to its last, and lines that are typed choose. */
import { throwIfStopped } from '../../vocabulary/stopping.js';
import type { OctavoContext } from '../context.js';
import { PLAIN } from '../print/terminal-text.js';
import { spokenList } from './list.js';
import type { TopSession } from './session.js';
import { actionsOf } from './view.js';
import { type Pace, Waker } from './wake.js';

/** A page of lines, for keys that move by pages. */
const PAGE = { columns: Number.POSITIVE_INFINITY, rows: 24 };

/** Prints each look as text until the frames are used up, `q` is read or the command is stopped. */
export async function followLines(context: OctavoContext, session: TopSession, pace: Pace): Promise<void> {
  const waker = new Waker(context);
  for (let frame = 0; frame < pace.frames && !session.hasEnded; frame++) {
    await session.refresh(PAGE);
    tell(context, session);
    if (frame + 1 < pace.frames) await linesUntil(context, session, waker, pace.everyMs);
  }
}

async function linesUntil(
  context: OctavoContext,
  session: TopSession,
  waker: Waker,
  everyMs: number,
): Promise<void> {
  const { clock } = context.host;
  const dueNs = clock.monotonicNs() + everyMs * 1e6;
  while (!session.hasEnded) {
    const leftMs = session.isHeld
      ? Number.POSITIVE_INFINITY
      : Math.max(0, (dueNs - clock.monotonicNs()) / 1e6);
    const woken = await waker.next(leftMs);
    throwIfStopped(context.signal);
    if (woken.by === 'time') return;
    if (woken.by !== 'typed') continue;
    for (const line of woken.text.split('\n')) if (line.trim() !== '') obey(session, line.trim());
    if (!session.hasEnded) tell(context, session);
  }
}

function obey(session: TopSession, line: string): void {
  if (/^\d{1,6}$/.test(line)) session.choose(Number(line), PAGE);
  else for (const action of actionsOf(line)) session.act(action, PAGE);
}

function tell(context: OctavoContext, session: TopSession): void {
  const style = context.streams.outStyle ?? PLAIN;
  const lines = spokenList(session.list(), style);
  context.print([...lines, session.problem].filter((line) => line !== '').join('\n'));
}
