/** A source that another process, or another part of this one, reads: what it finds is asked for. */
import type { Reading, Source, SourceAccount, SourceContext } from '../../sources/source.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { BlockNumber, ProcessId } from '../../vocabulary/units.js';
import type { ActingSide } from '../hands/acting-side.js';
import { LOOKS, type Look, type Looked } from '../hands/protocol.js';
import { granted } from './granted.js';
import type { TurnWatch } from './hands.js';

/** What a source of accesses watches in one turn. */
const WINDOW_MS = 5000;

/** Bounds of a look, and what happens when it fails. */
export interface ActingSourceOptions {
  /** Blocks that are read, by process; all when undefined. */
  readonly only?: ReadonlyMap<ProcessId, ReadonlySet<BlockNumber>> | undefined;
  /** Is told why the look could not be taken, where a turn can do without it; otherwise that is the turn's failure. */
  readonly failed?: (why: string) => void;
}

/** A source whose samples the acting side reads and sends over, page by page. */
export class ActingSource implements Source {
  readonly name: string;
  readonly origin: Source['origin'];
  readonly #acting: ActingSide;
  readonly #watch: TurnWatch;
  readonly #only: ReadonlyMap<ProcessId, ReadonlySet<BlockNumber>> | undefined;
  readonly #failed: ActingSourceOptions['failed'];
  readonly #notes: string[] = [];
  #looked: Looked | undefined;

  /** `own`: the same source as it would be here, for its name and what its samples are. */
  constructor(
    own: Pick<Source, 'name' | 'origin'>,
    acting: ActingSide,
    watch: TurnWatch,
    { only, failed }: ActingSourceOptions = {},
  ) {
    this.name = own.name;
    this.origin = own.origin;
    this.#acting = acting;
    this.#watch = watch;
    this.#only = only;
    this.#failed = failed;
  }

  /** What was looked at, once it was. */
  get looked(): Looked | undefined {
    return this.#looked;
  }

  origins(): readonly Source['origin'][] {
    const told = this.#looked?.origins ?? [];
    return told.length > 0 ? told : [this.origin];
  }

  async *read({ processes, signal }: SourceContext): AsyncGenerator<Reading> {
    const look = this.name as Look;
    const request = {
      look,
      processes: processes.map(({ process: { pid, startTicks } }) => ({ pid, startTicks })),
      windowMs: WINDOW_MS,
      ...(this.#only && { only: [...this.#only].map(([pid, blocks]) => ({ pid, blocks: [...blocks] })) }),
    };
    const readings: Reading[] = [];
    const take = (reading: Reading) => void readings.push(kept(reading));
    try {
      this.#looked = await granted(this.#watch, () => this.#acting.sample(request, take, signal));
    } catch (problem) {
      this.#bear(problem);
    }
    yield* readings;
  }

  /** Where one look is as good as another, one that is refused is told, and the turn goes on without it. */
  #bear(problem: unknown): void {
    const isDenied = problem instanceof OctavoError && problem.code === 'HANDS_DENIED';
    if (!isDenied || this.#failed === undefined) throw problem;
    const why = String(problem.facts.why);
    if (problem.facts.denial === 'failed') this.#failed(why);
    this.#notes.push(`${this.name}: ${why}`);
  }

  account(): SourceAccount {
    return this.#looked?.account ?? { losses: {}, bytesRead: 0, notes: this.#notes };
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
