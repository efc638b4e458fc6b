/** The last of what happened, for the status document and one listener; bounded. */
import type { Host } from '../../host/host.js';
import type { Milliseconds } from '../../vocabulary/units.js';

/** One thing that happened, in a sentence. */
export interface AgentEvent {
  /** Wall time. */
  readonly atMs: Milliseconds;
  /** Empty for what concerns the agent itself. */
  readonly target: string;
  readonly text: string;
}

const KEPT = 64;
const LONGEST = 400;

/** Keeps the latest events and tells each to one listener. */
export class Events {
  readonly #host: Host;
  readonly #tell: (event: AgentEvent) => void;
  #last: AgentEvent[] = [];

  constructor(host: Host, tell: (event: AgentEvent) => void = () => undefined) {
    this.#host = host;
    this.#tell = tell;
  }

  get last(): readonly AgentEvent[] {
    return this.#last;
  }

  add(target: string, text: string): void {
    const event = { atMs: this.#host.clock.wallMs(), target, text: text.slice(0, LONGEST) };
    this.#last = [...this.#last, event].slice(-KEPT);
    this.#tell(event);
  }
}
