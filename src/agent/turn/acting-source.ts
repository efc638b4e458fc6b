/** A source that another process, or another part of this one, reads: what it finds is asked for. */
import type { Reading, Source, SourceAccount, SourceContext } from '../../sources/source.js';
import type { ActingSide } from '../hands/acting-side.js';
import { LOOKS, type Look, type Looked } from '../hands/protocol.js';
import { granted } from './granted.js';
import type { TurnWatch } from './hands.js';

/** What a source of accesses watches in one turn. */
const WINDOW_MS = 5000;

export class ActingSource implements Source {
  readonly name: string;
  readonly origin: Source['origin'];
  readonly #acting: ActingSide;
  readonly #watch: TurnWatch;
  #looked: Looked | undefined;

  /** `own`: the same source as it would be here, for its name and what its samples are. */
  constructor(own: Source, acting: ActingSide, watch: TurnWatch) {
    this.name = own.name;
    this.origin = own.origin;
    this.#acting = acting;
    this.#watch = watch;
  }

  async *read({ processes, signal }: SourceContext): AsyncGenerator<Reading> {
    const look = this.name as Look;
    const request = {
      look,
      processes: processes.map(({ process: { pid, startTicks } }) => ({ pid, startTicks })),
      windowMs: WINDOW_MS,
    };
    const readings: Reading[] = [];
    const take = (reading: Reading) => void readings.push(kept(reading));
    this.#looked = await granted(this.#watch, () => this.#acting.sample(request, take, signal));
    yield* readings;
  }

  account(): SourceAccount {
    return this.#looked?.account ?? { losses: {}, bytesRead: 0, notes: [] };
  }
}

/** Whether the acting side can be asked for what a source tells. */
export function isLook(name: string): name is Look {
  return (LOOKS as readonly string[]).includes(name);
}

/** Content is told in a buffer that the next one takes. */
function kept(reading: Reading): Reading {
  if (reading.kind !== 'content') return reading;
  return { ...reading, content: { ...reading.content, filled: reading.content.filled.slice() } };
}
