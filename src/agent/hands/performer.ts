/**
 * The acting side itself: carries out requests on its host, acts one at a time, as far as its own copy of the configuration
 * allows. Used as it is on the model and in tests; behind a socket pair by serve.ts.
 */

import { underEither } from '../../base/either-signal.js';
import { failure, success } from '../../base/result.js';
import { actuatorsOf } from '../../config/assemble.js';
import { lookBackUnderLock } from '../../cycle/aftermath.js';
import { type Applied, applyPlan } from '../../cycle/apply-plan.js';
import { readCosts } from '../../cycle/cost-file.js';
import type { ReadRun } from '../../cycle/journal.js';
import { KeptReadings } from '../../cycle/kept-readings.js';
import { parseKeyed } from '../../formats/proc/process-files.js';
import type { Host } from '../../host/host.js';
import type { CostsDocument } from '../../planning/cost-book.js';
import { originsOf, type Reading, type Source } from '../../sources/source.js';
import { observe } from '../../verification/observe.js';
import { capabilityNames } from '../../vocabulary/capabilities.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { PageSizes } from '../../vocabulary/page-sizes.js';
import type { Plan } from '../../vocabulary/plan.js';
import type { ProcessIdentity } from '../../vocabulary/process.js';
import type { ProcessId } from '../../vocabulary/units.js';
import type { ActingSide, Told } from './acting-side.js';
import { Allowance } from './allowance.js';
import { cpuMeter } from './cpu-meter.js';
import { lookedBackOf, outcomeOf, ownReading, withoutFrames } from './crossing.js';
import { GoingOn } from './going-on.js';
import type { Grant, Grants } from './grants.js';
import { type Allowed, denied, grantedProcess, type Judging, judgePlan } from './judge.js';
import { leashOf } from './leash.js';
import { type LookMaker, lookOffers, makeLook } from './looks.js';
import {
  type About,
  type Denial,
  type Looked,
  type LookedBack,
  type Outcome,
  PROTOCOL_VERSION,
  type ProcessRef,
  type SampleRequest,
} from './protocol.js';
import { RecentSizes } from './recent-sizes.js';

/** What an acting side works with: its host, its own reading of the configuration, its looks. */
export interface PerformerOptions {
  readonly host: Host;
  /** Reads the configuration, by itself and anew each time. Throws an OctavoError where it is wrong. */
  readGrants(): Grants;
  /** Sources for what can be asked for; those of a live host when absent. */
  readonly looks?: LookMaker;
}

/**
 * What goes on one after the other: looks, which wait for nothing; samples, which watch memory for seconds; and what holds
 * the state lock. Each goes on beside the others.
 */
type Lane = 'looks' | 'samples' | 'acts';

