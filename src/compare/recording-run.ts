/**
 * A contender on a recording, without a model of time: its rule is asked turn by turn, what it proposes is done at once and
 * for nothing, and the layout that comes of it is judged by a TLB that plays the other half of the recording.
 */
import { SeededRandom } from '../base/seeded-random.js';
import { CPUS } from '../model/cpus/catalogue.js';
import type { Cpu } from '../model/cpus/cpu.js';
import { BATCH, Tlb, windowsFor } from '../model/hardware/tlb.js';
import { DEFAULT_PARAMETERS, policyOf } from '../policies/policy.js';
import type { Scenario } from '../simulator/scenario/scenario.js';
import { AliasTable } from '../simulator/workloads/alias-table.js';
import { BLOCK_FLAG, type BlockColumns, MAPPING_LEVEL, type PageSizes } from '../vocabulary/page-sizes.js';
import type { Nanoseconds } from '../vocabulary/units.js';
import type { CellAnswer, CellRun } from './cell-run.js';
import type { Contender } from './contenders/contender.js';
import { placeOf } from './dress.js';
import { LayoutSpace } from './layout-space.js';
import { nsOfCycle } from './rates.js';
import { RECORDED, RecordedWorld, TURNS } from './recorded-world.js';
import { boundsOf } from './stretch-bounds.js';

/** Accesses that are played to fill the TLB, and then to judge by. */
const WARM_UP = 2e5;
const JUDGED = 1e6;

/** Runs a contender on a recording and returns its figures, or why it cannot be run without a kernel. */
export function runRecording(
  scenario: Scenario,
  contender: Contender,
  seed: number,
  recording: { readonly path: string; readonly text: string },
): CellAnswer {
  const place = placeOf(scenario);
  const rule = contender.rule?.(place);
  const isRuler = contender.name === 'never' || contender.name === 'always';
  if (rule === undefined && !isRuler) {
    return { kind: 'none', why: 'it acts in the kernel as time goes by, and a recording has no time' };
  }
  const world = new RecordedWorld(recording.text, recording.path, place.geometry, seed);
  const isHugeFirst = contender.thp(place).enabled === 'always';
  const layout = new RecordedLayout(world, isHugeFirst);
  const policy = rule && policyOf(rule.kind, rule.parameters);
  for (let turn = 0; policy !== undefined && turn < TURNS; turn++) {
    const input = { sizes: layout.sizes(), heat: world.heatOf(turn), parameters: DEFAULT_PARAMETERS };
    const { proposals, passedOver } = policy.propose(input);
    layout.act(proposals);
    layout.unknown = passedOver.reduce(
      (sum, { code, blocks }) => sum + (code === 'unknown-heat' ? blocks : 0),
      0,
    );
  }
  return { kind: 'run', run: layout.judge(scenario, seed, contender, policy !== undefined) };
}

class RecordedLayout {
  readonly #world: RecordedWorld;
  readonly #isHuge: Uint8Array;
  readonly #isHugeFirst: boolean;
  readonly #changes: Uint16Array;
  unknown = 0;

  constructor(world: RecordedWorld, isHugeFirst: boolean) {
    this.#world = world;
    this.#isHugeFirst = isHugeFirst;
    this.#isHuge = new Uint8Array(world.blocks).fill(isHugeFirst ? 1 : 0);
    this.#changes = new Uint16Array(world.blocks);
  }

