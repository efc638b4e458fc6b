/** The demonstration on this machine's own kernel: a sparse workload, and Octavo at work while it is in use. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Moment } from './before-after.js';
import { tellMoments } from './before-after.js';
import type { OctavoCommand } from './octavo-command.js';
import type { MapAnswer } from './protocol.js';
import type { Story } from './story.js';
import { WorkloadClient } from './workload-client.js';

const MIB = 2 ** 20;
/** About a tenth of the sub-pages hold data. */
const USED_SHARE = 0.1;
const NAME = 'demo';
/** What the demonstration asks of `octavo plan`. */
export const PLAN_WORDS = ['--policy', 'return-empty'] as const;
const QUIET_MS = 1500;
/** A machine that took longer until here would take longer than anybody wants to wait for the undo. */
const TAKE_BACK_BEFORE_S = 40;
/** A rest after every 256 accesses keeps the threads from taking both CPUs of a small machine to themselves. */
const THREADS = { name: NAME, readers: 1, writers: 1, restUs: 500 } as const;

export interface LiveDemoOptions {
  readonly story: Story;
  readonly octavo: OctavoCommand;
  /** Directory for the plan. */
  readonly directory: string;
  readonly bytes: number;
  /** Also keep what Octavo sees, for the demonstration without rights. */
  readonly record?: string | undefined;
}

export interface LiveResult {
  readonly sound: boolean;
  readonly pid: number;
  readonly pageBytes: number;
  readonly moments: readonly Moment[];
}

export async function liveDemo(options: LiveDemoOptions): Promise<LiveResult> {
  const workload = await WorkloadClient.start();
  try {
    return await new LiveDemo(options, workload).play();
  } finally {
    await workload.end();
  }
}

class LiveDemo {
  readonly #options: LiveDemoOptions;
  readonly #workload: WorkloadClient;
  readonly #target: string;
  readonly #moments: Moment[] = [];
  #commandsFailed = false;

  constructor(options: LiveDemoOptions, workload: WorkloadClient) {
    this.#options = options;
    this.#workload = workload;
    this.#target = String(workload.pid);
  }

  async play(): Promise<LiveResult> {
    const { story } = this.#options;
    const region = await this.#prepare();
    await this.#lookAround();
    const plan = join(this.#options.directory, 'plan.json');
    await this.#findAndPlan(plan);
    await this.#act('after apply', ['apply', plan], 'Apply, inside the budgets, and verify by page sizes', 8);
    await this.#record(['after', 'inspect', this.#target]);
    await this.#takeBack();
    story.heading('Before and after');
    tellMoments(story, this.#moments, region.pageBytes);
    this.#tellWhatItMeans();
    const sound =
      !this.#commandsFailed &&
      this.#moments.every(({ checksum, report }) => checksum.intact && report.errors === 0);
    return { sound, pid: this.#workload.pid, pageBytes: region.pageBytes, moments: this.#moments };
  }

  async #prepare(): Promise<MapAnswer> {
    const { story, bytes } = this.#options;
    story.heading('The workload');
    const region = await this.#workload.ask('map', { name: NAME, bytes, huge: 'advise', populate: true });
    const { pages } = await this.#workload.ask('fill', {
      name: NAME,
      pattern: { share: USED_SHARE },
      seed: 8,
    });
    story.line(
      `Process ${this.#target} owns ${bytes / MIB} MiB that it advised to be huge. ${pages} of ${region.pages} sub-pages ` +
        `(${((100 * pages) / region.pages).toFixed(1)} %)\nhold data of known content; two threads keep reading and writing them and check what they read.`,
    );
    const huge = this.#rollup('AnonHugePages');
    if (huge * 1024 < bytes) {
      story.line(`The kernel had huge pages for ${huge} kB of it only; memory is fragmented.`);
    }
    return region;
  }

  /** The moment before: what the threads see undisturbed. */
  async #lookAround(): Promise<void> {
    const { story, octavo } = this.#options;
    await this.#workload.ask('start', THREADS);
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    await this.#note('before', null);
    await this.#record(['before', 'plan', this.#target, ...PLAN_WORDS]);
    story.heading('Inspect: folio orders, mapping levels, and what the huge pages really hold');
    this.#watch(await octavo.show(['inspect', this.#target, '--mappings', '3'], 20, 0));
  }

  async #findAndPlan(plan: string): Promise<void> {
    const { story, octavo } = this.#options;
    story.heading('Plan: what to split, why, what it brings and what it costs. Nothing is changed yet');
    this.#watch(await octavo.show(['plan', this.#target, ...PLAN_WORDS, '--out', plan], 6, 4));
  }

  /** Runs a command that acts while the threads go on, then takes the next moment. */
  async #act(name: string, words: readonly string[], title: string, head: number): Promise<void> {
    const { story, octavo } = this.#options;
    story.heading(title);
    await this.#workload.ask('start', THREADS);
    const ended = await octavo.show(words, head, 4);
    this.#watch(ended);
    await this.#note(name, ended.seconds);
  }

  async #takeBack(): Promise<void> {
    const { octavo, story } = this.#options;
    const { runs } = (await octavo.json(['runs'])) as { runs: { run: string }[] };
    const run = runs.at(-1)?.run;
    if (story.seconds > TAKE_BACK_BEFORE_S) {
      story.line(`\nThis machine is busy; the run is not taken back here. It would be: octavo undo ${run}`);
      return;
    }
    if (run) await this.#act('after undo', ['undo', run], 'Undo: put back what the run changed', 4);
  }

  /** Stops the threads and takes down everything that is known now. */
  async #note(name: string, commandSeconds: number | null): Promise<void> {
    const report = await this.#workload.ask('stop', { name: NAME });
    const census = await this.#options.octavo.census(this.#workload.pid);
    const [anonHugeKb, rssKb] = [this.#rollup('AnonHugePages'), this.#rollup('Rss')];
    // Last, since reading every page makes it look used.
    const checksum = await this.#workload.ask('checksum', { name: NAME });
    this.#moments.push({ name, anonHugeKb, rssKb, census, report, checksum, commandSeconds });
  }

  #watch({ code }: { readonly code: number }): void {
    if (code === 0) return;
    this.#commandsFailed = true;
    this.#options.story.line(`(exit code ${code})`);
  }

  #tellWhatItMeans(): void {
    const { story } = this.#options;
    const [before, after] = this.#moments;
    const unchanged = this.#moments.every(({ checksum }) => checksum.intact);
    story.line('');
    story.line(
      `${before.rssKb - after.rssKb} kB went back to the system while the workload was running; ` +
        `${unchanged ? 'no byte of it changed' : 'ITS CONTENT CHANGED, which must never happen'}.`,
    );
    if (after.anonHugeKb > 0) {
      story.line(
        `${after.anonHugeKb} kB were huge again at the second look: khugepaged collapses what is touched, as the plan had warned.`,
      );
    }
    story.line(
      'A thread that touches a block at the very moment it is split or collapsed waits for it; the rest of the worst',
    );
    story.line('gap is the scheduler’s, which “before” shows for this machine without Octavo.');
  }

  /** Records the host for tests, where the options name a folder. */
  async #record([folder, ...words]: readonly string[]): Promise<void> {
    const { record } = this.#options;
    if (!record) return;
    await this.#options.octavo.show(['record-host', join(record, folder), '--', ...words, '--json'], 0, 1);
  }

  #rollup(field: string): number {
    const text = readFileSync(`/proc/${this.#target}/smaps_rollup`, 'latin1');
    return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0);
  }
}
