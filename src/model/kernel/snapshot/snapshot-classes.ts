import { SeededRandom } from '../../../base/seeded-random.js';
import { Clock } from '../state/clock.js';
import { Counters } from '../state/counters.js';
import { Folios } from '../state/folios.js';
import { Frames } from '../state/frames.js';
import { Kernel } from '../state/kernel.js';
import { KhugepagedState } from '../state/khugepaged-state.js';
import { Memcg } from '../state/memcg.js';
import { Mm, Vma } from '../state/mm.js';
import { Inode } from '../state/page-cache.js';
import { PageTables } from '../state/page-tables.js';
import { Pressure } from '../state/pressure.js';
import { Process } from '../state/process.js';
import { Swap } from '../state/swap.js';
import { ThpSettings } from '../state/thp-switches.js';
import type { SnapshotClass } from './snapshot-format.js';

const SAMPLE_BYTES = 2 ** 22;

/** Every class that a kernel's state is made of. Other parts of the model add theirs to the list. */
export function kernelClasses(): SnapshotClass[] {
  const sample = new Kernel({ memoryBytes: SAMPLE_BYTES });
  const { geometry, frames } = sample;
  const plain = (object: object): SnapshotClass => ({ name: object.constructor.name, sample: () => object });
  return [
    { name: Kernel.name, sample: () => sample, make: () => new Kernel({ memoryBytes: SAMPLE_BYTES }) },
    { name: Clock.name, sample: () => new Clock(), make: () => new Clock() },
    plain(new SeededRandom(1)),
    plain(new Counters(geometry.hugeOrder)),
    plain(new Frames(frames.count, geometry.hugeOrder, 0)),
    plain(new Folios(frames)),
    plain(new PageTables(geometry, 0)),
    plain(new ThpSettings(geometry.hugeOrder)),
    plain(new Swap(1, 0)),
    plain(new KhugepagedState()),
    plain(new Pressure()),
    plain(new Memcg(0, '/', undefined)),
    plain(new Mm(1, 1, 1, 0)),
    plain(new Vma({ start: 0, end: 1 }, 0, undefined, 0, '')),
    plain(new Inode({ number: 1, path: '', kind: 'file', pages: 1, mount: 'never', device: '' })),
    plain(new Process({ pid: 1, parent: 0, command: '', mm: undefined, startedAt: 0, userId: 0 })),
  ];
}
