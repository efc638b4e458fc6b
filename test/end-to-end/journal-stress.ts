/**
 * The journal under stress: readers of every kind in tight loops beside `apply`, `run` and `undo`, which are killed at
 * random points. After each of them the journals have to say what page tables say, and at last undo takes back all.
 */
import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { MapAnswer } from '../../demo/protocol.js';
import { changes } from '../../src/cycle/acts.js';
import { listRuns, readRun } from '../../src/cycle/journal.js';
import { asIfRecovered, lastVerdicts } from '../../src/cycle/recovery.js';
import { linuxHost } from '../../src/host/linux/linux-host.js';
import type { WorkloadClient } from '../live/workload-client.js';
import { xorshift } from '../support/random.js';
import { octavo as here } from './in-process.js';
import { addressRange, firstBlock, hugeBlocks, hugeRegion, MIB, quietWorkload } from './live-target.js';
import { OctavoRunner } from './octavo.js';

const READER = fileURLToPath(new URL('./journal-reader.js', import.meta.url));
const NAME = 'stressed';
const BLOCKS = 48;
const GUARDS = ['--max-pressure', '100', '--min-free-blocks', '0'];
/** A turn acts on so many blocks at most: their locks are paced, so that all of them would take a minute on a busy machine. */
const MOST_BLOCKS = 16;
/** Kills come when the journal has up to so many lines, which is about where runs over so many blocks end. */
const MOST_LINES = 20;
const LONGEST_MS = 40;

export interface StressReport {
  readonly runs: number;
  readonly killed: number;
  readonly byCommand: Readonly<Record<string, number>>;
  readonly reads: Readonly<Record<string, number>>;
  /** Blocks in all runs that were split or collapsed by their journals. */
  readonly acts: number;
  /** Runs that were taken back at the end. */
  readonly takenBack: number;
}

/** Throws an AssertionError at the first difference between journals and page tables. */
export async function stressJournal(rounds: number, seed: number, readers: number): Promise<StressReport> {
  const runner = new OctavoRunner();
  const workload = await quietWorkload();
  try {
    const region = await hugeRegion(workload, NAME, BLOCKS * 2 * MIB);
    await workload.ask('fill', { name: NAME, pattern: { every: 2 } });
    await workload.ask('start', { name: NAME, readers: 1, writers: 1, restUs: 2000 });
    const report = await new Stress(runner, workload, region, xorshift(seed)).all(rounds, readers);
    const content = await workload.ask('stop', { name: NAME });
    assert.equal(content.errors, 0, content.firstErrors.join('; '));
    return report;
  } finally {
    await workload.end();
    runner.remove();
  }
}

class Stress {
  readonly #runner: OctavoRunner;
  readonly #workload: WorkloadClient;
  readonly #region: MapAnswer;
  readonly #draw: () => number;
  readonly #state: string;
  readonly #byCommand: Record<string, number> = {};
  #killed = 0;

  constructor(runner: OctavoRunner, workload: WorkloadClient, region: MapAnswer, draw: () => number) {
    this.#runner = runner;
    this.#workload = workload;
    this.#region = region;
    this.#draw = draw;
    this.#state = runner.path('state');
  }

