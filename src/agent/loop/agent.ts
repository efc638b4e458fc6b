/**
 * The agent: watches who is there, takes a turn on each target when it is due, within its own CPU time, and does its
 * duties between the steps of turns. Knows nothing of terminals, signals or privileges.
 */
import { NO_STOPS } from '../../guards/back-off.js';
import type { Host } from '../../host/host.js';
import { KubeletPods } from '../../services/kubelet-pods.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { Plan } from '../../vocabulary/plan.js';
import type { ProcessIdentity } from '../../vocabulary/process.js';
import type { Milliseconds } from '../../vocabulary/units.js';
import type { Configuration, Target } from '../configuration/configuration.js';
import type { TargetGuards } from '../guarding/target-guards.js';
import { ClockWatch } from '../life/clock-watch.js';
import { Lives } from '../life/lives.js';
import { OwnCpu } from '../life/own-cpu.js';
import type { TargetLife } from '../life/target-life.js';
import { Roster } from '../targets/roster.js';
import { type Counts, Watcher } from '../targets/watcher.js';
import { type AskedEnd, takeAskedTurn } from '../turn/asked-turn.js';
import { GoingTurn } from '../turn/going-turn.js';
import type { Hands } from '../turn/hands.js';
import { PAUSED, type TurnParts, type TurnResult, takeTargetTurn } from '../turn/target-turn.js';
import type { TurnRecord } from '../turn/turn-record.js';
import { AskedTurns } from './asked-turns.js';
import type { Duty } from './duties.js';
import { type AgentEvent, Events } from './events.js';
import { GoingTurns } from './going-turns.js';
import { GuardRounds } from './guard-rounds.js';
import { GUARD_EVERY, nextTurnMs } from './next-turn.js';
import { jumpWords, lastTurn, turnWords } from './told-turn.js';
import { LONGEST_WAIT, Waits } from './waits.js';

/** What an agent is made of. All of it can be a model. */
export interface AgentParts {
  readonly host: Host;
  readonly hands: Hands;
  readonly configuration: Configuration;
  /** Where state is kept. */
  readonly state: string;
  readonly signal: AbortSignal;
  /** Is told each turn. */
  onTurn?(record: TurnRecord): void;
  /** Is told what happens, in words. */
  onEvent?(event: AgentEvent): void;
}

/** State is written at most this often; what is lost with a crash are sums and budgets of that time. */
const KEEP_EVERY: Milliseconds = 10_000;
/** Processes of a target that are told one by one. */
const MOST_TOLD = 32;

/** The loop over targets. `run` goes on until its signal aborts; `once` takes one turn of each target. */
export class Agent {
  readonly host: Host;
  readonly events: Events;
  readonly own: OwnCpu;
  /** What people ask of it. */
  readonly asked: AskedTurns;
  readonly #parts: AgentParts;
  readonly #hands: Hands;
  readonly #waits: Waits;
  readonly #watcher: Watcher;
  readonly #roster: Roster;
  readonly #clockWatch: ClockWatch;
  readonly #lives: Lives;
  readonly #rounds: GuardRounds;
  readonly #troubles = new Map<string, string>();
  readonly #turns: GoingTurns;
  #bug: unknown;
  #configuration: Configuration;

