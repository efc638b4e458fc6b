import type { Bytes, FrameNumber, PageNumber, Pages } from '../../../vocabulary/units.js';
import { FOLIO } from '../state/folios.js';
import type { Kernel } from '../state/kernel.js';
import { type Mm, VM, type Vma } from '../state/mm.js';
import { ENTRY } from '../state/page-tables.js';
import { allowedOrders } from '../thp/thp-orders.js';
import { walkRange } from '../translation/walk.js';
import { isPteYoung } from '../translation/young.js';

/** Sums of one mapping (struct mem_size_stats), in bytes. */
interface Sums {
  rss: number;
  pss: number;
  pssDirty: number;
  pssAnon: number;
  pssFile: number;
  pssShmem: number;
  sharedClean: number;
  sharedDirty: number;
  privateClean: number;
  privateDirty: number;
  referenced: number;
  anonymous: number;
  lazyFree: number;
  anonHuge: number;
  shmemHuge: number;
  fileHuge: number;
  swap: number;
  swapPss: number;
  locked: number;
}

/** /proc/PID/maps. */
export function mapsText(kernel: Kernel, mm: Mm): string {
  return mm.vmas.map((vma) => headerLine(kernel, vma)).join('');
}

/** /proc/PID/smaps. */
export function smapsText(kernel: Kernel, mm: Mm): string {
  return mm.vmas.map((vma) => headerLine(kernel, vma) + smapsFields(kernel, mm, vma)).join('');
}

/** /proc/PID/smaps_rollup. */
export function rollupText(kernel: Kernel, mm: Mm): string {
  const total = emptySums();
  for (const vma of mm.vmas) addSums(total, sumsOf(kernel, mm, vma));
  const first = mm.vmas[0]?.start ?? 0;
  const last = mm.vmas[mm.vmas.length - 1]?.end ?? 0;
  const header = padName(`${hex(kernel, first)}-${hex(kernel, last)} ---p 00000000 00:00 0 `, '[rollup]');
  return header + sumFields(total, true);
}

function hex(kernel: Kernel, page: PageNumber): string {
  return (page * kernel.geometry.pageBytes).toString(16).padStart(8, '0');
}

/** Column at which names start in maps: 25 + 6 * 8 - 1 characters, then a space. */
const NAME_COLUMN = 73;

function padName(line: string, name: string): string {
  return name === '' ? `${line}\n` : `${line.padEnd(NAME_COLUMN)}${name}\n`;
}

function headerLine(kernel: Kernel, vma: Vma): string {
  const offset = vma.inode === undefined ? 0 : vma.offset * kernel.geometry.pageBytes;
  const device = vma.inode?.device ?? '00:00';
  const line = `${hex(kernel, vma.start)}-${hex(kernel, vma.end)} ${permissions(vma)} ${offset.toString(16).padStart(8, '0')} ${device} ${vma.inode?.number ?? 0} `;
  return padName(line, vma.name);
}

/** Returns the four letters of a mapping, as `rw-p`. */
export function permissions(vma: Vma): string {
  const { flags } = vma;
  const letter = (bit: number, name: string) => (flags & bit ? name : '-');
  return `${letter(VM.read, 'r')}${letter(VM.write, 'w')}${letter(VM.exec, 'x')}${flags & VM.shared ? 's' : 'p'}`;
}

function smapsFields(kernel: Kernel, mm: Mm, vma: Vma): string {
  const kb = kernel.geometry.pageBytes / 1024;
  const eligible = allowedOrders(kernel, mm, vma, 'smaps') !== 0 ? 1 : 0;
  return [
    field('Size', (vma.end - vma.start) * kernel.geometry.pageBytes),
    `KernelPageSize:${String(kb).padStart(9)} kB\n`,
    `MMUPageSize:${String(kb).padStart(12)} kB\n`,
    sumFields(sumsOf(kernel, mm, vma), false),
    `THPeligible:    ${String(eligible).padStart(8)}\n`,
    hasProtectionKeys(kernel) ? 'ProtectionKey:         0\n' : '',
    `VmFlags: ${flagNames(vma, kernel.features.softDirty).join(' ')} \n`,
  ].join('');
}

