/** An agent on a host: alone there, with its status where others find it, and a configuration that can be read again. */
import { History } from '../../history/history.js';
import type { Host } from '../../host/host.js';
import { type HeldLock, takeLock } from '../../host/lock-file.js';
import type { AgentReading } from '../../metrics/agent-reading.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { Milliseconds } from '../../vocabulary/units.js';
import { Inbox } from '../asking/letter.js';
import type { Configuration } from '../configuration/configuration.js';
import { loadConfiguration } from '../configuration/read.js';
import { residentBytes } from '../guarding/host-readings.js';
import { runtimeDirectory, type Status, writeStatus } from '../life/status.js';
import { observationOf } from '../record/observations.js';
import { Recorder } from '../record/recorder.js';
import { TurnCounts } from '../record/turn-counts.js';
import type { Hands } from '../turn/hands.js';
import type { TurnResult } from '../turn/target-turn.js';
import type { TurnRecord } from '../turn/turn-record.js';
import { Agent } from './agent.js';
import type { AgentEvent } from './events.js';
import { statusOf } from './status-document.js';

/** What a session needs to know of its host and its user. */
export interface SessionParts {
  readonly host: Host;
  /** File of the configuration. */
  readonly file: string;
  readonly signal: AbortSignal;
  /** Directory of what is kept here, where it is not the configuration's to say. */
  readonly state?: string;
  /** Directory of status and lock, where neither the configuration says nor this user’s own is meant. */
  readonly runtime?: string;
  /** Hands for a state directory. */
  makeHands(state: string): Hands;
  /** Of Octavo, for metrics. */
  readonly version?: string;
  onTurn?(record: TurnRecord): void;
  onEvent?(event: AgentEvent): void;
}

const STATUS_EVERY: Milliseconds = 5000;
/** People who ask something wait for no longer. */
const ASKED_EVERY: Milliseconds = 1000;
/** An agent that hangs must not look as if nothing happened: later than this it is not healthy. */
const HEALTHY_MS: Milliseconds = 120_000;
/** History and metrics are brought up to date this often. */
const KEEP_EVERY: Milliseconds = 10_000;

/** Keys that hold until the agent is started again. */
const FIXED = ['state', 'runtime', 'metrics', 'history'] as const;

/**
 * Holds the lock of the state directory, reads the configuration, and runs an agent with it until stopped.
 */
export class Session {
  readonly agent: Agent;
  readonly #parts: SessionParts;
  readonly #hands: Hands;
  readonly #recorder: Recorder;
  readonly #turns = new TurnCounts();
  readonly #locks: readonly HeldLock[];
  readonly #runtime: string;
  readonly #inbox: Inbox;
  readonly #startedMs: Milliseconds;
  #loadedMs: Milliseconds;
  #problem = '';
  #reload = false;
  #toldAsked = 0;

  /** Throws CONFIGURATION_INVALID, AGENT_RUNNING, FILE_UNREADABLE or FILE_UNWRITABLE. */
  constructor(parts: SessionParts) {
    const { host, file, signal } = parts;
    const configuration = loadConfiguration(host, file);
    const state = parts.state ?? configuration.state ?? host.identity.stateDirectory;
    this.#parts = parts;
    this.#runtime = configuration.runtime ?? parts.runtime ?? runtimeDirectory(host);
    this.#inbox = new Inbox(host, this.#runtime);
    this.#locks = lockBoth(host, this.#runtime, state);
    this.#startedMs = host.clock.wallMs();
    this.#loadedMs = this.#startedMs;
    this.#hands = parts.makeHands(state);
    this.agent = new Agent({
      ...{ host, hands: this.#hands, configuration, state, signal },
      onTurn: (record) => this.#noteTurn(record),
      onEvent: (event) => parts.onEvent?.(event),
    });
    this.#recorder = this.#recorderOf(state, configuration);
    this.agent.addDuty({ everyMs: STATUS_EVERY, do: () => this.tell() });
    this.agent.addDuty({ everyMs: KEEP_EVERY, do: () => this.#keep() });
  }

  #recorderOf(state: string, { history, metrics }: Configuration): Recorder {
    const { host } = this.#parts;
    return new Recorder({
      ...{ host, mostTargets: metrics.targets },
      // A host without a network, as the model is, serves no pages.
      places: { ...metrics, listen: host.network && metrics.listen, healthyMs: HEALTHY_MS },
      history: history && History.open({ host, directory: state }, history),
      reading: () => this.#reading(),
      trouble: (what, problem) => this.agent.trouble(what, problem),
    });
  }

  #noteTurn(record: TurnRecord): void {
    this.#turns.add(record);
    this.#recorder.note(observationOf(record));
    this.#parts.onTurn?.(record);
  }

  #keep(): void {
    this.#recorder.flush(new Set(this.agent.configuration.targets.map(({ name }) => name)));
  }