/** Carries out requests, each lane one after the other. `close` ends what runs and settles the journal. */
export class Performer implements ActingSide {
  readonly ended: Promise<string>;
  readonly #options: PerformerOptions;
  readonly #allowance: Allowance;
  readonly #closing = new AbortController();
  readonly #recent: RecentSizes;
  readonly #kept = new KeptReadings<ReadRun>();
  #grants: Grants;
  /** What goes on, to be asked whether it still may when the configuration was read again. */
  readonly #going = new GoingOn();
  #end: (why: string) => void = () => undefined;
  /** The last request of each kind; the next of that kind begins when it has ended. */
  readonly #lanes: Record<Lane, Promise<unknown>> = {
    looks: Promise.resolve(),
    samples: Promise.resolve(),
    acts: Promise.resolve(),
  };

  /** Throws what `readGrants` throws. */
  constructor(options: PerformerOptions) {
    this.#options = options;
    this.#grants = options.readGrants();
    this.#allowance = new Allowance(options.host);
    this.#recent = new RecentSizes(options.host.clock);
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  about(): Promise<Told<About>> {
    return this.#inTurn('looks', () => success(this.#about()));
  }

  observe(process: ProcessRef): Promise<Told<PageSizes>> {
    return this.#inTurn('looks', () => {
      const seen = this.#look(process);
      if (!seen.ok) return seen;
      this.#recent.keep(process, seen.value.sizes);
      return success(withoutFrames(seen.value.sizes));
    });
  }

  sample(
    request: SampleRequest,
    take: (reading: Reading) => void,
    signal: AbortSignal,
  ): Promise<Told<Looked>> {
    return this.#inTurn('samples', () =>
      underEither([signal, this.#closing.signal], (either) => this.#sample(request, take, either)),
    );
  }

  lookBack(refs: readonly ProcessRef[]): Promise<Told<LookedBack>> {
    return this.#inTurn('acts', () => {
      const processes: ProcessIdentity[] = [];
      for (const ref of refs) {
        const granted = grantedProcess(this.#judging(), ref);
        if (!granted.ok && granted.error.code !== 'stale') return granted;
        const mayLook = granted.ok && this.#mayLook(ref).ok;
        if (mayLook) processes.push(granted.value.process);
      }
      const back = lookBackUnderLock(this.#place(), processes, (process, look) => this.#timed(process, look));
      return success(lookedBackOf(back));
    });
  }

  apply(plan: Plan, signal: AbortSignal): Promise<Told<Outcome>> {
    return this.#inTurn('acts', () =>
      underEither([signal, this.#closing.signal], (either) => this.#apply(plan, either)),
    );
  }

  reload(): Promise<Told<About>> {
    return this.#inTurn('looks', () => {
      this.#grants = this.#options.readGrants();
      this.#going.check();
      return success(this.#about());
    });
  }

  async close(): Promise<void> {
    this.#closing.abort('SIGTERM');
    await Promise.all(Object.values(this.#lanes));
    this.#end('closed');
  }

  /** One request of a lane after the other. What fails is an answer; a bug is one, too, since this side must not be made to end. */
  #inTurn<Value>(lane: Lane, act: () => Told<Value> | Promise<Told<Value>>): Promise<Told<Value>> {
    const turn = this.#lanes[lane].then(async (): Promise<Told<Value>> => {
      if (this.#closing.signal.aborted) return denied('cancelled', 'the agent ends');
      try {
        return await act();
      } catch (problem) {
        if (problem instanceof OctavoError && problem.code === 'STATE_LOCKED')
          return denied('busy', problem.message);
        return denied('failed', problem instanceof Error ? problem.message : String(problem));
      }
    });
    this.#lanes[lane] = turn;
    return turn;
  }

  #about(): About {
    const { host } = this.#options;
    const status = host.files.readText('/proc/self/status');
    const mask = status.ok ? (parseKeyed(status.value).get('CapEff') ?? '') : '';
    return {
      version: PROTOCOL_VERSION,
      pid: host.identity.pid,
      userId: host.identity.userId,
      capabilities: capabilityNames(mask),
      targets: this.#grants.targets.map(({ name, act }) => ({ name, act })),
      actuators: actuatorsOf(host).map(({ name, abilities, clearsReferences, defeatedBy }) => ({
        ...{ name, abilities, clearsReferences, defeatedBy },
      })),
      offers: lookOffers(host),
      costs: this.#costs(),
    };
  }

  #costs(): CostsDocument {
    return readCosts(this.#place()).book.document();
  }

  #judging(): Judging {
    return { host: this.#options.host, grants: this.#grants, allowance: this.#allowance };
  }

  #place() {
    const { host } = this.#options;
    return { host, directory: host.identity.stateDirectory, kept: this.#kept };
  }

  #mayLook(process: ProcessRef): Told<void> {
    const retryMs = Math.ceil(this.#allowance.lookWaitMs(process));
    if (retryMs === 0) return success(undefined);
    const why = `the last look at process ${process.pid} was a short time ago`;
    return failure<Denial>({ code: 'too-soon', why, retryMs });
  }

  /** Looks at a process, and notes how long that took. */
  #look(ref: ProcessRef): Told<{ readonly sizes: PageSizes; readonly grant: Grant }> {
    const granted = grantedProcess(this.#judging(), ref);
    if (!granted.ok) return granted;
    const may = this.#mayLook(ref);
    if (!may.ok) return may;
    const { process, grant } = granted.value;
    const { sizes } = this.#timed(process, () => observe(this.#options.host, ref.pid));
    return sizes.process.startTicks === ref.startTicks
      ? success({ sizes, grant })
      : denied('stale', `pid ${ref.pid} became another process`);
  }

  /** What was observed a moment ago will do for samples; else a look. */
  #seen(ref: ProcessRef): Told<{ readonly sizes: PageSizes; readonly grant: Grant }> {
    const sizes = this.#recent.take(ref);
    if (sizes === undefined) return this.#look(ref);
    const granted = grantedProcess(this.#judging(), ref);
    return granted.ok ? success({ sizes, grant: granted.value.grant }) : granted;
  }

  /** Charges the time of a look to the process that is looked at. */
  #timed<Value>(process: ProcessIdentity, act: () => Value): Value {
    const { clock } = this.#options.host;
    const beganNs = clock.monotonicNs();
    try {
      return act();
    } finally {
      const tookNs = clock.monotonicNs() - beganNs;
      this.#allowance.looked(process, tookNs, this.#grants.grantOf(process)?.lookShare ?? 1);
    }
  }

  async #sample(
    request: SampleRequest,
    take: (reading: Reading) => void,
    signal: AbortSignal,
  ): Promise<Told<Looked>> {
    const retryMs = Math.ceil(this.#allowance.sampleWaitMs());
    if (retryMs > 0)
      return failure<Denial>({ code: 'too-soon', why: 'sampling has had its share of a CPU', retryMs });
    const seen: PageSizes[] = [];
    let grant: Grant | undefined;
    for (const ref of request.processes) {
      const one = this.#seen(ref);
      if (!one.ok) return one;
      grant ??= one.value.grant;
      if (one.value.grant.name !== grant.name)
        return denied('not-allowed', 'the processes are of several targets');
      seen.push(one.value.sizes);
    }
    if (grant === undefined || !grant.looks.includes(request.look))
      return denied('not-allowed', `${request.look} is no look that the target allows`);
    const processes = seen.map(({ process }) => process);
    const source = (this.#options.looks ?? makeLook)(this.#options.host, request, grant, processes);
    if (typeof source === 'string') return denied('failed', source);
    const { name } = grant;
    return this.#going.whileAllowed(
      () => this.#mayBeLookedAt(processes, name, request.look),
      signal,
      (either) => this.#read(source, seen, take, either),
    );
  }

  /** Why processes may not be looked at any more; empty while they may. */
  #mayBeLookedAt(processes: readonly ProcessIdentity[], name: string, look: SampleRequest['look']): string {
    const grants = processes.map((process) => this.#grants.grantOf(process));
    const isAllowed = grants.every((grant) => grant?.name === name && grant.looks.includes(look));
    return isAllowed
      ? ''
      : `the configuration was read again, and ${look} is no look that it allows for all of them`;
  }

  async #read(
    source: Source,
    processes: readonly PageSizes[],
    take: (reading: Reading) => void,
    signal: AbortSignal,
  ): Promise<Told<Looked>> {
    const { host } = this.#options;
    const pids = new Set<ProcessId>(processes.map(({ process }) => process.pid));
    const meter = cpuMeter(host);
    try {
      for await (const reading of source.read({ host, processes, signal, progress: () => undefined })) {
        const own = ownReading(reading, pids);
        if (own !== undefined) take(own);
      }
    } catch (problem) {
      if (!signal.aborted) throw problem;
    } finally {
      this.#allowance.sampled(meter() ?? 0, this.#grants.sampleShare);
    }
    if (signal.aborted) return denied('cancelled', String(signal.reason));
    return success({ origins: originsOf(source), account: source.account(), ownCpuNs: meter() });
  }

  async #apply(plan: Plan, signal: AbortSignal): Promise<Told<Outcome>> {
    const judged = judgePlan(this.#judging(), plan);
    if (!judged.ok) return judged;
    if (signal.aborted) return denied('cancelled', String(signal.reason));
    const { grant, bytes } = judged.value;
    this.#allowance.begin(grant.name, bytes);
    // What fails in between may have acted on all of it.
    let acted = bytes;
    try {
      const applied = await this.#carryOut(judged.value, signal);
      const tried = applied.receipts.filter((receipt) => receipt.tried).length;
      acted = tried * this.#options.host.identity.geometry.blockBytes;
      return success(outcomeOf(applied, this.#costs()));
    } catch (problem) {
      if (problem instanceof OctavoError && problem.code === 'STATE_LOCKED') acted = 0;
      throw problem;
    } finally {
      this.#allowance.end(grant.name, acted);
    }
  }

  #carryOut(allowed: Allowed, signal: AbortSignal): Promise<Applied> {
    const { host } = this.#options;
    const { plan, grant } = allowed;
    const leash = leashOf(() => this.#judging(), allowed);
    const objection = () => {
      const may = leash(0);
      return typeof may === 'string' ? may : '';
    };
    const actuators = actuatorsOf(host, grant.actuators, {
      parameters: grant.actuatorParameters,
      askDamon: true,
      budgets: plan.budgets,
    });
    const parts = { place: this.#place(), plan, actuators, leash, progress: () => undefined };
    return this.#going.whileAllowed(objection, signal, (either) => applyPlan({ ...parts, signal: either }));
  }
}
