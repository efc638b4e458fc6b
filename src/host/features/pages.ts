/** What page tables and frame tables tell this user. Looks at Octavo's own memory only. */
import { frameOf, PAGEMAP_ENTRY_BYTES, PAGEMAP_HIGH } from '../../formats/proc/pagemap.js';
import type { PageFileFeatures, Probed } from '../../vocabulary/abilities.js';
import type { PageGeometry, PageRange } from '../../vocabulary/units.js';
import { type Host, PAGE_IS, type Refusal } from '../host.js';
import { no, told, yes } from './probed.js';

/** Any page will do: categories are checked before the walk begins (fs/proc/task_mmu.c pagemap_scan_get_args()). */
const ASKED: PageRange = { start: 16, end: 17 };
/** Most entries of the own stack that are looked at for a present page. */
const MAX_ENTRIES = 4096;

/** Returns what pagemap, kpageflags, PAGEMAP_SCAN and smaps tell this user. */
export function probePages(host: Host): PageFileFeatures {
  const { pagemap, frames } = probePagemap(host);
  const { scan, scanCategories } = probeScan(host);
  return {
    pagemap,
    frames,
    scan,
    scanCategories,
    kpageflags: frameTable(host, '/proc/kpageflags'),
    kpagecount: frameTable(host, '/proc/kpagecount'),
  };
}

function probePagemap(host: Host): Pick<PageFileFeatures, 'pagemap' | 'frames'> {
  const opened = host.files.open('/proc/self/pagemap');
  if (!opened.ok) {
    const refused = no(told(opened.error), 'a kernel with CONFIG_PROC_PAGE_MONITOR and /proc');
    return { pagemap: refused, frames: refused };
  }
  try {
    const entries = new Uint32Array(MAX_ENTRIES * 2);
    const stack = stackPages(host);
    const length = Math.min(MAX_ENTRIES, stack.end - stack.start);
    const into = new Uint8Array(entries.buffer, 0, length * PAGEMAP_ENTRY_BYTES);
    const read = opened.value.read(into, (stack.end - length) * PAGEMAP_ENTRY_BYTES);
    if (!read.ok) {
      const refused = no(told(read.error), 'read access to pagemap');
      return { pagemap: refused, frames: refused };
    }
    return {
      pagemap: yes('/proc/PID/pagemap can be read'),
      frames: framesShown(entries, read.value / PAGEMAP_ENTRY_BYTES),
    };
  } finally {
    opened.value.close();
  }
}

function framesShown(entries: Uint32Array, count: number): Probed {
  for (let entry = 0; entry < count; entry++) {
    const high = entries[entry * 2 + 1];
    if (high & PAGEMAP_HIGH.present && frameOf(entries[entry * 2], high) !== 0) {
      return yes('pagemap shows frame numbers');
    }
  }
  return no('pagemap shows frame number 0 for every page', 'CAP_SYS_ADMIN (root)');
}

/** The main thread's stack: some of its pages are always present. */
function stackPages(host: Host): PageRange {
  const maps = host.files.readText('/proc/self/maps');
  const line = maps.ok ? /^([0-9a-f]+)-([0-9a-f]+) .*\[stack\]$/m.exec(maps.value) : null;
  return line
    ? { start: pageOf(line[1], host.identity.geometry), end: pageOf(line[2], host.identity.geometry) }
    : { start: 0, end: 0 };
}

function pageOf(address: string, geometry: PageGeometry): number {
  return Number(BigInt(`0x${address}`) >> BigInt(geometry.pageShift));
}

/** One scan of one page for each category: the kernel returns EINVAL to one that it lacks. */
function probeScan(host: Host): Pick<PageFileFeatures, 'scan' | 'scanCategories'> {
  const scanCategories: string[] = [];
  let refusal: Refusal | undefined;
  for (const [name, bit] of Object.entries(PAGE_IS)) {
    const asked = { range: ASKED, inverted: 0, mask: 0, anyOf: bit, report: bit };
    const answer = host.calls.scanPagemap(host.identity.pid, asked);
    if (answer.ok) scanCategories.push(name);
    else refusal = answer.error;
  }
  if (scanCategories.length > 0) {
    return { scan: yes(`categories ${scanCategories.join(', ')}`), scanCategories };
  }
  const fact = refusal ? told(refusal) : 'no category is accepted';
  return {
    scan: no(fact, 'a kernel with the PAGEMAP_SCAN ioctl; levels come from smaps instead'),
    scanCategories,
  };
}

/** Frame 0 always has an entry. */
function frameTable(host: Host, path: string): Probed {
  const opened = host.files.open(path);
  if (!opened.ok) {
    const needs = opened.error.errno === 'ENOENT' ? 'a kernel with CONFIG_PROC_PAGE_MONITOR' : 'root';
    return no(told(opened.error), needs);
  }
  try {
    const read = opened.value.read(new Uint8Array(8), 0);
    return read.ok && read.value === 8
      ? yes(`${path} can be read`)
      : no(read.ok ? `${path} is empty` : told(read.error), 'root');
  } finally {
    opened.value.close();
  }
}
