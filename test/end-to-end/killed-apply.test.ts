/**
 * `apply` killed by SIGKILL at random moments. After every kill the journal, settled by the next start, has to say
 * exactly what page tables say, and no block may be acted on twice. OCTAVO_KILLS sets how often (default 6).
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { MapAnswer } from '../../demo/protocol.js';
import { skipUnlessLive } from '../live/abilities.js';
import type { WorkloadClient } from '../live/workload-client.js';
import { BAD_INPUT, DONE, type Failure, type JournalDocument } from './documents.js';
import { addressRange, firstBlock, hugeBlocks, hugeRegion, MIB, quietWorkload } from './live-target.js';
import { type Kill, OctavoRunner } from './octavo.js';

const KILLS = Number(process.env.OCTAVO_KILLS ?? 6);
const NAME = 'killed';
const BLOCKS = 48;
/** Less than the usual share of the time, so that a run lasts for a while on any machine, and minutes on none. */
const SLOW = ['--lock-share', '0.05', '--max-pressure', '100', '--min-free-blocks', '0'];
/** Kills in the time when the run acts come when its journal has up to so many lines, the others within so long. */
const MOST_LINES = 60;
const LONGEST_MS = 2000;

describe(`apply killed ${KILLS} times`, { skip: skipUnlessLive() }, () => {
  const octavo = new OctavoRunner();
  let workload: WorkloadClient;
  let region: MapAnswer;

  before(async () => {
    workload = await quietWorkload();
    region = await hugeRegion(workload, NAME, BLOCKS * 2 * MIB);
    await workload.ask('fill', { name: NAME, pattern: { every: 2 } });
  });

  after(async () => {
    await workload?.end();
    octavo.remove();
  });

  it('always knows what was done, loses nothing and does nothing twice', async () => {
    const kills = new Kills(octavo, workload, region);
    await workload.ask('start', { name: NAME, readers: 1, writers: 1, restUs: 2000 });
    for (
      let action: Action = 'split';
      kills.count < KILLS;
      action = action === 'split' ? 'collapse' : 'split'
    ) {
      await kills.untilDone(action);
    }
    const report = await workload.ask('stop', { name: NAME });
    assert.equal(report.errors, 0, report.firstErrors.join('; '));
    const content = await workload.ask('checksum', { name: NAME });
    assert.ok(content.intact, content.firstWrong.join('; '));
    console.log(`# ${kills.count} kills: ${kills.told}`);
  });
});

/** Two in three fall into the time when the run acts; the others anywhere, starting up included. */
function randomKill(): Kill {
  if (Math.random() >= 2 / 3) return { lines: 0, ms: Math.random() * LONGEST_MS };
  return { lines: 1 + Math.floor(MOST_LINES * Math.random()), ms: Math.random() * 20 };
}

type Action = 'split' | 'collapse';

class Kills {
  count = 0;
  readonly #octavo: OctavoRunner;
  readonly #workload: WorkloadClient;
  readonly #region: MapAnswer;
  readonly #moments = {
    'before the journal': 0,
    'before the first act': 0,
    'in the middle': 0,
    'after the end': 0,
  };
  #plans = 0;
  #lastChecked: string | undefined;

  constructor(octavo: OctavoRunner, workload: WorkloadClient, region: MapAnswer) {
    this.#octavo = octavo;
    this.#workload = workload;
    this.#region = region;
  }

  get told(): string {
    return Object.entries(this.#moments)
      .map(([moment, count]) => `${count} ${moment}`)
      .join(', ');
  }

  /** One plan over all blocks, applied and killed again and again until it is carried out. */
  async untilDone(action: Action): Promise<void> {
    const plan = this.#octavo.path(`plan-${this.#plans++}.json`);
    const pid = String(this.#workload.pid);
    const words = ['plan', pid, `--${action}`, addressRange(this.#region), '--actuator', 'madvise'];
    await this.#octavo.json([...words, ...SLOW, '--out', plan]);
    const settled = new Set<number>();
    while (this.count < KILLS) {
      const ended = await this.#octavo.run(['apply', plan], randomKill());
      if (ended.signal !== 'SIGKILL') {
        assert.equal(ended.code, 0, ended.stderr + ended.stdout);
        break;
      }
      this.count++;
      await this.#check(action, settled);
    }
    await this.#finish(action, plan);
  }

  /** Settles what was killed by a command that acts on nothing, then holds the journals against page tables. */
  async #check(action: Action, settled: Set<number>): Promise<void> {
    const truth = this.#done(action);
    const last = this.#octavo.runs().at(-1);
    const journal = last === undefined || last === this.#lastChecked ? undefined : await this.#settle(last);
    assert.deepEqual(this.#done(action), truth, 'settling a run changed memory');
    if (journal) return this.#compare(journal, truth, settled);
    this.#moments['before the journal']++;
    assert.deepEqual(sorted(settled), truth, 'something was done without a journal');
  }

  /** The settled journal of a run; undefined when the run was killed before its journal began. */
  async #settle(run: string): Promise<JournalDocument | undefined> {
    const nothing = this.#octavo.path('nothing.json');
    const words = ['plan', String(this.#workload.pid), '--split', addressRange(this.#region)];
    await this.#octavo.run([...words, '--max-bytes', '1', '--out', nothing]);
    await this.#octavo.run(['apply', nothing]);
    this.#lastChecked = this.#octavo.runs().at(-1);
    const told = await this.#octavo.json<JournalDocument | Failure>(['runs', run], [DONE, BAD_INPUT]);
    if (!('code' in told)) return told;
    assert.equal(told.code, 'RUN_NOT_FOUND');
    return undefined;
  }

  #compare(journal: JournalDocument, truth: readonly number[], settled: Set<number>): void {
    const first = firstBlock(this.#region);
    const blockOf = (step: number) => journal.plan.steps[step].proposal.block - first;
    const announced = journal.records.flatMap((record) =>
      record.kind === 'intent' && 'steps' in record ? record.steps : [],
    );
    const twice = announced.map(blockOf).filter((block) => settled.has(block));
    assert.deepEqual(twice, [], `run ${journal.run} announced blocks that an earlier run had done`);
    const met = journal.verdicts.filter(({ outcome }) => outcome === 'met').map(({ step }) => blockOf(step));
    for (const block of met) settled.add(block);
    assert.deepEqual(sorted(settled), truth, `journal of ${journal.run} against page tables`);
    assert.notEqual(journal.state, 'active');
    const moment =
      announced.length === 0
        ? 'before the first act'
        : truth.length === BLOCKS
          ? 'after the end'
          : 'in the middle';
    this.#moments[moment]++;
  }

  /** Carries the plan out without a kill. */
  async #finish(action: Action, plan: string): Promise<void> {
    const ended = await this.#octavo.run(['apply', plan]);
    assert.equal(ended.code, 0, ended.stderr + ended.stdout);
    assert.equal(this.#done(action).length, BLOCKS);
    this.#lastChecked = this.#octavo.runs().at(-1);
  }

  /** Blocks that are as the action wants them, by page tables and frame flags. */
  #done(action: Action): readonly number[] {
    return hugeBlocks(this.#workload.pid, this.#region).flatMap((huge, block) =>
      huge === (action === 'collapse') ? [block] : [],
    );
  }
}

function sorted(blocks: ReadonlySet<number>): readonly number[] {
  return [...blocks].sort((left, right) => left - right);
}
