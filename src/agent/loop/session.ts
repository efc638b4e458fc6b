/** An agent on a host: alone there, with its status where others find it, and a configuration that can be read again. */
import type { Host } from '../../host/host.js';
import { type HeldLock, takeLock } from '../../host/lock-file.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { Milliseconds } from '../../vocabulary/units.js';
import type { Configuration } from '../configuration/configuration.js';
import { loadConfiguration } from '../configuration/read.js';
import { runtimeDirectory, type Status, writeStatus } from '../life/status.js';
import { Agent } from './agent.js';
import type { AgentEvent } from './events.js';
import type { Hands } from './hands.js';
import { statusOf } from './status-document.js';
import type { TurnResult } from './target-turn.js';
import type { TurnRecord } from './turn-record.js';

export interface SessionParts {
  readonly host: Host;
  /** File of the configuration. */
  readonly file: string;
  readonly signal: AbortSignal;
  /** Directory of what is kept here, where it is not the configuration's to say. */
  readonly state?: string;
  /** Hands for a state directory. */
  makeHands(state: string): Hands;
  onTurn?(record: TurnRecord): void;
  onEvent?(event: AgentEvent): void;
}

const STATUS_EVERY: Milliseconds = 5000;

export class Session {
  readonly agent: Agent;
  readonly #parts: SessionParts;
  readonly #hands: Hands;
  readonly #locks: readonly HeldLock[];
  readonly #runtime: string;
  readonly #startedMs: Milliseconds;
  #loadedMs: Milliseconds;
  #problem = '';
  #reload = false;

  /** Throws CONFIGURATION_INVALID, AGENT_RUNNING, FILE_UNREADABLE or FILE_UNWRITABLE. */
  constructor(parts: SessionParts) {
    const { host, file, signal } = parts;
    const configuration = loadConfiguration(host, file);
    const state = parts.state ?? configuration.state ?? host.identity.stateDirectory;
    this.#parts = parts;
    this.#runtime = configuration.runtime ?? runtimeDirectory(host);
    this.#locks = lockBoth(host, this.#runtime, state);
    this.#startedMs = host.clock.wallMs();
    this.#loadedMs = this.#startedMs;
    this.#hands = parts.makeHands(state);
    this.agent = new Agent({
      ...{ host, hands: this.#hands, configuration, state, signal },
      onTurn: (record) => parts.onTurn?.(record),
      onEvent: (event) => parts.onEvent?.(event),
    });
    this.agent.addDuty({ everyMs: STATUS_EVERY, do: () => this.tell() });
  }

  /** The configuration is read again at the next opportunity. */
  reload(): void {
    this.#reload = true;
    this.agent.interrupt();
  }

  async run(): Promise<void> {
    this.agent.addDuty({ everyMs: 200, do: () => this.#reloadIfAsked() });
    try {
      await this.agent.run();
    } finally {
      await this.#end();
    }
  }

  async once(): Promise<readonly TurnResult[]> {
    try {
      return await this.agent.once();
    } finally {
      await this.#end();
    }
  }

  status(): Status {
    const facts = { file: this.#parts.file, loadedMs: this.#loadedMs, problem: this.#problem };
    return statusOf(this.agent, this.#startedMs, facts);
  }

  /** Writes the status. */
  tell(): void {
    const problem = writeStatus(this.#parts.host, this.#runtime, this.status());
    this.agent.trouble('status', problem);
  }

  #reloadIfAsked(): void {
    if (!this.#reload) return;
    this.#reload = false;
    try {
      const configuration = loadConfiguration(this.#parts.host, this.#parts.file);
      this.#refuseMove(configuration);
      // It reads the same files; where it cannot, it goes on with the old ones and denies what is new.
      void this.#hands.reload().catch((problem) => this.agent.events.add('', String(problem.message)));
      this.agent.reconfigure(configuration);
      this.#loadedMs = this.#parts.host.clock.wallMs();
      this.#problem = '';
      this.agent.events.add('', `configuration read: ${configuration.targets.length} targets`);
    } catch (problem) {
      if (!(problem instanceof OctavoError)) throw problem;
      this.#problem = problem.message;
      this.agent.events.add('', `configuration not read, the old one holds: ${problem.message}`);
    }
    this.tell();
  }

  /** What is locked and written to cannot change under a running agent. */
  #refuseMove({ state, runtime }: Configuration): void {
    const { configuration } = this.agent;
    if (state === configuration.state && runtime === configuration.runtime) return;
    const key = state === configuration.state ? 'runtime' : 'state';
    throw new OctavoError('CONFIGURATION_INVALID', {
      ...{ file: this.#parts.file, line: 1, column: 1, key, more: '', path: this.#parts.file },
      problem: 'cannot change while the agent runs: restart it',
    });
  }

  async #end(): Promise<void> {
    this.tell();
    await this.#hands.close();
    for (const lock of this.#locks) lock.release();
  }
}

/** One agent a host, and one for each state directory. */
function lockBoth(host: Host, runtime: string, state: string): readonly HeldLock[] {
  const first = lockOne(host, runtime);
  if (state === runtime) return [first];
  try {
    return [first, lockOne(host, state)];
  } catch (problem) {
    first.release();
    throw problem;
  }
}

function lockOne(host: Host, directory: string): HeldLock {
  const made = host.files.makeDirectory(directory);
  if (!made.ok) throw new OctavoError('FILE_UNWRITABLE', { path: directory, errno: made.error.errno });
  const path = `${directory}/agent.lock`;
  const lock = takeLock(host, path);
  if (lock.ok) return lock.value;
  if (lock.error.kind === 'unwritable')
    throw new OctavoError('FILE_UNWRITABLE', { path, errno: lock.error.errno });
  throw new OctavoError('AGENT_RUNNING', { pid: lock.error.holder?.pid ?? 'unknown', path });
}