  async all(rounds: number, readers: number): Promise<StressReport> {
    const started = Array.from({ length: readers }, () => this.#reader());
    for (let round = 0; round < rounds; round++) {
      await this.#round();
      this.#compare(`round ${round}`);
    }
    const reads = await tallied(started);
    const acts = this.#journalled().acts;
    const takenBack = await this.#takeAllBack();
    return { runs: rounds, killed: this.#killed, byCommand: this.#byCommand, reads, acts, takenBack };
  }

  /** One command that acts, killed three times in four at a random moment. */
  async #round(): Promise<void> {
    const words = await this.#command();
    const kill = { lines: 1 + this.#upTo(MOST_LINES), ms: this.#upTo(LONGEST_MS) };
    const ended = await this.#runner.run(words, this.#upTo(4) < 3 ? kill : undefined);
    this.#byCommand[words[0]] = (this.#byCommand[words[0]] ?? 0) + 1;
    if (ended.signal === 'SIGKILL') this.#killed++;
    else assert.equal(ended.code, 0, `${words.join(' ')}: ${ended.stderr}${ended.stdout}`);
  }

  async #command(): Promise<readonly string[]> {
    const pid = String(this.#workload.pid);
    const huge = this.#truth().filter(Boolean).length;
    const action = huge * 2 >= BLOCKS ? '--split' : '--collapse';
    const turn = [pid, action, this.#someBlocks(), '--actuator', 'madvise', ...GUARDS];
    const last = listRuns(this.#place).at(-1);
    const kind = this.#upTo(3);
    if (kind === 0 && last !== undefined) return ['undo', last];
    if (kind === 1) return ['run', ...turn];
    const path = this.#runner.path('plan.json');
    const planned = await here(['plan', ...turn, '--out', path]);
    assert.equal(planned.code, 0, planned.stderr);
    return ['apply', path];
  }

  /** The addresses of some blocks in a row, anywhere in the region. */
  #someBlocks(): string {
    const count = 1 + this.#upTo(MOST_BLOCKS);
    const { address, blockBytes } = this.#region;
    const from = Number(address) + this.#upTo(BLOCKS - count + 1) * blockBytes;
    return `0x${from.toString(16)}-0x${(from + count * blockBytes).toString(16)}`;
  }

  get #place() {
    return { host: linuxHost(), directory: this.#state };
  }

  #truth(): readonly boolean[] {
    return hugeBlocks(this.#workload.pid, this.#region);
  }

  /** What the journals say of every block, run by run. */
  #journalled(): { readonly huge: readonly boolean[]; readonly acts: number } {
    const huge: boolean[] = Array(BLOCKS).fill(true);
    const first = firstBlock(this.#region);
    let acts = 0;
    for (const name of listRuns(this.#place)) {
      const read = readRun(this.#place, name);
      const run = read && asIfRecovered(this.#place.host, read);
      const verdicts = run ? lastVerdicts(run) : new Map();
      for (const { id, proposal } of run?.plan.steps ?? []) {
        if (verdicts.get(id)?.outcome !== 'met') continue;
        huge[proposal.block - first] = proposal.action === 'collapse';
        acts++;
      }
    }
    return { huge, acts };
  }

  #compare(when: string): void {
    assert.deepEqual(this.#journalled().huge, this.#truth(), `journals against page tables, ${when}`);
  }

  /** Undoes the runs that split what is small, the newest first, until everything is as it was at first. */
  async #takeAllBack(): Promise<number> {
    const taken = new Set<string>();
    for (let run = this.#newestSplitter(); run !== undefined; run = this.#newestSplitter()) {
      assert.ok(!taken.has(run), `undo ${run} has not taken back what the run did`);
      taken.add(run);
      const undone = await here(['undo', run, '--state', this.#state]);
      assert.equal(undone.code, 0, undone.stderr + undone.stdout);
      this.#compare(`after undo ${run}`);
    }
    assert.ok(this.#truth().every(Boolean), 'a block is small that no run has split');
    return taken.size;
  }

  /** The newest run that, by the journals, was the last to change a block, and split it. */
  #newestSplitter(): string | undefined {
    const last = new Map<number, { run: string; action: string }>();
    for (const name of listRuns(this.#place)) {
      const read = readRun(this.#place, name);
      for (const { step } of read ? changes(asIfRecovered(this.#place.host, read)) : [])
        last.set(step.proposal.block, { run: name, action: step.proposal.action });
    }
    const splits = [...last.values()].filter(({ action }) => action === 'split').map(({ run }) => run);
    return splits.sort().at(-1);
  }

  #reader(): ChildProcessWithoutNullStreams {
    const words = [READER, this.#state, String(this.#workload.pid), addressRange(this.#region)];
    return spawn(process.execPath, words, { stdio: 'pipe' });
  }

  #upTo(bound: number): number {
    return this.#draw() % bound;
  }
}

/** Ends the readers; answers what they read, and fails when one met anything wrong. */
async function tallied(readers: readonly ChildProcessWithoutNullStreams[]): Promise<Record<string, number>> {
  const reads: Record<string, number> = {};
  for (const reader of readers) {
    let text = '';
    reader.stdout.on('data', (chunk: Buffer) => {
      text += chunk;
    });
    let errors = '';
    reader.stderr.on('data', (chunk: Buffer) => {
      errors += chunk;
    });
    const ended = new Promise((resolve) => reader.once('close', resolve));
    reader.stdin.end();
    await ended;
    assert.notEqual(text, '', errors);
    const { counts, wrong } = JSON.parse(text) as { counts: Record<string, number>; wrong: string[] };
    assert.deepEqual(wrong, []);
    for (const [way, count] of Object.entries(counts)) reads[way] = (reads[way] ?? 0) + count;
  }
  return reads;
}