function hasProtectionKeys(kernel: Kernel): boolean {
  return kernel.options.protectionKeys ?? kernel.options.architecture === 'x64';
}

function sumFields(sums: Sums, rollup: boolean): string {
  const kinds = rollup
    ? [field('Pss_Anon', sums.pssAnon), field('Pss_File', sums.pssFile), field('Pss_Shmem', sums.pssShmem)]
    : [];
  return [
    field('Rss', sums.rss),
    field('Pss', sums.pss),
    field('Pss_Dirty', sums.pssDirty),
    ...kinds,
    field('Shared_Clean', sums.sharedClean),
    field('Shared_Dirty', sums.sharedDirty),
    field('Private_Clean', sums.privateClean),
    field('Private_Dirty', sums.privateDirty),
    field('Referenced', sums.referenced),
    field('Anonymous', sums.anonymous),
    field('KSM', 0),
    field('LazyFree', sums.lazyFree),
    field('AnonHugePages', sums.anonHuge),
    field('ShmemPmdMapped', sums.shmemHuge),
    field('FilePmdMapped', sums.fileHuge),
    field('Shared_Hugetlb', 0),
    field('Private_Hugetlb', 0),
    field('Swap', sums.swap),
    field('SwapPss', sums.swapPss),
    field('Locked', sums.locked),
  ].join('');
}

/** `Name:` in 16 columns, kilobytes in 8. */
function field(name: string, bytes: number): string {
  return `${`${name}:`.padEnd(16)}${String(Math.floor(bytes / 1024)).padStart(8)} kB\n`;
}

/** Two-letter codes in the order of the kernel's table (show_smap_vma_flags()). */
function flagNames(vma: Vma, softDirty: boolean): string[] {
  const { flags } = vma;
  const special = (flags & (VM.pfnMap | VM.mixedMap)) !== 0;
  const table: [boolean, string][] = [
    [(flags & VM.read) !== 0, 'rd'],
    [(flags & VM.write) !== 0, 'wr'],
    [(flags & VM.exec) !== 0, 'ex'],
    [(flags & VM.shared) !== 0, 'sh'],
    [true, 'mr'],
    [!special, 'mw'],
    [!special, 'me'],
    [(flags & VM.shared) !== 0, 'ms'],
    [(flags & VM.growsDown) !== 0, 'gd'],
    [(flags & VM.uffdMissing) !== 0, 'um'],
    [(flags & VM.pfnMap) !== 0, 'pf'],
    [(flags & VM.maybeGuard) !== 0, 'gu'],
    [(flags & VM.uffdWp) !== 0, 'uw'],
    [(flags & VM.locked) !== 0, 'lo'],
    [(flags & VM.pfnMap) !== 0, 'io'],
    [(flags & VM.sequentialRead) !== 0, 'sr'],
    [(flags & VM.randomRead) !== 0, 'rr'],
    [(flags & VM.dontCopy) !== 0, 'dc'],
    [(flags & VM.dontExpand) !== 0, 'de'],
    [(flags & VM.account) !== 0, 'ac'],
    [(flags & VM.dontDump) !== 0, 'dd'],
    [softDirty && (flags & VM.softDirty) !== 0 && (flags & VM.growsDown) === 0, 'sd'],
    [(flags & VM.mixedMap) !== 0, 'mm'],
    [(flags & VM.hugepage) !== 0, 'hg'],
    [(flags & VM.noHugepage) !== 0, 'nh'],
    [(flags & VM.mergeable) !== 0, 'mg'],
  ];
  return table.filter(([set]) => set).map(([, name]) => name);
}

function emptySums(): Sums {
  return {
    rss: 0,
    pss: 0,
    pssDirty: 0,
    pssAnon: 0,
    pssFile: 0,
    pssShmem: 0,
    sharedClean: 0,
    sharedDirty: 0,
    privateClean: 0,
    privateDirty: 0,
    referenced: 0,
    anonymous: 0,
    lazyFree: 0,
    anonHuge: 0,
    shmemHuge: 0,
    fileHuge: 0,
    swap: 0,
    swapPss: 0,
    locked: 0,
  };
}

function addSums(into: Sums, sums: Sums): void {
  for (const key of Object.keys(into) as (keyof Sums)[]) into[key] += sums[key];
}

