/**
 * The agent itself inside a scenario: the very loop of `octavo agent`, on the model's clock. It drives time by waiting; what
 * else is to happen are events of that clock.
 */

import type { AgentEvent } from '../../agent/loop/events.js';
import { Session } from '../../agent/loop/session.js';
import { handsHere } from '../../agent/turn/hands-here.js';
import type { TurnRecord } from '../../agent/turn/turn-record.js';
import { SeededRandom } from '../../base/seeded-random.js';
import type { TurnRequest } from '../../config/assemble.js';
import type { Nanoseconds } from '../../vocabulary/units.js';
import type { Scenario, ScenarioMetric } from '../scenario/scenario.js';
import type { Machine } from './host-machine.js';
import { modelTranslation } from './model-translation.js';
import type { AgentOutcome, ServiceOutcome } from './outcome.js';
import { streamSeed } from './running-process.js';
import { SplitKeeping } from './split-keeping.js';

/** Where the agent finds its configuration on the model. */
export const CONFIGURATION_FILE = '/etc/octavo/agent.yaml';
const STATE = '/var/lib/octavo';

type Service = NonNullable<Scenario['service']>;

const EVENT = { metric: 'service-metric' };

/** Runs the agent's session on the model until the simulation ends. */
export class AgentService {
  readonly #machine: Machine;
  readonly #stop = new AbortController();
  readonly #session: Session;
  readonly #metrics: readonly RunningMetric[];
  readonly #keeping = new SplitKeeping();
  readonly #events: string[] = [];
  readonly #acted = new Map<string, Set<string>>();
  readonly #observed = new Set<string>();
  readonly #lastAct = new Map<string, Nanoseconds>();
  #sums = { turns: 0, met: 0, notMet: 0 };

  /** Throws CONFIGURATION_INVALID; a checked scenario has a configuration that is right. */
  constructor(machine: Machine, { configuration, metrics }: Service) {
    const { host, kernel } = machine;
    this.#machine = machine;
    host.files.makeDirectory('/etc/octavo');
    host.files.writeFile(CONFIGURATION_FILE, JSON.stringify(configuration));
    for (const { file } of metrics) host.files.makeDirectory(file.slice(0, file.lastIndexOf('/')));
    this.#metrics = metrics.map((about, index) => new RunningMetric(machine, about, index));
    kernel.clock.handle(EVENT.metric, (index) => this.#measure(index));
    for (const index of metrics.keys()) kernel.clock.at(0, EVENT.metric, index);
    const extra: Partial<TurnRequest> = { translation: modelTranslation(machine.cpu) };
    this.#session = new Session({
      ...{ host, file: CONFIGURATION_FILE, signal: this.#stop.signal },
      makeHands: (state) => handsHere(host, CONFIGURATION_FILE, state, extra),
      onTurn: (record) => this.#note(record),
      onEvent: (event) => this.#told(event),
    });
  }

  /** Goes on until `end` is called, or the signal says so. */
  run(signal: AbortSignal): Promise<void> {
    this.#session.agent.addDuty({
      everyMs: 1000,
      do: () => {
        if (signal.aborted) this.end();
      },
    });
    return this.#session.run();
  }

  end(): void {
    this.#stop.abort('the scenario ends');
  }

  /** What happened, in words, each with its time. */
  get events(): readonly string[] {
    return this.#events;
  }

  #told({ target, text }: AgentEvent): void {
    const time = (this.#machine.kernel.clock.now / 1e9).toFixed(3);
    this.#events.push(`${time} s Octavo ${target === '' ? '' : `on ${target}: `}${text}`);
  }

  #note({ target, taken }: TurnRecord): void {
    this.#sums.turns++;
    const { plan, done } = taken ?? {};
    for (const { command } of plan?.processes ?? []) this.#observed.add(command);
    if (plan === undefined || done === undefined) return;
    this.#keeping.note(plan, done.verdicts);
    const met = done.verdicts.filter(({ outcome }) => outcome === 'met').length;
    this.#sums.met += met;
    this.#sums.notMet += done.verdicts.length - met;
    const touched = this.#acted.get(target) ?? new Set();
    for (const { proposal } of plan.steps) touched.add(proposal.process.command);
    this.#acted.set(target, touched);
    if (done.verdicts.length > 0) this.#lastAct.set(target, this.#machine.kernel.clock.now);
  }

  #measure(index: number): void {
    const metric = this.#metrics[index];
    metric.write(this.#lastAct);
    this.#machine.kernel.clock.after(metric.about.every, EVENT.metric, index);
  }

  outcome(): AgentOutcome {
    return { ...this.#sums, splits: this.#keeping.atEnd(this.#machine.kernel) };
  }

  serviceOutcome(): ServiceOutcome {
    const { contents } = this.#machine.host.memory;
    const status = this.#session.status();
    return {
      targets: status.targets.map(({ name, standing, reason, totals }) => ({
        ...{ name, standing, reason, totals },
        touched: [...(this.#acted.get(name) ?? [])].sort(),
      })),
      observed: [...this.#observed].sort(),
      stateBytes: [...contents].reduce(
        (sum, [path, { length }]) => sum + (path.startsWith(STATE) ? length : 0),
        0,
      ),
      troubles: [...status.troubles],
    };
  }
}

/** A metric of the user's, as a file that the scenario writes. */
class RunningMetric {
  readonly about: ScenarioMetric;
  readonly #machine: Machine;
  readonly #random: SeededRandom;

  constructor(machine: Machine, about: ScenarioMetric, index: number) {
    this.about = about;
    this.#machine = machine;
    this.#random = new SeededRandom(streamSeed(machine.seed, METRIC_STREAM + index));
  }

  write(lastAct: ReadonlyMap<string, Nanoseconds>): void {
    const { file, value, noise, afterActs } = this.about;
    const { now } = this.#machine.kernel.clock;
    const acted = lastAct.get(afterActs?.target ?? '');
    const isWorse =
      afterActs !== undefined &&
      acted !== undefined &&
      acted >= afterActs.from &&
      now - acted < afterActs.lasts;
    const shown = value * (1 + noise * this.#bell()) * (isWorse ? 1 + afterActs.by : 1);
    this.#machine.host.files.writeFile(file, `${shown.toPrecision(6)}\n`);
  }

  /** Nearly normal, with a spread of 1: the sum of twelve uniform numbers less six. */
  #bell(): number {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += this.#random.uint32() / 2 ** 32;
    return sum;
  }
}

/** Beyond the streams of processes. */
const METRIC_STREAM = 0x10000;
