/**
 * A process with memory of every kind that a careless look would change, its children, and what command lines about it
 * need: a plan, heat, samples, a run that ended and one that was killed.
 */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import type { MapAnswer, OwnAdvice } from '../../demo/protocol.js';
import { SAMPLE_FIELD as F } from '../../src/formats/perf-abi/constants.js';
import { type WorkloadClient, WorkloadRefusal } from '../live/workload-client.js';
import { killedJournal } from '../support/killed-journal.js';
import type { Scene } from '../support/looking.js';
import { PerfBuilder } from '../support/perf-builder.js';
import { blockAddress, hugeRegion, quietWorkload } from './live-target.js';
import type { OctavoRunner } from './octavo.js';
import type { Seen } from './traces.js';

const CHILDREN = 2;
/** A few sub-pages of each huge page hold data, so that plans have something to say. */
const MOSTLY_EMPTY = { every: 64 };

export interface LookingScene {
  readonly scene: Scene;
  /** Every region as each of its sharers sees it. */
  readonly seen: readonly Seen[];
  /** Memory of another process, which no command is told of. */
  readonly control: readonly Seen[];
  /** Kinds of memory that this machine does not have, with the reason. */
  readonly missing: readonly string[];
  end(): Promise<void>;
}

export async function lookingScene(octavo: OctavoRunner): Promise<LookingScene> {
  const workload = await quietWorkload();
  const other = await quietWorkload();
  const made = new Kinds(workload);
  await made.shared();
  const children: number[] = [];
  for (let child = 0; child < CHILDREN; child++) children.push((await workload.ask('fork', {})).pid);
  const inherited = [...made.regions];
  await made.own();
  const control = new Kinds(other);
  await control.shared();
  await other.ask('fork', {});
  await control.own();
  const [huge, small] = [made.region('huge'), made.region('small')];
  const scene = await filesAbout(octavo, workload.pid, huge, small, made.region('acted'));
  const everyone = (regions: readonly MapAnswer[], pids: readonly number[]) =>
    pids.flatMap((pid) => regions.map((region) => ({ pid, region })));
  return {
    scene,
    seen: [...everyone(made.regions, [workload.pid]), ...everyone(inherited, children)],
    control: everyone(control.regions, [other.pid]),
    missing: made.missing,
    end: async () => {
      await workload.end();
      await other.end();
    },
  };
}

class Kinds {
  readonly regions: MapAnswer[] = [];
  readonly missing: string[] = [];
  readonly #workload: WorkloadClient;
  readonly #block: number;

  constructor(workload: WorkloadClient) {
    this.#workload = workload;
    this.#block = workload.greeting.blockBytes;
  }

  region(name: string): MapAnswer {
    const found = this.regions.find((region) => region.name === name);
    if (found === undefined) throw new Error(`no region ${name}`);
    return found;
  }

  /** What children inherit: huge pages, base pages, and huge pages that are locked. */
  async shared(): Promise<void> {
    await this.#huge('forked', 4);
    await this.#small('forked small', MOSTLY_EMPTY);
    await this.#huge('forked locked', 1);
    await this.#workload.ask('mlock', { name: 'forked locked' });
  }

  /** What the process has for itself. */
  async own(): Promise<void> {
    await this.#huge('huge', 4);
    await this.#huge('acted', 1);
    await this.#small('small', { all: true });
    await this.#small('holes', { every: 100 });
    await this.#huge('locked', 1);
    await this.#workload.ask('mlock', { name: 'locked' });
    await this.#huge('protected', 1);
    await this.#workload.ask('protect', { name: 'protected', access: 'none' });
    await this.#memfd();
    await this.#huge('guarded', 2);
    await this.#advise('guarded', 'MADV_GUARD_INSTALL', 4);
    await this.#armed();
    await this.#swapped();
  }

  async #huge(name: string, blocks: number): Promise<void> {
    this.regions.push(await hugeRegion(this.#workload, name, blocks * this.#block));
    await this.#workload.ask('fill', { name, pattern: MOSTLY_EMPTY });
  }

  async #small(name: string, pattern: { every: number } | { all: true }): Promise<void> {
    const region = await this.#workload.ask('map', { name, bytes: 2 * this.#block, huge: 'never' });
    this.regions.push(region);
    await this.#workload.ask('fill', { name, pattern });
  }