function sumsOf(kernel: Kernel, mm: Mm, vma: Vma): Sums {
  const sums = emptySums();
  const { tables, geometry } = kernel;
  walkRange(kernel, mm, vma.start, vma.end, {
    pmd: (pmd, _, from, to) => {
      addPmd(kernel, vma, sums, pmd, to - from);
      return undefined;
    },
    pte: (entry) => {
      const bits = tables.pteBits[entry];
      if (bits & ENTRY.swap) addSwap(kernel, sums, entry);
      else if ((bits & (ENTRY.present | ENTRY.zero)) === ENTRY.present)
        addPages(kernel, vma, sums, {
          ...{ frame: tables.pteValue[entry], pages: 1, bits, young: isPteYoung(kernel, entry) },
        });
      return undefined;
    },
  });
  addShmemSwap(vma, sums, geometry.pageBytes);
  return sums;
}

function addPmd(kernel: Kernel, vma: Vma, sums: Sums, pmd: number, pages: number): void {
  const { tables, folios, geometry } = kernel;
  const bits = tables.pmdBits[pmd];
  if (bits & ENTRY.zero) return;
  const head = tables.pmdValue[pmd];
  const bytes = pages * geometry.pageBytes;
  if (folios.has(head, FOLIO.anon)) sums.anonHuge += bytes;
  else if (folios.has(head, FOLIO.shmem)) sums.shmemHuge += bytes;
  else sums.fileHuge += bytes;
  addPages(kernel, vma, sums, { frame: head, pages, bits, young: (bits & ENTRY.accessed) !== 0 });
}

/** Pages of one folio that share an entry's bits. */
interface MappedPages {
  readonly frame: FrameNumber;
  readonly pages: Pages;
  readonly bits: number;
  readonly young: boolean;
}

/** smaps_account(). */
function addPages(kernel: Kernel, vma: Vma, sums: Sums, { frame, pages, bits, young }: MappedPages): void {
  const { folios, geometry } = kernel;
  const head = folios.headOf(frame);
  const flags = folios.flags[head];
  const bytes = pages * geometry.pageBytes;
  const dirty = (bits & ENTRY.dirty) !== 0 || (flags & FOLIO.dirty) !== 0;
  if (flags & FOLIO.anon) {
    sums.anonymous += bytes;
    if ((flags & FOLIO.swapBacked) === 0 && !dirty) sums.lazyFree += bytes;
  }
  if (young || flags & (FOLIO.young | FOLIO.referenced)) sums.referenced += bytes;
  sums.rss += bytes;
  for (let page = frame; page < frame + pages; page++) {
    const maps = folios.mapCount(page);
    const share = geometry.pageBytes / Math.max(1, maps);
    addShare(sums, share, flags, dirty);
    if (vma.flags & VM.locked) sums.locked += share;
    addKind(sums, geometry.pageBytes, maps, dirty);
  }
}

function addShare(sums: Sums, share: number, flags: number, dirty: boolean): void {
  sums.pss += share;
  if (flags & FOLIO.anon) sums.pssAnon += share;
  else if (flags & FOLIO.shmem) sums.pssShmem += share;
  else sums.pssFile += share;
  if (dirty) sums.pssDirty += share;
}

function addKind(sums: Sums, bytes: Bytes, maps: number, dirty: boolean): void {
  if (maps > 1) {
    if (dirty) sums.sharedDirty += bytes;
    else sums.sharedClean += bytes;
  } else if (dirty) sums.privateDirty += bytes;
  else sums.privateClean += bytes;
}

function addSwap(kernel: Kernel, sums: Sums, entry: number): void {
  const bytes = kernel.geometry.pageBytes;
  sums.swap += bytes;
  sums.swapPss += bytes / Math.max(1, kernel.swap.users[kernel.tables.pteValue[entry]]);
}

/** Pages of a shmem mapping that are in swap leave no entry; the inode knows them (shmem_swap_usage()). */
function addShmemSwap(vma: Vma, sums: Sums, pageBytes: number): void {
  const { inode } = vma;
  if (inode === undefined || inode.kind !== 'shmem') return;
  for (let offset = vma.offset; offset < vma.offset + vma.end - vma.start; offset++)
    if (inode.swapAt(offset) >= 0) sums.swap += pageBytes;
}
