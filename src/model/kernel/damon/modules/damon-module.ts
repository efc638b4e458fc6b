/**
 * One of DAMON's own modules: parameters under /sys/module, a context of its own that is started by `enabled`, and
 * results that its thread writes back. All run exclusively: while one does, nothing else can start, and vice versa.
 */
import { failure, type Result, success } from '../../../../base/result.js';
import type { ErrnoName } from '../../../../vocabulary/errno.js';
import { parseBoolean } from '../../numbers/kstrtox.js';
import { commitContext } from '../core/commit-context.js';
import type { Context } from '../core/context.js';
import type { TreeFeature } from '../core/generations.js';
import type { Kdamond } from '../core/kdamond.js';
import type { MonitoredMemory } from '../core/monitored-memory.js';
import type { DamonSystem, WriteOutcome } from '../sysfs/damon-system.js';
import { type ParameterRow, Parameters } from './parameters.js';
import type { ModuleSurroundings } from './proactive-context.js';

/** A module as data: its parameters and how its context is built. */
export interface DamonModule {
  readonly name: string;
  readonly only: TreeFeature | undefined;
  readonly rows: readonly ParameterRow[];
  /** Has commit_inputs, which applies changed parameters to the running thread. */
  readonly commits: boolean;
  /** How much time passes between two times that results are stored; 0 for every sample. */
  readonly refreshNs: number;
  build(around: ModuleSurroundings, parameters: Parameters): Result<Context, ErrnoName>;
  /** Writes results of the running context into read-only parameters. */
  store(context: Context, parameters: Parameters): void;
}

const DONE: Result<void, ErrnoName> = success(undefined);

/** A module with the values of its parameters and, while it is enabled, its kdamond. */
export class RunningModule {
  readonly module: DamonModule;
  readonly parameters: Parameters;
  readonly system: DamonSystem;
  readonly #memory: MonitoredMemory;
  /** Kept over stops: statistics and tuned quotas of a scheme go on. */
  #context: Context | undefined;
  #kdamond: Kdamond | undefined;
  #stored = 0;
  /** Kernels that take commit_inputs at the thread's next turn, without telling the writer what came of it. */
  #commitAsked = false;

  constructor(module: DamonModule, system: DamonSystem, memory: MonitoredMemory) {
    this.module = module;
    this.system = system;
    this.#memory = memory;
    const { features } = system.generation;
    const rows = module.rows.filter(({ only }) => only === undefined || features.has(only));
    this.parameters = new Parameters(rows);
  }

  get isRunning(): boolean {
    return this.#kdamond?.isRunning === true;
  }

  get pid(): number {
    return this.isRunning ? (this.#kdamond?.pid ?? -1) : -1;
  }

  /** What commit_inputs shows. */
  get isCommitAsked(): boolean {
    return this.#commitAsked;
  }

  /** A write to `enabled`. */
  enable(text: string): WriteOutcome {
    const wanted = parseBoolean(text, this.system.generation.booleanTakesEnable);
    if (!wanted.ok) return wanted;
    if (wanted.value === this.isRunning) return DONE;
    return wanted.value ? this.#start() : this.#stop();
  }

  /** A write to `commit_inputs`. */
  commitInputs(text: string): WriteOutcome {
    const wanted = parseBoolean(text, this.system.generation.booleanTakesEnable);
    if (!wanted.ok) return wanted;
    if (this.system.generation.answers.commitInputs === 'deferred') {
      this.#commitAsked = wanted.value;
      return DONE;
    }
    if (!wanted.value) return DONE;
    if (this.#kdamond === undefined) return failure('EINVAL');
    return this.system.call(this.#kdamond, () => this.#apply());
  }

  #start(): WriteOutcome {
    const applied = this.#apply();
    if (!applied.ok) return applied;
    const context = this.#context as Context;
    this.#stored = this.#memory.nowNs();
    const started = this.system.startContext(context, { exclusive: true, repeat: (now) => this.#turn(now) });
    if (!started.ok) return started;
    this.#kdamond = started.value;
    return DONE;
  }

  #stop(): WriteOutcome {
    return this.system.turnOff(this.#kdamond);
  }

  /** Builds a context from the parameters, and commits it to the module's own. */
  #apply(): Result<void, ErrnoName> {
    const memory = this.#memory;
    const behaviour = this.system.generation.core;
    const built = this.module.build({ memory, behaviour }, this.parameters);
    if (!built.ok) return built;
    if (this.#context !== undefined) return commitContext(this.#context, built.value);
    this.#context = built.value;
    return DONE;
  }

  /** Runs in the thread at every call point. */
  #turn(now: number): void {
    const context = this.#context;
    const kdamond = this.#kdamond;
    if (context === undefined || kdamond === undefined) return;
    if (this.#commitAsked) {
      this.#commitAsked = false;
      if (!this.#apply().ok) kdamond.corrupted = true;
    }
    if (now < this.#stored + this.module.refreshNs) return;
    this.#stored = now;
    this.module.store(context, this.parameters);
  }
}
