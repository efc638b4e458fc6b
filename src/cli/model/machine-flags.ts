/** Options that say what machine a foreign tool meets, shared by `model mount` and `model run`. */
import { GENERATION_NAMES, type GenerationName } from '../../model/kernel/damon/core/generations.js';
import {
  ARCHITECTURES,
  type Architecture,
  geometryOf,
  type KernelOptions,
} from '../../model/kernel/state/options.js';
import type { MachineTask } from '../../model/mount/mounted-machine.js';
import { OctavoError } from '../../vocabulary/errors.js';
import { GIB } from '../../vocabulary/units.js';
import { bytesBetween, countBetween, factorBetween, parseFraction, type ValueParser } from '../parameters.js';

/** Parsed options of a model machine: kernel, memory, swap, architecture, page size, tasks. */
export type MachineFlags = {
  readonly kernel: GenerationName;
  readonly memory: number;
  readonly swap: number;
  readonly architecture: Architecture;
  readonly pageSize: number;
  readonly fragmentation: number;
  readonly seed: number;
  readonly speed: number;
  readonly damonStat: boolean;
  readonly task?: readonly MachineTask[];
};

/** `NAME,SIZE[,HOT]`: a process with that much populated memory, of which a share is kept hot. */
export const parseTask: ValueParser<MachineTask> = Object.assign(
  (text: string): MachineTask => {
    const [name, size, hot, ...more] = text.split(',');
    if (!/^[\w.-]{1,15}$/.test(name) || size === undefined || more.length > 0) {
      throw new SyntaxError('is no NAME,SIZE[,HOT]; write redis,256M,0.1');
    }
    return {
      name,
      bytes: partOf(size, parseTaskBytes),
      hot: hot === undefined ? 0 : partOf(hot, parseFraction),
    };
  },
  { accepts: 'NAME,SIZE or NAME,SIZE,HOT' },
);

const parseTaskBytes = bytesBetween(4096, 2 ** 42);

/** One word between the commas; what is wrong with it names it. */
function partOf(word: string, parse: ValueParser<number>): number {
  try {
    return parse(word);
  } catch (problem) {
    if (problem instanceof SyntaxError) throw new SyntaxError(`holds \`${word}\`, which ${problem.message}`);
    throw problem;
  }
}

/** Declarations of the options of a model machine. */
export const machineFlags = {
  kernel: {
    kind: 'enum',
    values: GENERATION_NAMES,
    brief: 'Kernel generation whose files, keywords and behaviour the model has',
    default: '7.3-rfc',
  },
  memory: {
    kind: 'parsed',
    parse: bytesBetween(2 ** 26, 2 ** 42),
    brief: 'Memory of the machine',
    default: '4G',
    placeholder: 'bytes',
  },
  swap: {
    kind: 'parsed',
    parse: bytesBetween(0, 2 ** 42),
    brief: 'Swap space',
    default: '0',
    placeholder: 'bytes',
  },
  architecture: {
    kind: 'enum',
    values: ARCHITECTURES,
    brief: 'Architecture whose page sizes and files the model has',
    default: 'x64',
  },
  pageSize: {
    kind: 'parsed',
    parse: bytesBetween(4096, 65536),
    brief: 'Base pages: 4K, and on arm64 also 16K or 64K',
    default: '4K',
    placeholder: 'bytes',
  },
  fragmentation: {
    kind: 'parsed',
    parse: parseFraction,
    brief: 'Share of huge blocks that hold an unmovable page',
    default: '0',
    placeholder: 'share',
  },
  seed: {
    kind: 'parsed',
    parse: countBetween(0, 0xffffffff),
    brief: 'Seed of all chance in the model',
    default: '1',
    placeholder: 'number',
  },
  speed: {
    kind: 'parsed',
    parse: factorBetween(0.001, 1000),
    brief: 'Virtual seconds for each real one',
    default: '1',
    placeholder: 'factor',
  },
  damonStat: {
    kind: 'boolean',
    brief: 'DAMON_STAT runs from the boot and keeps DAMON to itself, as in many distributions',
    default: false,
    withNegated: false,
  },
  task: {
    kind: 'parsed',
    parse: parseTask,
    brief: 'A process of the model: NAME,SIZE[,HOT], HOT being the share that is accessed all the time',
    variadic: true,
    optional: true,
    placeholder: 'name,size[,hot]',
  },
} as const;

/** The kernel that the flags describe. Throws USAGE for what cannot be. */
export function kernelOptions(flags: MachineFlags): Partial<KernelOptions> {
  checkMemory(flags);
  const { memory, swap, architecture, pageSize, fragmentation, seed } = flags;
  const geometry = geometryOf(architecture, pageSize);
  if (geometry === undefined) throw wrong(`--page-size ${pageSize}: 4K, and on arm64 also 16K or 64K`);
  return { memoryBytes: memory, swapBytes: swap, architecture, geometry, fragmentation, seed };
}

function wrong(problem: string): OctavoError {
  return new OctavoError('USAGE', { problem, command: 'model run' });
}

/** What fits beside the tasks: page tables and the kernel's own. */
function checkMemory(flags: MachineFlags): void {
  const wanted = (flags.task ?? []).reduce((sum, task) => sum + task.bytes, 0);
  if (wanted * 1.01 + GIB / 64 > flags.memory) {
    throw wrong(`tasks of ${wanted} bytes do not fit into a machine of ${flags.memory}`);
  }
}