  async #memfd(): Promise<void> {
    const name = 'memfd';
    this.regions.push(await this.#workload.ask('map', { name, bytes: 4 * this.#block, kind: 'memfd' }));
    const pages = this.#block / this.#workload.greeting.pageBytes;
    await this.#workload.ask('touch', { name, pages: 2 * pages, write: true });
    await this.#workload
      .ask('advise', { name, pages, advice: 'MADV_COLLAPSE' })
      .catch(this.#without('huge shmem'));
  }

  async #advise(name: string, advice: OwnAdvice, pages: number): Promise<void> {
    await this.#workload.ask('advise', { name, pages, advice }).catch(this.#without(`${name} memory`));
  }

  /** A huge page and a hole, of which the hole stops whoever touches it. */
  async #armed(): Promise<void> {
    const name = 'armed';
    const region = await this.#workload.ask('map', { name, bytes: 2 * this.#block });
    const pages = this.#block / region.pageBytes;
    await this.#workload.ask('touch', { name, pages, write: true });
    await this.#workload.ask('advise', { name, pages, advice: 'MADV_COLLAPSE' });
    await this.#workload.ask('userfault', { name }).catch(this.#without('userfaultfd'));
    this.regions.push(region);
  }

  async #swapped(): Promise<void> {
    if (readFileSync('/proc/swaps', 'latin1').trim().split('\n').length < 2) {
      this.missing.push(
        'swapped memory: this machine has no swap (the model has: test/model/looking.test.ts)',
      );
      return;
    }
    await this.#small('swapped', { all: true });
    await this.#workload.ask('advise', { name: 'swapped', advice: 'MADV_PAGEOUT' });
  }

  #without(what: string) {
    return (problem: unknown): void => {
      if (!(problem instanceof WorkloadRefusal)) throw problem;
      this.missing.push(`${what}: ${problem.message}`);
    };
  }
}

async function filesAbout(
  octavo: OctavoRunner,
  pid: number,
  huge: MapAnswer,
  small: MapAnswer,
  acted: MapAnswer,
): Promise<Scene> {
  const [plan, heat, laterHeat, perf] = ['plan.json', 'heat.parquet', 'later.parquet', 'perf.data'].map(
    (name) => octavo.path(name),
  );
  const [schemes, script, configuration] = ['schemes.json', 'script.octavo', 'agent.yaml'].map((name) =>
    octavo.path(name),
  );
  await octavo.json(['plan', `${pid}`, '--split', blockAddress(acted, 0), '--out', plan]);
  const { run: ended } = await octavo.json<{ run: string }>(['apply', plan], [0]);
  await octavo.json(['plan', `${pid}`, '--split', blockAddress(huge, 0), '--out', plan]);
  for (const offset of [4, 0]) {
    const builder = new PerfBuilder().attr({ sampleType: F.tid | F.time | F.addr, name: 'loads' });
    for (let page = offset; page < huge.pages; page += 8)
      builder.sample({
        pid,
        time: BigInt(page),
        addr: BigInt(huge.firstPage + page) * BigInt(huge.pageBytes),
      });
    writeFileSync(perf, builder.describeEvents().file());
    await octavo.json(['import', perf, '--out', offset === 0 ? heat : laterHeat]);
  }
  writeFileSync(schemes, '[{"action":"stat"}]');
  writeFileSync(script, 'time\n');
  writeFileSync(configuration, 'octavo: agent\nversion: 1\n');
  let names = 0;
  return {
    ...{ pid, plan, heat, laterHeat, perf, schemes, script, configuration, ended },
    huge: blockAddress(huge, 0),
    small: blockAddress(small, 0),
    killed: killedCopy(octavo, ended),
    fresh: (name) => octavo.path(`${++names}-${name}`),
  };
}

/** A run whose journal ends with the announcement of its only step, as a SIGKILL leaves it. */
function killedCopy(octavo: OctavoRunner, run: string): string {
  const killed = run.replace(/....$/, 'dead');
  const folder = octavo.path(`state/runs/${killed}`);
  cpSync(octavo.path(`state/runs/${run}`), folder, { recursive: true });
  const journal = `${folder}/journal.jsonl`;
  writeFileSync(journal, killedJournal(readFileSync(journal, 'utf8')));
  return killed;
}
