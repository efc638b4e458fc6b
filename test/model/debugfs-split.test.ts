import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createInode } from '../../src/model/kernel/address-space/processes.js';
import { pin } from '../../src/model/kernel/advice/pins.js';
import { writeSplitHugePages } from '../../src/model/kernel/split/debugfs-split.js';
import {
  advise,
  assertSound,
  changes,
  type Fixture,
  fill,
  fixture,
  ordersAt,
  rollup,
  stat,
  write,
} from './model-fixture.js';

const SPLIT = '/sys/kernel/debug/split_huge_pages';

function huge(options = {}): Fixture {
  const made = fixture(options);
  fill(made, made.base, 4 * 512);
  assert.equal(rollup(made, 'AnonHugePages'), 8192);
  return made;
}

function address(page: number): string {
  return `0x${(page * 4096).toString(16)}`;
}

function split(made: Fixture, from: number, to: number, rest = ''): string | undefined {
  const line = `${made.process.pid},${address(from)},${address(to)}${rest}`;
  return writeSplitHugePages(made.kernel, `${line}\n`).error;
}

test('order 0 and 2 to 8 cut a 2 MiB folio into equal pieces, in place', () => {
  for (const order of [0, 2, 3, 4, 5, 6, 7, 8]) {
    const made = huge();
    const first = made.kernel.tables.pmdValue[made.kernel.tables.pmdOf(made.process.mm!, made.base / 512)];
    const changed = changes(made, () =>
      assert.equal(split(made, made.base, made.base + 512, `,${order}`), undefined),
    );
    assert.equal(ordersAt(made), `${order}x${512 >> order}`);
    assert.equal(changed['2048kB/split'], 1);
    assert.equal(changed['2048kB/nr_anon'], -1);
    assert.equal(changed.thp_split_page, 1);
    assert.equal(changed.thp_split_pmd, 1);
    assert.equal(rollup(made, 'AnonHugePages'), 6144);
    assert.equal(made.kernel.folios.headOf(first), first, 'frames stay');
    assertSound(made);
  }
});

test('order 1 fails on every page of the range and changes nothing', () => {
  const made = huge();
  const changed = changes(made, () => split(made, made.base, made.base + 512, ',1'));
  assert.deepEqual(changed, { thp_split_page_failed: 512, '2048kB/split_failed': 512 });
  assert.equal(ordersAt(made), 'P9');
});

test('an order that is not smaller does nothing and counts nothing', () => {
  const made = huge();
  assert.deepEqual(
    changes(made, () => split(made, made.base, made.base + 512, ',9')),
    {},
  );
});

test('one page of the range inside a folio splits the whole folio', () => {
  const made = huge();
  split(made, made.base + 100, made.base + 101);
  assert.equal(ordersAt(made), '0x512');
  assert.equal(ordersAt(made, 1), 'P9');
});

test('order 2 at offset 100 over one page gives 6, 5, [2], 2, 3, 4, 7, 8', () => {
  const made = huge();
  split(made, made.base + 100, made.base + 101, ',2,100');
  assert.equal(ordersAt(made), '6 5 2x2 3 4 7 8');
  assert.equal(stat(made, 2048, 'split'), 1);
  assertSound(made);
});

test('order 0 at offset 100 leaves out order 1: 6, 5, 2, 0, 0, 0, 0, 3, 4, 7, 8', () => {
  const made = huge();
  split(made, made.base + 100, made.base + 101, ',0,100');
  assert.equal(ordersAt(made), '6 5 2 0x4 3 4 7 8');
  assertSound(made);
});

test('with an offset and a whole block as range, everything ends as 128 folios of order 2', () => {
  const made = huge();
  split(made, made.base, made.base + 512, ',2,100');
  assert.equal(ordersAt(made), '2x128');
  assertSound(made);
});

test('syntax: hexadecimal with 0x, no spaces, decimal order; errors by name', () => {
  const made = huge();
  const error = (text: string) => writeSplitHugePages(made.kernel, text).error;
  const { pid } = made.process;
  const [from, to] = [address(made.base), address(made.base + 512)];
  assert.equal(error(`${pid},${from.slice(2)},${to.slice(2)}`), 'EINVAL');
  assert.equal(error(`${pid},${made.base * 4096},${to}`), 'EINVAL');
  assert.equal(error(`${pid}, ${from},${to}`), 'EINVAL');
  assert.equal(error('nonsense'), 'EINVAL');
  assert.equal(error(`99999,${from},${to}`), 'ESRCH');
  assert.equal(error(`2,${from},${to}`), 'EINVAL');
  assert.equal(error('/no/such/file,0x0,0x200'), 'EINVAL');
  assert.equal(error(`${pid},${from},${from}`), undefined);
  assert.equal(error(`${pid},0x1000,0x2000`), undefined);
  assert.equal(ordersAt(made), 'P9');
});

