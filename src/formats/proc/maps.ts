/** /proc/PID/maps: address ranges and what is mapped there (fs/proc/task_mmu.c show_map_vma()). */
import type { PageGeometry, PageRange } from '../../vocabulary/units.js';

/** One mapping, in pages. */
export interface MapsLine extends PageRange {
  /** Path, `[heap]`, or empty for anonymous memory. */
  readonly name: string;
  /** False for PROT_NONE: address space that is only reserved and cannot be accessed. */
  readonly isAccessible: boolean;
}

const LINE = /^([0-9a-f]+)-([0-9a-f]+) ([r-][w-][x-])[ps] [0-9a-f]+ \S+ \d+\s*(.*)$/;

/** The mappings in ascending order; lines of another form, and what lies in the kernel's half, are left out. */
export function parseMaps(text: string, geometry: PageGeometry): MapsLine[] {
  return text.split('\n').flatMap((line) => {
    const match = LINE.exec(line);
    if (match === null || match[1].length > 12 || match[4] === '[vsyscall]') return [];
    const start = Number.parseInt(match[1], 16) / geometry.pageBytes;
    const end = Number.parseInt(match[2], 16) / geometry.pageBytes;
    return [{ start, end, name: match[4], isAccessible: match[3] !== '---' }];
  });
}
