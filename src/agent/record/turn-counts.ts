/** Turns since the agent started, for its metrics. */
import type { AgentReading } from '../../metrics/agent-reading.js';
import type { TurnRecord } from '../turn/turn-record.js';

type Facts = Pick<AgentReading, 'turns' | 'turnsFailed' | 'lastTurnAtMs' | 'lastTurnMs'>;

/** Counts turns and failures, and keeps when the latest turn ended and how long it took. */
export class TurnCounts {
  #facts: Facts = { turns: 0, turnsFailed: 0, lastTurnAtMs: null, lastTurnMs: null };

  get facts(): Facts {
    return this.#facts;
  }

  add({ end, atMs, tookMs }: TurnRecord): void {
    const { turns, turnsFailed } = this.#facts;
    this.#facts = {
      turns: turns + 1,
      turnsFailed: turnsFailed + (end === 'failed' ? 1 : 0),
      ...{ lastTurnAtMs: atMs, lastTurnMs: tookMs },
    };
  }
}
