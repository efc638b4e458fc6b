import { DATA_SOURCE, SAMPLE_FLAG, sourceFlag } from '../../vocabulary/sample.js';

/**
 * Names of SPE data sources, which are implementation defined: by the CPU's MIDR
 * (tools/perf/util/arm-spe.c, arm_spe__synth_data_source()).
 */
export interface DataSources {
  readonly family: string;
  readonly names: Readonly<Record<number, string>>;
  /** Values that mean memory or a cache of another socket or chip. */
  readonly remote: readonly number[];
  /** DATA_SOURCE of each value; all are below 32. */
  readonly levels: Readonly<Record<number, number>>;
}

/** Data source values that have flags. */
export const SOURCE_VALUES = 32;

const NEOVERSE: DataSources = {
  family: 'Arm Neoverse/Cortex',
  names: {
    0: 'L1 data cache',
    8: 'L2 cache',
    9: 'peer core',
    10: 'local cluster',
    11: 'system cache',
    12: 'peer cluster',
    13: 'remote chip',
    14: 'DRAM',
  },
  remote: [0xd],
  levels: {
    0: DATA_SOURCE.l1,
    8: DATA_SOURCE.l2,
    9: DATA_SOURCE.peerCache,
    10: DATA_SOURCE.l3,
    11: DATA_SOURCE.l3,
    12: DATA_SOURCE.peerCache,
    13: DATA_SOURCE.remoteCache,
    14: DATA_SOURCE.memory,
  },
};

const AMPERE_ONE: DataSources = {
  family: 'AmpereOne',
  names: {
    0: 'cache or device of this chip',
    3: 'system-level cache',
    5: 'cache of another chip',
    7: 'DRAM',
    8: 'L1 data cache',
    9: 'L2 cache',
  },
  remote: [0x5],
  levels: {
    0: DATA_SOURCE.peerCache,
    3: DATA_SOURCE.l3,
    5: DATA_SOURCE.remoteCache,
    7: DATA_SOURCE.memory,
    8: DATA_SOURCE.l1,
    9: DATA_SOURCE.l2,
  },
};

const HIP12: DataSources = {
  family: 'HiSilicon HIP12',
  names: {
    0: 'peer core',
    1: 'peer core, modified',
    2: 'L3 cache',
    3: 'L3 cache, modified',
    4: 'peer cluster',
    5: 'peer cluster, modified',
    6: 'remote socket',
    7: 'remote socket, modified',
    8: 'DRAM',
    9: 'remote DRAM',
    13: 'device',
    16: 'L2 cache',
    17: 'L2 cache, modified',
    18: 'L1 data cache',
  },
  remote: [6, 7, 9],
  levels: {
    0: DATA_SOURCE.peerCache,
    1: DATA_SOURCE.peerCache,
    2: DATA_SOURCE.l3,
    3: DATA_SOURCE.l3,
    4: DATA_SOURCE.peerCache,
    5: DATA_SOURCE.peerCache,
    6: DATA_SOURCE.remoteCache,
    7: DATA_SOURCE.remoteCache,
    8: DATA_SOURCE.localMemory,
    9: DATA_SOURCE.remoteMemory,
    13: DATA_SOURCE.device,
    16: DATA_SOURCE.l2,
    17: DATA_SOURCE.l2,
    18: DATA_SOURCE.l1,
  },
};

/** The table for a CPU that is not known: every source is shown by its number. */
export const UNKNOWN_SOURCES: DataSources = { family: 'unknown CPU', names: {}, remote: [], levels: {} };

/** Arm Ltd. (0x41) parts: A715 A720 A720AE A725 A78C X1 X1C X3 X4 X925 N1 N2 V1 V2 V3. */
const ARM_PARTS = [
  0xd4d, 0xd81, 0xd89, 0xd87, 0xd4b, 0xd44, 0xd4c, 0xd4e, 0xd82, 0xd85, 0xd0c, 0xd49, 0xd40, 0xd4f, 0xd84,
];
const BY_PART = new Map<number, DataSources>([
  ...ARM_PARTS.map((part) => [partKey(0x41, part), NEOVERSE] as const),
  [partKey(0x4e, 0x010), NEOVERSE],
  [partKey(0xc0, 0xac4), AMPERE_ONE],
  [partKey(0x48, 0xd06), HIP12],
]);

function partKey(implementer: number, part: number): number {
  return implementer * 4096 + part;
}

/** The meaning of data sources on a CPU, from its MIDR_EL1. */
export function dataSourcesOf(midr: number): DataSources {
  return BY_PART.get(partKey((midr >>> 24) & 0xff, (midr >>> 4) & 0xfff)) ?? UNKNOWN_SOURCES;
}

/** MIDR of a CPUID feature string as perf writes it on arm64 (hexadecimal); 0 when it is none. */
export function midrOfCpuId(cpuId: string | undefined): number {
  const match = /^0x([0-9a-f]+)/i.exec(cpuId ?? '');
  return match === null ? 0 : Number(BigInt(`0x${match[1]}`) & 0xffffffffn);
}

const TABLES = new Map<DataSources, Uint16Array>();

/** SAMPLE_FLAG bits of each data source value below SOURCE_VALUES, the same array for the same CPU. */
export function sourceFlagsOf(sources: DataSources): Uint16Array {
  const known = TABLES.get(sources);
  if (known !== undefined) return known;
  const table = Uint16Array.from({ length: SOURCE_VALUES }, (_, value) => {
    const remote = sources.remote.includes(value) ? SAMPLE_FLAG.remoteMemory : 0;
    return remote | sourceFlag(sources.levels[value] ?? DATA_SOURCE.unknown);
  });
  TABLES.set(sources, table);
  return table;
}
