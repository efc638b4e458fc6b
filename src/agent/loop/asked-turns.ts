/** What people asked of the agent, and what came of it: pauses of targets, and plans that wait for their turn. Bounded. */
import type { Host } from '../../host/host.js';
import type { Plan } from '../../vocabulary/plan.js';
import type { ProcessIdentity } from '../../vocabulary/process.js';
import type { Milliseconds } from '../../vocabulary/units.js';
import type { Letter, Unfit } from '../asking/letter.js';
import type { Target } from '../configuration/configuration.js';
import type { TargetLife } from '../life/target-life.js';
import type { AskedEnd } from '../turn/asked-turn.js';
import type { Events } from './events.js';

/** One request, for the status document. */
export interface AskedRow {
  readonly id: string;
  /** Wall time when it was taken. */
  readonly atMs: Milliseconds;
  readonly kind: Letter['ask']['kind'] | 'unfit';
  readonly target: string;
  readonly state: 'waiting' | 'done' | 'refused';
  readonly words: string;
  /** The run that did it; empty when there is none. */
  readonly run: string;
}

/** The agent, as far as requests need it. */
export interface AskedParts {
  readonly host: Host;
  readonly events: Events;
  target(name: string): Target | undefined;
  life(name: string): TargetLife;
  /** Whether a process is one of a target's. */
  has(target: string, process: ProcessIdentity): boolean;
  /** Carries a plan out as a turn of its target. */
  take(target: Target, plan: Plan): Promise<AskedEnd>;
  /** A target was paused: its own turn, if one goes on, is to end. */
  paused(target: string): void;
  /** Something is to be kept, told, or begun. */
  changed(): void;
}

const MOST_ROWS = 16;
/** Plans that wait; one more is refused. */
const MOST_WAITING = 4;

/** Takes requests, and carries plans out one at a time for each target. */
export class AskedTurns {
  readonly #parts: AskedParts;
  #waiting: Letter[] = [];
  #rows: AskedRow[] = [];
  /** Grows with every change of the rows. */
  revision = 0;

  constructor(parts: AskedParts) {
    this.#parts = parts;
  }

  /** The newest last. */
  get rows(): readonly AskedRow[] {
    return this.#rows;
  }

  /** Does it, keeps it for its turn, or refuses it with the reason. */
  take(letter: Letter): void {
    const { ask } = letter;
    const now = this.#now(ask);
    if (now !== undefined) {
      this.#end(letter, now);
      return;
    }
    this.#waiting.push(letter);
    this.#note({ ...rowOf(letter), state: 'waiting', words: 'waits for its turn', run: '' });
  }

  /** What comes of it at once; undefined where it has to wait for its turn. */
  #now(ask: Letter['ask']): AskedEnd | undefined {
    if (this.#parts.target(ask.target) === undefined) return refused(`there is no target ${ask.target}`);
    if (ask.kind !== 'apply') return this.#pause(ask.target, ask.kind === 'pause');
    return this.#waiting.length < MOST_WAITING ? undefined : refused(`${MOST_WAITING} others wait already`);
  }

  /** A file that was no request is told, so that who wrote it learns why. */
  unfit({ id, why }: Unfit): void {
    this.#note({ ...{ id, kind: 'unfit', target: '', state: 'refused', words: why, run: '' } });
    this.#parts.events.add('', `what somebody asked was refused: ${why}`);
  }

  /** The next that no turn keeps waiting; it waits no more. */
  next(busy: { has(target: string): boolean }): Letter | undefined {
    const at = this.#waiting.findIndex(({ ask }) => !busy.has(ask.target));
    return at < 0 ? undefined : this.#waiting.splice(at, 1)[0];
  }

  async carryOut(letter: Letter): Promise<void> {
    const { ask } = letter;
    if (ask.kind === 'apply') this.#end(letter, await this.#carriedOut(ask.target, ask.plan));
  }

  /** The configuration may have been read again since it was asked. The guards, hours and budgets of a target are for its own processes. */
  async #carriedOut(name: string, plan: Plan): Promise<AskedEnd> {
    const target = this.#parts.target(name);
    if (target === undefined) return refused(`there is no target ${name}`);
    const stranger = plan.processes.find((process) => !this.#parts.has(name, process));
    if (stranger !== undefined) return refused(`process ${stranger.pid} is not of target ${name}`);
    return this.#parts.take(target, plan);
  }

  #pause(name: string, isPaused: boolean): AskedEnd {
    const life = this.#parts.life(name);
    const isNew = (life.pausedSinceMs !== undefined) !== isPaused;
    if (isNew) life.pausedSinceMs = isPaused ? this.#parts.host.clock.wallMs() : undefined;
    if (isNew && isPaused) this.#parts.paused(name);
    const words = isPaused ? 'paused: it is observed only' : 'resumed: it may be acted on as configured';
    return { isDone: true, words: isNew ? words : `was so already; ${words}`, run: '' };
  }

  #end(letter: Letter, { isDone, words, run }: AskedEnd): void {
    this.#note({ ...rowOf(letter), state: isDone ? 'done' : 'refused', words, run });
    const what = isDone ? ASKED[letter.ask.kind] : `${ASKED[letter.ask.kind]}, refused`;
    this.#parts.events.add(letter.ask.target, `${what}: ${words}`);
  }

  #note(row: Omit<AskedRow, 'atMs'>): void {
    const atMs = this.#parts.host.clock.wallMs();
    this.#rows = [...this.#rows.filter(({ id }) => id !== row.id), { ...row, atMs }].slice(-MOST_ROWS);
    this.revision++;
    this.#parts.changed();
  }
}

const ASKED = {
  pause: 'somebody asked to pause it',
  resume: 'somebody asked to resume it',
  apply: 'somebody asked for a plan',
} as const;

const refused = (words: string): AskedEnd => ({ isDone: false, words, run: '' });

const rowOf = ({ id, ask }: Letter) => ({ id, kind: ask.kind, target: ask.target });
