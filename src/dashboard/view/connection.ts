/** How the page stands to its server, and what it says of that. Pure. */
import { showDuration } from '../../vocabulary/show.js';
import type { Milliseconds } from '../../vocabulary/units.js';
import type { Overview } from '../wire/overview.js';

/** `locked`: the server does not know this browser any more. */
export type Standing = 'opening' | 'live' | 'lost' | 'locked';

/** How the page stands, and since when. */
export interface Connection {
  readonly standing: Standing;
  /** Since when, by the browser's clock. */
  readonly sinceMs: Milliseconds;
}

/** What the page says of that. */
export interface Told {
  readonly tone: 'good' | 'warn' | 'bad' | 'plain';
  /** A word or two, for the head of the page. */
  readonly short: string;
  /** One sentence; empty when there is nothing to say. */
  readonly long: string;
}

/** Waits between attempts to connect again: soon at first, then twice as long each time. */
export function waitBefore(attempt: number): Milliseconds {
  return Math.min(15_000, 500 * 2 ** Math.max(0, attempt));
}

/** What the page says at `nowMs`, by the browser’s clock. */
export function toldOf(
  { standing, sinceMs }: Connection,
  overview: Overview | undefined,
  nowMs: Milliseconds,
): Told {
  if (standing === 'opening') return { tone: 'plain', short: 'connecting', long: '' };
  if (standing === 'locked')
    return {
      tone: 'bad',
      short: 'locked',
      long: 'This browser has no valid token: open the address that octavo dashboard printed.',
    };
  if (standing === 'lost') {
    const long = `No connection for ${showDuration(Math.floor((nowMs - sinceMs) / 1000) * 1000)}. What you see is as it was before; the page connects again by itself.`;
    return { tone: 'bad', short: 'stale', long };
  }
  return overview === undefined ? { tone: 'plain', short: 'connecting', long: '' } : toldOfSubject(overview);
}

function toldOfSubject({ subject }: Overview): Told {
  const long = subject.troubles.join(' ');
  if (!subject.isLive) return { tone: 'plain', short: 'recorded', long };
  if (subject.state === 'running') return { tone: long === '' ? 'good' : 'warn', short: 'live', long };
  if (subject.state === 'reading') return { tone: 'plain', short: 'reading', long };
  const absent =
    subject.state === 'absent'
      ? 'No agent runs on this host.'
      : 'The agent has ended; what you see is what it last told.';
  return {
    tone: 'warn',
    short: subject.state === 'absent' ? 'no agent' : 'agent ended',
    long: long === '' ? absent : long,
  };
}