  act(proposals: readonly { readonly block: number; readonly action: 'split' | 'collapse' }[]): void {
    for (const { block, action } of proposals) {
      const wanted = action === 'collapse' ? 1 : 0;
      if (this.#isHuge[block] === wanted) continue;
      this.#isHuge[block] = wanted;
      this.#changes[block]++;
    }
  }

  /** Every block of the recording, whole in one anonymous mapping. */
  sizes(): PageSizes {
    const { geometry, blocks: count, pages } = this.#world;
    const orders = geometry.hugeOrder + 1;
    const columns = {
      ...{ count, orders },
      block: Float64Array.from({ length: count }, (_, block) => block),
      mapping: new Uint32Array(count),
      level: new Uint8Array(count),
      flags: new Uint16Array(count).fill(BLOCK_FLAG.wholeInMapping | BLOCK_FLAG.contiguousFrames),
      present: new Uint16Array(count),
      zeroMapped: new Uint16Array(count),
      swapped: new Uint16Array(count),
      unmapped: new Uint32Array(count),
      firstFrame: Float64Array.from({ length: count }, (_, block) => (block + 1) * geometry.pagesPerBlock),
      pagesByOrder: new Uint16Array(count * orders),
    } satisfies BlockColumns;
    for (let block = 0; block < count; block++) {
      const isHuge = this.#isHuge[block] === 1;
      const present = isHuge ? geometry.pagesPerBlock : this.#world.usedIn(block);
      columns.level[block] = isHuge ? MAPPING_LEVEL.pmd : MAPPING_LEVEL.pte;
      columns.present[block] = present;
      columns.pagesByOrder[block * orders + (isHuge ? geometry.hugeOrder : 0)] = present;
    }
    const area = {
      start: 0,
      end: pages,
      offset: 0,
      permissions: 'rw-p',
      name: '',
      kind: 'anon',
      flags: [],
    } as const;
    return {
      process: RECORDED,
      geometry,
      takenAtMs: 0,
      mappings: [{ ...area, thpEligible: true }],
      blocks: columns,
      ordersKnown: true,
      thpDisabledByPrctl: false,
    };
  }

  judge({ host }: Scenario, seed: number, { name }: Contender, hasRule: boolean): CellRun {
    const cpu = CPUS[host.cpu];
    const { geometry, blocks } = this.#world;
    const windows = windowsFor(cpu, geometry);
    const space = new LayoutSpace(this.#isHuge, this.#world.used, geometry, this.#isHugeFirst);
    const window = windows.open(space, 0, this.#world.pages);
    const tlb = new Tlb(cpu, windows);
    const draws = new Draws(this.#world, seed);
    for (let made = 0; made < WARM_UP; made += BATCH) tlb.access(window, draws.next(), BATCH);
    const before = tlb.counters;
    let accesses = 0;
    for (; accesses < JUDGED; accesses += BATCH) tlb.access(window, draws.next(), BATCH);
    const after = tlb.counters;
    const nsPerAccess = ((after.cycles - before.cycles) * nsOfCycle(cpu)) / accesses;
    const rss = this.#bytes();
    const acted = this.#changes.filter((count) => count > 0).length;
    const actions = this.#changes.reduce((sum, count) => sum + count, 0);
    return {
      processes: [{ name: RECORDED.command, accesses, nsPerAccess, rss }],
      ...{ meanRss: rss, peakRss: rss, reclaimableBytes: 0, majorFaults: 0 },
      ...{ blocks, actions, churn: actions - acted, actedShare: acted / blocks },
      ...{ workNs: 0, ownCpuNs: 0, p999Ns: 0, worstGapNs: 0 },
      agent: hasRule
        ? {
            turns: TURNS,
            steps: actions,
            refused: 0,
            undone: 0,
            unknownShare: Math.min(1, this.unknown / blocks),
          }
        : null,
      bound: name === 'never' ? this.#bound(cpu, nsPerAccess) : null,
    };
  }

  #bound(cpu: Cpu, translationNs: Nanoseconds): CellRun['bound'] {
    const { geometry, judged, used } = this.#world;
    const { leastNs, knownNs } = boundsOf({ counts: judged, used }, geometry, cpu);
    return { leastNs: [...leastNs], knownNs: [...knownNs], translationNs };
  }

  #bytes(): number {
    const { geometry } = this.#world;
    const pages = this.#isHuge.reduce(
      (sum, isHuge, block) => sum + (isHuge === 1 ? geometry.pagesPerBlock : this.#world.usedIn(block)),
      0,
    );
    return pages * geometry.pageBytes;
  }
}

/** Accesses drawn from the half of the recording that no policy has seen; the same for all of one seed. */
class Draws {
  readonly #table: AliasTable;
  readonly #random: SeededRandom;
  readonly #batch = new Uint32Array(BATCH);

  constructor({ judged }: RecordedWorld, seed: number) {
    this.#table = new AliasTable(judged);
    this.#random = new SeededRandom(seed ^ 0x7a11);
  }

  next(): Uint32Array {
    for (let i = 0; i < BATCH; i++) this.#batch[i] = this.#table.draw(this.#random) << 1;
    return this.#batch;
  }
}
