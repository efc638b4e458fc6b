/**
 * The main job on the model kernel, for those who have no rights: the same workload, commands and tables as on live
 * memory, in virtual time. Every command line runs unchanged; only the host behind its door is another one.
 */
import { memoryRows } from './before-after.js';
import { PLAN_WORDS } from './live-demo.js';
import { ModelShell } from './model-shell.js';
import type { Census } from './octavo-command.js';
import type { Story } from './story.js';

const MIB = 512;
const PAGE_BYTES = 4096;
const ADDRESS = '0x100000000000';
/** Every tenth page holds data. */
const STRIDE = '40K';
const PLAN = '/tmp/plan.json';

interface ModelMoment {
  readonly name: string;
  readonly anonHugeKb: number;
  readonly rssKb: number;
  readonly census: Census;
  /** Pages read since the moment before, and the checksum over all pages. */
  readonly reads: string;
  readonly sum: string;
  /** Virtual time of the command before this moment; null before any. */
  readonly seconds: number | null;
}

/** Plays it; returns whether every command ended well and no content changed. */
export async function modelDemo(story: Story): Promise<boolean> {
  const shell = new ModelShell(['--release', '6.18']);
  try {
    return await new ModelDemo(story, shell).play();
  } finally {
    shell.end();
  }
}

class ModelDemo {
  readonly #story: Story;
  readonly #shell: ModelShell;
  readonly #moments: ModelMoment[] = [];
  #pid = 0;

  constructor(story: Story, shell: ModelShell) {
    this.#story = story;
    this.#shell = shell;
  }

  async play(): Promise<boolean> {
    const story = this.#story;
    story.heading('The same on the model kernel, in virtual time. The workload');
    await this.#shell.run('echo madvise > /sys/kernel/mm/transparent_hugepage/enabled');
    const spawned = await this.#shell.run(
      `spawn demo size=${MIB}M at=${ADDRESS} advise=hugepage touch=write stride=${STRIDE}`,
    );
    this.#pid = Number(spawned.split(' ')[0]);
    story.line(
      `Process ${this.#pid} of the model owns ${MIB} MiB that it advised to be huge. A tenth of the sub-pages hold data.`,
    );
    await this.#note('before', null);
    await this.#command(
      'Inspect: folio orders, mapping levels, and what the huge pages really hold',
      `inspect ${this.#pid} --mappings 3`,
      20,
      0,
    );
    await this.#command(
      'Plan: what to split, why, what it brings and what it costs. Nothing is changed yet',
      `plan ${this.#pid} ${PLAN_WORDS.join(' ')} --out ${PLAN}`,
      6,
      4,
    );
    await this.#act('after apply', 'Apply, inside the budgets, and verify by page sizes', `apply ${PLAN}`, 8);
    const run = /\d{8}T\d+Z-[0-9a-f]{4}/.exec(await this.#shell.run('octavo runs'))?.[0];
    await this.#act('after undo', 'Undo: put back what the run changed', `undo ${run}`, 4);
    story.heading('Before and after on the model');
    this.#tell();
    return this.#isSound();
  }

  async #command(title: string, words: string, head: number, tail: number): Promise<void> {
    this.#story.heading(title);
    this.#story.command(words.split(' '), await this.#shell.run(`octavo ${words}`), head, tail);
  }

  async #act(name: string, title: string, words: string, head: number): Promise<void> {
    const began = await this.#time();
    await this.#command(title, words, head, 4);
    await this.#note(name, (await this.#time()) - began);
  }

  async #note(name: string, seconds: number | null): Promise<void> {
    const rollup = await this.#shell.run(`cat /proc/${this.#pid}/smaps_rollup`);
    const field = (wanted: string) => Number(new RegExp(`^${wanted}: +(\\d+) kB`, 'm').exec(rollup)?.[1]);
    const document = JSON.parse(await this.#shell.run(`octavo inspect ${this.#pid} --content none --json`));
    const area = `${this.#pid} ${ADDRESS} ${MIB}M`;
    this.#moments.push({
      name,
      anonHugeKb: field('AnonHugePages'),
      rssKb: field('Rss'),
      census: (document as { processes: { totals: Census }[] }).processes[0].totals,
      reads: await this.#shell.run(`touch ${area} ${STRIDE} read`),
      sum: await this.#shell.run(`sum ${area}`),
      seconds,
    });
  }

  async #time(): Promise<number> {
    return Number.parseFloat(await this.#shell.run('time'));
  }

  #tell(): void {
    const row = (name: string, of: (moment: ModelMoment) => string) => [name, ...this.#moments.map(of)];
    this.#story.table(
      ['', ...this.#moments.map(({ name }) => name)],
      [
        ...memoryRows(this.#moments, PAGE_BYTES),
        row('data pages read', ({ reads }) => reads),
        row('checksum of all pages', ({ sum }) => (sum === this.#moments[0].sum ? 'intact' : 'BROKEN')),
        row('command took (virtual time)', ({ seconds }) =>
          seconds === null ? '-' : `${seconds.toFixed(1)} s`,
        ),
      ],
    );
  }

  #isSound(): boolean {
    const [before, after, undone] = this.#moments;
    const intact = this.#moments.every(({ sum }) => sum === before.sum);
    return intact && after.anonHugeKb < before.anonHugeKb && undone.anonHugeKb === before.anonHugeKb;
  }
}