test('input is read as sscanf does: what is behind the last number does not matter, −1 is no offset', () => {
  const accepted = (text: (pid: number, from: string, to: string) => string, orders: string) => {
    const made = huge();
    const input = text(made.process.pid, address(made.base), address(made.base + 1));
    assert.equal(writeSplitHugePages(made.kernel, input).error, undefined, input);
    assert.equal(ordersAt(made), orders, input);
    assertSound(made);
  };
  accepted((pid, from, to) => `${pid},${from},${to},4,-1`, '4x32');
  accepted((pid, from, to) => `${pid},${from},${to},4,600`, '4x32');
  accepted((pid, from, to) => `${pid},${from},${to} and more`, '0x512');
  accepted((pid, from, to) => `${pid},${from},${to},`, '0x512');
  accepted((pid, from, to) => ` ${pid},${from},${to},4kB`, '4x32');
  accepted((pid, from, to) => `${pid},${from},${to},-1`, 'P9');
  accepted((pid, from, to) => `${pid},${from.toUpperCase().replace('X', 'x')},${to},4`, '4x32');
  accepted(() => '1,', '0x512');
  accepted(() => '1 is enough', '0x512');
});

test('of a long text the first 254 bytes are read, then the rest', () => {
  const made = huge();
  const line = `${made.process.pid},${address(made.base)},${address(made.base + 1)}`;
  assert.equal(writeSplitHugePages(made.kernel, line.padEnd(300, ' ')).error, 'EINVAL');
  assert.equal(ordersAt(made), '0x512');
  const other = `${made.process.pid},${address(made.base + 512)},${address(made.base + 513)}`;
  assert.equal(writeSplitHugePages(made.kernel, line.padEnd(254, ' ') + other).error, undefined);
  assert.equal(ordersAt(made, 1), '0x512');
});

test('a file is walked folio by folio: an offset leaves the rest large, a pin is an attempt that fails', () => {
  const made = fixture({ inode: (kernel, pages) => createInode(kernel, '/mnt/f', pages, 'always') });
  write(made, made.base, 2048);
  pin(made.kernel, made.process.mm!, made.base + 512);
  const changed = changes(made, () => writeSplitHugePages(made.kernel, '/mnt/f,0x0,0x400,2,100'));
  assert.equal(changed['2048kB/split'], 1);
  assert.equal(changed['2048kB/split_failed'], 1);
  write(made, made.base, 512);
  assert.equal(ordersAt(made), '6 5 2x2 3 4 7 8');
  assert.equal(ordersAt(made, 1), 'P9');
  assertSound(made);
});

test('an unmapped address ends the walk', () => {
  const made = huge({ blocks: 4 });
  advise(made, made.base, 512, 'MADV_DONTNEED');
  split(made, made.base - 1, made.base + 2048);
  assert.equal(ordersAt(made, 1), 'P9');
  split(made, made.base, made.base + 2048);
  assert.equal(ordersAt(made, 1), '0x512');
});

test('a pinned folio is passed over without an attempt', () => {
  const made = huge();
  pin(made.kernel, made.process.mm!, made.base + 7);
  assert.deepEqual(
    changes(made, () => split(made, made.base, made.base + 512)),
    {},
  );
});

test('lockdown refuses to open the file', () => {
  const made = fixture({ lockdown: 'integrity' });
  const file = made.kernel.files.find(SPLIT);
  assert.ok(typeof file === 'object' && file.kind === 'file');
  assert.equal(file.refuseOpen?.(), 'EPERM');
});

test('shmem: the block is unmapped, returns at its new order, and order 1 is allowed', () => {
  for (const order of [0, 1, 4]) {
    const made = fixture({ inode: (kernel, pages) => createInode(kernel, '/mnt/f', pages, 'always') });
    write(made, made.base, 2048);
    assert.equal(rollup(made, 'ShmemPmdMapped'), 8192);
    const rss = rollup(made, 'Rss');
    const text = `/mnt/f,0x0,0x200,${order}`;
    assert.equal(writeSplitHugePages(made.kernel, text).error, undefined);
    assert.equal(rollup(made, 'ShmemPmdMapped'), 6144);
    assert.equal(rollup(made, 'Rss'), rss - 2048);
    write(made, made.base, 512);
    assert.equal(ordersAt(made), `${order}x${512 >> order}`);
    assertSound(made);
  }
});

test('6.12: shmem splits to base pages only, and knows no offset', () => {
  const made = fixture({
    release: '6.12',
    inode: (kernel, pages) => createInode(kernel, '/mnt/f', pages, 'always'),
  });
  write(made, made.base, 2048);
  writeSplitHugePages(made.kernel, '/mnt/f,0x0,0x200,4');
  assert.equal(rollup(made, 'ShmemPmdMapped'), 8192);
});

test('`1` splits everything in the system', () => {
  const made = huge();
  assert.equal(writeSplitHugePages(made.kernel, '1\n').split, 4);
  assert.equal(rollup(made, 'AnonHugePages'), 0);
  assertSound(made);
});

test('`1` tries a pinned folio, too, and counts the failure', () => {
  const made = huge();
  pin(made.kernel, made.process.mm!, made.base);
  const changed = changes(made, () => assert.equal(writeSplitHugePages(made.kernel, '1').split, 3));
  assert.equal(changed.thp_split_page_failed, 1);
  assert.equal(ordersAt(made), 'P9');
});