  #reading(): AgentReading {
    const { host, version = 'unknown' } = this.#parts;
    const { configuration, own } = this.agent;
    const pids = [host.identity.pid, ...this.#hands.processes];
    const alive = configuration.targets.filter(({ name }) => this.agent.processesOf(name) > 0);
    return {
      ...{ version, startedAtMs: this.#startedMs, ...this.#turns.facts },
      ...{ cpuNs: Math.round(own.totalMs * 1e6), residentBytes: residentBytes(host, pids) },
      ...{ configOk: this.#problem === '', configLoadedAtMs: this.#loadedMs },
      ...{ targets: alive.length, guards: this.#objections(), history: this.#recorder.health },
    };
  }

  /** Guards that keep targets from being acted on now. */
  #objections(): AgentReading['guards'] {
    const counts = new Map<string, number>();
    for (const { name } of this.agent.configuration.targets)
      for (const guard of new Set(this.agent.guardsOf(name).decision.objections.map((one) => one.guard)))
        counts.set(guard, (counts.get(guard) ?? 0) + 1);
    return [...counts].map(([name, targets]) => ({ name, targets }));
  }

  /** The configuration is read again at the next opportunity. */
  reload(): void {
    this.#reload = true;
    this.agent.interrupt();
  }

  async run(): Promise<void> {
    this.agent.addDuty({ everyMs: 200, do: () => this.#reloadIfAsked() });
    this.agent.addDuty({ everyMs: ASKED_EVERY, do: () => this.#takeLetters() });
    const { serviceManager } = this.#parts.host;
    if (serviceManager?.watchdogMs !== undefined)
      this.agent.addDuty({ everyMs: serviceManager.watchdogMs / 4, do: () => this.#notify('WATCHDOG=1') });
    try {
      await this.#recorder.publish();
      this.#notify('READY=1');
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
    this.#notify(`STATUS=${this.#words()}`);
    const problem = writeStatus(this.#parts.host, this.#runtime, this.status());
    this.agent.trouble('status', problem);
  }

  #words(): string {
    const { configuration, counts, troubles } = this.agent;
    const acting = configuration.targets.filter(({ act }) => act).length;
    const trouble = troubles.length === 0 ? '' : `; ${troubles[0]}`;
    return `${configuration.targets.length} targets, ${acting} may be acted on; ${counts.known} processes${trouble}`;
  }

  /** Takes what people asked; each change of what came of it is told at once. */
  #takeLetters(): void {
    const { asked } = this.agent;
    const { letters, unfit } = this.#inbox.take();
    for (const letter of letters) asked.take(letter);
    for (const one of unfit) asked.unfit(one);
    if (asked.revision === this.#toldAsked) return;
    this.#toldAsked = asked.revision;
    this.tell();
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

  /** What is locked, written to and served cannot change under a running agent. */
  #refuseMove(next: Configuration): void {
    const { configuration } = this.agent;
    const key = FIXED.find((name) => JSON.stringify(next[name]) !== JSON.stringify(configuration[name]));
    if (key === undefined) return;
    throw new OctavoError('CONFIGURATION_INVALID', {
      ...{ file: this.#parts.file, line: 1, column: 1, key, more: '', path: this.#parts.file },
      problem: 'cannot change while the agent runs: restart it',
    });
  }

  /** Tells systemd, where it started this. */
  #notify(text: string): void {
    const told = this.#parts.host.serviceManager?.tell(text);
    this.agent.trouble(
      'service manager',
      told === undefined || told.ok
        ? undefined
        : `systemd cannot be told: ${told.error.call} (${told.error.errno})`,
    );
  }

  async #end(): Promise<void> {
    this.#notify('STOPPING=1');
    this.tell();
    this.#keep();
    await this.#recorder.close();
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
