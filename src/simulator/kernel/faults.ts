import type { Nanoseconds, PageNumber } from '../../vocabulary/units.js';
import type { Kernel } from './kernel.js';
import type { Mm } from './mm.js';

export function handleFault(_kernel: Kernel, _mm: Mm, _page: PageNumber, _write: boolean): Nanoseconds {
  throw new Error('assertion failed: faults come with the next commit');
}
