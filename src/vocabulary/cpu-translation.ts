/** Translation costs by what /proc/cpuinfo says of the CPU: sizes of the second-level TLB from manuals and registers. Pure. */

import { type Translation, USUAL_TRANSLATION } from './translation.js';
import { KIB, type PageGeometry } from './units.js';

interface Core {
  readonly name: string;
  readonly entries: number;
  /** Where huge translations may not take all of them. */
  readonly hugeEntries?: number;
}

/** AMD by family, from a model number on; the last that fits. AMD software optimisation guides, CPUID 0x80000006. */
const AMD: readonly (readonly [family: number, fromModel: number, core: Core])[] = [
  [23, 0, { name: 'Zen', entries: 1536 }],
  [23, 0x30, { name: 'Zen 2', entries: 2048 }],
  [25, 0, { name: 'Zen 3', entries: 2048 }],
  [25, 0x10, { name: 'Zen 4', entries: 3072 }],
  [25, 0x20, { name: 'Zen 3', entries: 2048 }],
  [25, 0x60, { name: 'Zen 4', entries: 3072 }],
  [26, 0, { name: 'Zen 5', entries: 4096 }],
];

/** Intel family 6 by model. Intel 64 and IA-32 Architectures Optimization Reference Manual. */
const INTEL: ReadonlyMap<number, Core> = new Map([
  [85, { name: 'Skylake-SP', entries: 1536 }],
  [106, { name: 'Ice Lake-SP', entries: 2048, hugeEntries: 1024 }],
  [143, { name: 'Sapphire Rapids', entries: 2048, hugeEntries: 1024 }],
  [207, { name: 'Emerald Rapids', entries: 2048, hugeEntries: 1024 }],
]);

/** Arm cores by implementer and part. Technical reference manuals; TaiShan as measured. */
const ARM: ReadonlyMap<string, Core> = new Map([
  ['0x41 0xd0c', { name: 'Neoverse N1', entries: 1280 }],
  ['0x41 0xd40', { name: 'Neoverse V1', entries: 2048 }],
  ['0x41 0xd4f', { name: 'Neoverse V2', entries: 2048 }],
  ['0x48 0xd01', { name: 'TaiShan v110', entries: 2048 }],
]);

/** CONT_PTES of arch/arm64: 64 KiB with 4 KiB pages, 2 MiB with larger ones. */
function contiguousPages({ pageBytes }: PageGeometry): number {
  return pageBytes === 4 * KIB ? 16 : (2048 * KIB) / pageBytes;
}

const ZEN_RUN = 4;

/** What is known of the CPU; usual figures, and that they are assumed, of one that is not. */
export function translationOf(cpuinfo: string, geometry: PageGeometry): Translation {
  const vendor = fieldOf(cpuinfo, 'vendor_id');
  if (vendor === 'AuthenticAMD') return amd(numberOf(cpuinfo, 'cpu family'), numberOf(cpuinfo, 'model'));
  if (vendor === 'GenuineIntel') return intel(numberOf(cpuinfo, 'model'));
  const implementer = fieldOf(cpuinfo, 'CPU implementer');
  if (implementer === undefined) return USUAL_TRANSLATION;
  const core = ARM.get(`${implementer} ${fieldOf(cpuinfo, 'CPU part')}`);
  const runs = { runPages: contiguousPages(geometry), runBy: 'contiguous-bit' as const };
  return core === undefined ? { ...USUAL_TRANSLATION, ...runs } : known(core, runs);
}

function amd(family: number, model: number): Translation {
  const found = AMD.findLast(([of, from]) => of === family && model >= from)?.[2];
  if (found === undefined) return USUAL_TRANSLATION;
  return known(found, { runPages: ZEN_RUN, runBy: 'physical' });
}

function intel(model: number): Translation {
  const found = INTEL.get(model);
  return found === undefined ? USUAL_TRANSLATION : known(found, { runPages: 1, runBy: 'none' });
}

function known(core: Core, runs: Pick<Translation, 'runPages' | 'runBy'>): Translation {
  return {
    ...USUAL_TRANSLATION,
    ...runs,
    entries: core.entries,
    hugeEntries: core.hugeEntries ?? core.entries,
    basis: `${core.entries} TLB entries (${core.name}), times of walks are assumed`,
  };
}

function fieldOf(cpuinfo: string, name: string): string | undefined {
  return new RegExp(`^${name}\\s*:\\s*(.*?)\\s*$`, 'm').exec(cpuinfo)?.[1];
}

function numberOf(cpuinfo: string, name: string): number {
  return Number(fieldOf(cpuinfo, name) ?? Number.NaN);
}
