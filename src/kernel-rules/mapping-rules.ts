/**
 * What no setting changes: whether a mapping can hold huge pages at all, and a whole block of it. In the order of
 * mm/huge_memory.c __thp_vma_allowable_orders() and include/linux/huge_mm.h thp_vma_suitable_order().
 */
import type { Mapping } from '../vocabulary/mapping.js';
import { type Bytes, blockToPage, type PageGeometry, pageToAddress } from '../vocabulary/units.js';
import type { BlockCase, Obstacle } from './obstacle.js';

/** VM_SPECIAL as smaps spells it: VM_IO, VM_DONTEXPAND, VM_PFNMAP, VM_MIXEDMAP. With VM_HUGETLB it is VM_NO_KHUGEPAGED. */
const SPECIAL_FLAGS: Readonly<Record<string, string>> = {
  io: 'device memory (VM_IO)',
  de: 'a mapping of a driver that must not grow (VM_DONTEXPAND)',
  pf: 'raw page frames (VM_PFNMAP)',
  mm: 'raw page frames and pages (VM_MIXEDMAP)',
};

/** Returns what is in the way of a huge page in a block, in the order in which the kernel looks. */
export function mappingObstacles(block: BlockCase): Obstacle[] {
  const { mapping, state, settings, thpDisabledByPrctl, geometry } = block;
  const found: Obstacle[] = [];
  const add = (code: Obstacle['code'], why: string | undefined) => {
    if (why !== undefined) found.push({ code, why });
  };
  if (!settings.present) add('no-thp', 'this kernel has no transparent huge pages');
  add('dax', mapping.dax ? 'the file lies on DAX memory: only faults map it huge' : undefined);
  if (!mapping.dax) add('special-mapping', specialWhy(mapping));
  if (mapping.flags.includes('nh')) add('nohugepage', 'the mapping is marked MADV_NOHUGEPAGE');
  if (thpDisabledByPrctl) add('thp-disabled', 'the process runs under prctl(PR_SET_THP_DISABLE)');
  add('misaligned', misalignedWhy(mapping, geometry));
  if (!state.flags.includes('wholeInMapping')) {
    add('mapping-too-small', 'the mapping does not cover the whole aligned block');
  }
  if (isTemporaryStack(mapping)) add('temporary-stack', 'it is the stack of a program that is being started');
  return found;
}

function specialWhy({ kind, name, flags }: Mapping): string | undefined {
  if (kind === 'hugetlb') return `${name || 'the mapping'} is hugetlb memory, which never holds THPs`;
  const special = flags.find((flag) => Object.hasOwn(SPECIAL_FLAGS, flag));
  if (special) return `${name || 'the mapping'} is ${SPECIAL_FLAGS[special]}, which is never collapsed`;
  return kind === 'special' ? `${name || 'the mapping'} never holds THPs` : undefined;
}

/** Anonymous memory has no offset to be in step with; everything with a file behind it does, also private mappings. */
export function isMisaligned({ kind, start, offset }: Mapping, { pagesPerBlock }: PageGeometry): boolean {
  return (kind === 'shmem' || kind === 'file') && (start - offset) % pagesPerBlock !== 0;
}

function misalignedWhy(mapping: Mapping, geometry: PageGeometry): string | undefined {
  if (!isMisaligned(mapping, geometry)) return undefined;
  const size = sizeWord(geometry.blockBytes);
  return (
    `address ${pageToAddress(mapping.start, geometry)} and file offset ${pageToAddress(mapping.offset, geometry)} ` +
    `differ modulo ${size}, so no page of this mapping can ever be huge; ` +
    `map it at an address that equals the offset modulo ${size} (qemu: align=${size} on its memory backend)`
  );
}

/** vma_is_temporary_stack(): the flags of a stack that exec is still filling. */
function isTemporaryStack({ flags }: Mapping): boolean {
  return ['gd', 'sr', 'rr'].every((flag) => flags.includes(flag));
}

/** `2M`, `512M`, `64K`: as qemu, mount and sysfs spell sizes. */
export function sizeWord(bytes: Bytes): string {
  const steps = ['', 'K', 'M', 'G'];
  let left = bytes;
  let step = 0;
  for (; step < steps.length - 1 && left >= 1024 && left % 1024 === 0; step++) left /= 1024;
  return `${left}${steps[step]}`;
}

/** Whether a mapping covers a whole block, as the rows of a census say it for blocks with memory. */
export function coversBlock({ start, end }: Mapping, block: number, geometry: PageGeometry): boolean {
  const first = blockToPage(block, geometry);
  return start <= first && first + geometry.pagesPerBlock <= end;
}
