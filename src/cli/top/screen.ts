/** The view on a terminal: drawn line by line where something changed, so that it is bearable over slow lines. */
import { throwIfStopped } from '../../vocabulary/stopping.js';
import type { OctavoContext, Terminal } from '../context.js';
import { PLAIN } from '../print/terminal-text.js';
import { drawList, type ScreenSize } from './list.js';
import type { TopSession } from './session.js';
import { actionsOf } from './view.js';
import { type Pace, Waker } from './wake.js';

/** A key while nothing is shown yet waits for this long at most. */
const HELD_MS = Number.POSITIVE_INFINITY;

/** Draws frames on a terminal until `q` or a stop, and always gives the screen back as it was. */
export async function followScreen(
  context: OctavoContext,
  session: TopSession,
  terminal: Terminal,
  pace: Pace,
): Promise<void> {
  const screen = new Screen(context, terminal);
  const waker = new Waker(context);
  terminal.take();
  try {
    for (let frame = 0; frame < pace.frames && !session.hasEnded; frame++) {
      screen.draw(session);
      await session.refresh(terminal.size());
      screen.draw(session);
      if (frame + 1 < pace.frames)
        await keysUntil(context, { session, screen, waker, terminal }, pace.everyMs);
    }
  } finally {
    terminal.release();
  }
}

interface Parts {
  readonly session: TopSession;
  readonly screen: Screen;
  readonly waker: Waker;
  readonly terminal: Terminal;
}

/** Does what keys say until the next look is due, or asked for. */
async function keysUntil(context: OctavoContext, parts: Parts, everyMs: number): Promise<void> {
  const { session, screen, waker, terminal } = parts;
  const { clock } = context.host;
  const dueNs = clock.monotonicNs() + everyMs * 1e6;
  terminal.onResize(() => screen.draw(session));
  while (!session.hasEnded) {
    const leftMs = session.isHeld ? HELD_MS : Math.max(0, (dueNs - clock.monotonicNs()) / 1e6);
    const woken = await waker.next(leftMs);
    throwIfStopped(context.signal);
    if (woken.by === 'time') return;
    if (woken.by === 'end of input') continue;
    const actions = woken.by === 'typed' ? actionsOf(woken.text) : [];
    for (const action of actions) session.act(action, terminal.size());
    screen.draw(session);
    if (actions.some(({ does }) => does === 'again')) return;
  }
}

class Screen {
  readonly #context: OctavoContext;
  readonly #terminal: Terminal;
  #shown: readonly string[] = [];
  #size: ScreenSize = { columns: 0, rows: 0 };

  constructor(context: OctavoContext, terminal: Terminal) {
    this.#context = context;
    this.#terminal = terminal;
  }

  draw(session: TopSession): void {
    const { out, outStyle } = this.#context.streams;
    const size = this.#terminal.size();
    const isNew = size.columns !== this.#size.columns || size.rows !== this.#size.rows;
    const lines = drawList(session.list(), session.cursor, session.keys, size, outStyle ?? PLAIN);
    const changed = lines.flatMap((line, at) =>
      isNew || line !== this.#shown[at] ? [`\x1b[${at + 1};1H${line}\x1b[K`] : [],
    );
    if (changed.length > 0 || isNew) out.write(`${isNew ? '\x1b[2J' : ''}${changed.join('')}`);
    this.#shown = lines;
    this.#size = size;
  }
}
