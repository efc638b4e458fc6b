/** The fuzz of the tree on a model with processes whose memory DAMON really splits, collapses and reclaims. */
import { access } from '../../src/model/kernel/access/access.js';
import { exit } from '../../src/model/kernel/address-space/processes.js';
import { violations } from '../../src/model/kernel/checks/invariants.js';
import { GENERATIONS, type GenerationName } from '../../src/model/kernel/damon/core/generations.js';
import type { ModelFile, ModelNode } from '../../src/model/kernel/state/file-tree.js';
import { Fuzzer, type FuzzTarget } from './fuzz.js';
import { type Area, ModelBench, PAGE } from './model-bench.js';

export interface ModelFuzzOutcome {
  readonly writes: number;
  readonly commands: number;
  readonly answers: Map<string, number>;
  readonly started: number;
  readonly split: number;
  readonly collapsed: number;
  readonly checks: number;
  readonly violations: string[];
}

/** Writes between two looks at every invariant. */
const CHECK_EVERY = 2_000;

export function fuzzModel(
  generation: GenerationName,
  seed: number,
  writes: number,
  progress: (done: number) => void = () => {},
): ModelFuzzOutcome {
  const bench = new ModelBench(generation, { memoryBytes: 2 ** 28, swapBytes: 2 ** 26, seed });
  const areas = [bench.area(6), bench.area(4, 'tmpfs'), bench.area(3)];
  for (const area of areas) bench.touch(area);
  const target: FuzzTarget = {
    tree: bench.damon.tree,
    generation: GENERATIONS[generation],
    get processes() {
      return areas.map(({ pid, start, pages }) => ({
        pid,
        start: start * PAGE,
        end: (start + pages) * PAGE,
      }));
    },
    write: (path, text) => bench.write(path, text),
    advance: (ms) => bench.advance(ms),
  };
  const fuzzer = new Fuzzer(target, seed);
  const found: string[] = [];
  let commands = 0;
  let checks = 0;
  for (let done = 0; done < writes && found.length === 0; done += CHECK_EVERY) {
    commands += fuzzer.run(Math.min(CHECK_EVERY, writes - done)).commands;
    pokeElsewhere(bench, fuzzer);
    useMemory(bench, areas, fuzzer);
    found.push(...violations(bench.kernel));
    checks++;
    progress(done);
  }
  const { byOrder } = bench.kernel.counters;
  const sum = (column: Float64Array) => column.reduce((total, value) => total + value, 0);
  return {
    writes,
    commands,
    answers: fuzzer.answers,
    started: bench.kernel.nextPid,
    split: sum(byOrder.split),
    collapsed: sum(byOrder.collapse_alloc),
    checks,
    violations: found,
  };
}

const ELSEWHERE = ['/sys/module', '/sys/kernel/tracing'];
const POKES = 100;

/** The modules' parameters and tracefs get their share; whatever a module started is stopped again. */
function pokeElsewhere(bench: ModelBench, fuzzer: Fuzzer): void {
  const files = ELSEWHERE.flatMap((path) => filesBelow(bench.kernel.files.find(path)));
  for (let poke = 0; poke < POKES; poke++) {
    const file = fuzzer.pick(files);
    file.read?.();
    file.take?.(4096);
    file.write?.(fuzzer.randomText());
    if (fuzzer.below(10) === 0) bench.advance(fuzzer.below(200));
  }
  for (const module of ['stat', 'reclaim', 'lru_sort']) {
    const enabled = bench.kernel.files.find(`/sys/module/damon_${module}/parameters/enabled`);
    if (typeof enabled === 'object' && enabled.kind === 'file') enabled.write?.('N');
  }
}

function filesBelow(node: ModelNode | string): ModelFile[] {
  if (typeof node === 'string' || node.kind === 'symlink') return [];
  if (node.kind === 'file') return [node];
  return node.names().flatMap((name) => filesBelow(node.lookup(name) ?? ''));
}

/** The workloads go on meanwhile, and now and then one of them ends and is started anew. */
function useMemory(bench: ModelBench, areas: Area[], fuzzer: Fuzzer): void {
  for (const { mm, start, pages } of areas) {
    for (let count = 0; count < 500; count++) access(bench.kernel, mm, start + fuzzer.below(pages), true);
  }
  const victim = areas[2];
  const process = bench.kernel.processes.get(victim.pid);
  if (process === undefined || fuzzer.below(4) > 0) return;
  exit(bench.kernel, process);
  areas[2] = bench.area(3);
  bench.touch(areas[2]);
}