  constructor(parts: AgentParts) {
    const { host, hands, configuration } = parts;
    this.#parts = parts;
    this.host = host;
    this.#hands = hands;
    this.#waits = new Waits(host.clock);
    this.#configuration = configuration;
    this.events = new Events(host, (event) => parts.onEvent?.(event));
    this.own = new OwnCpu(
      host,
      () => this.#configuration.cpuShare,
      () => hands.processes,
    );
    this.#turns = new GoingTurns(this.own, () => this.#nowMs());
    this.#watcher = new Watcher(host);
    this.#namePods(configuration);
    this.#roster = new Roster(configuration);
    this.#clockWatch = new ClockWatch(host.clock);
    this.asked = new AskedTurns({
      ...{ host, events: this.events },
      target: (name) => this.#configuration.targets.find((one) => one.name === name),
      life: (name) => this.life(name),
      has: (name, process) => this.#roster.has(name, process),
      take: (target, plan) => this.#takeAsked(target, plan),
      paused: (name) => this.#turns.withdraw(name, PAUSED, true),
      changed: () => this.#noted(),
    });
    this.#lives = new Lives(host, parts.state);
    this.#lives.keepOnly(configuration.targets);
    for (const note of this.#lives.notes) this.events.add('', note);
    parts.signal.addEventListener('abort', () => {
      this.#turns.endAll(parts.signal.reason);
      this.interrupt();
    });
    const watchMs = () => this.#configuration.watchMs;
    this.addDuty({
      get everyMs() {
        return watchMs();
      },
      do: () => this.#look(),
    });
    this.#rounds = new GuardRounds({
      ...{ host, own: this.own, pids: () => [host.identity.pid, ...hands.processes] },
      groupsOf: (name) => new Set(this.#roster.members(name).map(({ cgroup }) => cgroup)),
      changed: (name, words, mayAct) => {
        this.events.add(name, words);
        if (!mayAct) this.#turns.withdraw(name, words);
      },
    });
    this.#rounds.reset(configuration.targets, (name) => this.life(name).backOff);
    this.addDuty({ everyMs: GUARD_EVERY, do: (nowMs) => this.#rounds.observe(nowMs) });
    this.addDuty({ everyMs: KEEP_EVERY, do: () => this.keepState() });
  }

  get configuration(): Configuration {
    return this.#configuration;
  }

  get counts(): Counts {
    return this.#watcher.counts;
  }

  /** What cannot be done at the moment. */
  get troubles(): readonly string[] {
    return [...this.#troubles.values()];
  }

  /** Its processes, the first of many. */
  membersOf(target: string): readonly ProcessIdentity[] {
    return this.#roster.members(target).slice(0, MOST_TOLD);
  }

  processesOf(target: string): number {
    return this.#roster.count(target);
  }

  life(name: string): TargetLife {
    return this.#lives.of(name);
  }

  guardsOf(target: string): TargetGuards {
    return this.#rounds.of(target);
  }

  addDuty(duty: Duty): void {
    this.#waits.addDuty(duty);
  }

  /** Notes what cannot be done, or that it can again. Each change is told once. */
  trouble(what: string, problem: string | undefined): void {
    if (problem === this.#troubles.get(what)) return;
    if (problem === undefined) this.#troubles.delete(what);
    else this.#troubles.set(what, problem);
    this.events.add('', problem ?? `${what}: works again`);
  }

  #namePods({ pods }: Configuration): void {
    this.#watcher.nameBy(pods === undefined ? undefined : new KubeletPods(this.host, pods));
  }

  /** Another configuration takes the place of the old one, between turns. Stops are cleared: an operator has looked. */
  reconfigure(configuration: Configuration): void {
    if (configuration.pods !== this.#configuration.pods) this.#namePods(configuration);
    this.#configuration = configuration;
    this.#roster.reconfigure(configuration);
    this.#lives.forgive();
    this.#lives.keepOnly(configuration.targets);
    this.#rounds.reset(configuration.targets, () => NO_STOPS);
    this.#turns.judgeAll({
      ...{ configuration, roster: this.#roster, wallMs: this.host.clock.wallMs() },
      left: ({ name, timed }) => this.life(name).allowance.left(this.#nowMs(), timed),
    });
    this.interrupt();
  }

  /** Ends a wait of the loop before its time. */
  interrupt(): void {
    this.#waits.interrupt();
  }

  /** Goes on until the signal. A turn that takes long does not keep others waiting, as far as hands take several at once. */
  async run(): Promise<void> {
    const { signal } = this.#parts;
    const going = new Set<Promise<unknown>>();
    while (!signal.aborted && this.#bug === undefined) {
      this.tend();
      const next = this.#nextTurn();
      if (typeof next === 'number') {
        await this.#waits.pause(next);
        continue;
      }
      const turn = this.#beginTurn(next).finally(() => going.delete(turn));
      going.add(turn);
      if (this.#hands.turnsAtOnce === 1) await turn;
    }
    if (this.#bug !== undefined) throw this.#bug;
    await Promise.all(going);
    this.keepState();
  }

  /** The turn to begin now, of which those that somebody waits for come first; or how long to wait for one. */
  #nextTurn(): (() => Promise<unknown>) | Milliseconds {
    if (this.#turns.size >= this.#hands.turnsAtOnce) return LONGEST_WAIT;
    const letter = this.asked.next(this.#turns);
    if (letter !== undefined) return () => this.asked.carryOut(letter);
    const due = this.#nextTarget();
    const waitMs = due === undefined ? LONGEST_WAIT : this.#untilTurn(due);
    return due === undefined || waitMs > 0 ? waitMs : () => this.#turn(due);
  }

  /** A turn beside the loop: its end wakes the loop, and a bug in it is the loop's. */
  async #beginTurn(take: () => Promise<unknown>): Promise<void> {
    try {
      await take();
    } catch (problem) {
      this.#bug = problem;
    }
    this.interrupt();
  }

  /** One turn of each target that has processes. */
  async once(): Promise<readonly TurnResult[]> {
    this.tend();
    const results: TurnResult[] = [];
    for (const target of this.#configuration.targets)
      if (!this.#parts.signal.aborted && this.#roster.count(target.name) > 0)
        results.push(await this.#turn(target));
    this.keepState();
    return results;
  }

  /** Does the duties that are due. */
  tend(): void {
    this.#waits.tend();
  }

  #nowMs(): Milliseconds {
    return this.#waits.nowMs;
  }

  #look(): void {
    const jump = this.#clockWatch.look();
    if (jump !== 0) this.events.add('', jumpWords(jump));
    const look = this.#watcher.look();
    this.trouble('processes', this.#watcher.counts.problem || undefined);
    this.trouble('kubelet', this.#watcher.kubeletProblem);
    for (const name of this.#roster.note(look)) {
      const life = this.life(name);
      // Who is there for the first time is looked at now; others join the next turn.
      if (life.last === undefined || life.last.end === 'gone')
        life.dueMs = Math.min(life.dueMs, this.#nowMs());
    }
  }

  /** The target whose turn has been due for the longest, of those that have processes. */
  #nextTarget(): Target | undefined {
    let found: Target | undefined;
    for (const target of this.#configuration.targets) {
      if (this.#roster.count(target.name) === 0 || this.#turns.has(target.name)) continue;
      if (found === undefined || this.life(target.name).dueMs < this.life(found.name).dueMs) found = target;
    }
    return found;
  }

  #untilTurn(target: Target): Milliseconds {
    const now = this.#nowMs();
    return Math.max(this.life(target.name).dueMs - now, this.own.waitMs(now));
  }

  async #turn(target: Target): Promise<TurnResult> {
    const life = this.life(target.name);
    const startedMs = this.#nowMs();
    const processes = this.#roster.forTurn(target);
    const turn = new GoingTurn(target, processes);
    this.#turns.begin(turn);
    const parts = this.#partsOf(turn);
    const { guards } = parts;
    const before = guards.decision.state;
    const result = await takeTargetTurn(parts)
      .catch((problem) => stoppedTurn(problem))
      .finally(() => this.#turns.end(turn));
    // A new configuration meanwhile has forgiven stops, and asks for a turn by what it says.
    if (this.#rounds.isOf(target.name, guards)) {
      life.dueMs = nextTurnMs(startedMs, target.everyMs, result.end, guards);
      life.backOff = guards.state;
    }
    const isSame = life.last?.end === result.end && life.last.why === result.why;
    const changed = life.meets(processes) || !isSame;
    life.last = lastTurn(this.host.clock.wallMs(), processes.length, result);
    if (changed || guards.decision.state !== before) this.events.add(target.name, turnWords(result, guards));
    this.#lives.changed();
    const { end, why, taken } = result;
    const record = { target: target.name, by: target, atMs: life.last.atMs, end, why, taken };
    this.#parts.onTurn?.({
      ...record,
      standing: guards.decision.state,
      cpuMs: turn.cpuMs,
      tookMs: this.#nowMs() - startedMs,
    });
    return result;
  }

  /** A plan that somebody asked for, beside the loop as turns are. */
  #takeAsked(target: Target, plan: Plan): Promise<AskedEnd> {
    const turn = new GoingTurn(target, plan.processes, true);
    this.#turns.begin(turn);
    return takeAskedTurn(this.#partsOf(turn), plan).finally(() => this.#turns.end(turn));
  }

  #partsOf(turn: GoingTurn): TurnParts {
    const watch = {
      tend: () => this.tend(),
      sleep: (duration: Milliseconds, signal?: AbortSignal) => this.#waits.sleep(duration, signal),
    };
    const { name } = turn.target;
    const [life, guards] = [this.life(name), this.#rounds.of(name)];
    return { host: this.host, hands: this.#hands, turn, life, guards, watch };
  }

  /** What somebody asked for outlives a crash. */
  #noted(): void {
    this.#lives.changed();
    this.keepState();
    this.interrupt();
  }

  /** Writes what is new of the state. */
  keepState(): void {
    this.trouble('state', this.#lives.keep());
  }
}

function stoppedTurn(problem: unknown): TurnResult {
  if (problem instanceof OctavoError) return { end: 'held', why: 'the agent stops', taken: undefined };
  throw problem;
}
