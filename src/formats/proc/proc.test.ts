import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../test/support/properties.js';
import { GEOMETRY_4K } from '../../vocabulary/units.js';
import { decodeOrders, FRAME_CODE, KPF } from './kpageflags.js';
import { frameOf } from './pagemap.js';
import { isKernelThread, kilobytes, parseCgroup, parseKeyed, parseStat } from './process-files.js';
import { memoryMounts, parseSmaps } from './smaps.js';
import { chosenWord, freeBlocks, parseVmstat, pressureAverage } from './system-files.js';

const SMAPS = `7f0000000000-7f0000400000 rw-p 00000000 00:00 0 
Size:               4096 kB
Rss:                4096 kB
AnonHugePages:      2048 kB
THPeligible:           1
VmFlags: rd wr mr mw me ac hg 
7f0000400000-7f0000600000 rw-s 00000000 00:01 12  /memfd:guest (deleted)
ShmemPmdMapped:     2048 kB
VmFlags: rd wr sh mr mw me ms sd 
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
VmFlags: 
`;

test('smaps: mappings with their kind, flags and fields', () => {
  const parsed = parseSmaps(SMAPS, GEOMETRY_4K);
  assert.ok(parsed.ok);
  const [anon, memfd, vsyscall] = parsed.value;
  assert.deepEqual([anon.mapping.start, anon.mapping.end], [0x7f0000000, 0x7f0000400]);
  assert.deepEqual([anon.mapping.kind, anon.mapping.thpEligible], ['anon', true]);
  assert.deepEqual(anon.mapping.flags.slice(-1), ['hg']);
  assert.equal(anon.bytes.get('AnonHugePages'), 2048 * 1024);
  assert.deepEqual([memfd.mapping.kind, memfd.mapping.name], ['shmem', '/memfd:guest (deleted)']);
  assert.equal(vsyscall.mapping.kind, 'special');
  assert.equal(vsyscall.mapping.start, 0xffffffffff600);
});

test('smaps: a file below a tmpfs mount is shmem', () => {
  const mounts = memoryMounts(
    '30 1 0:26 / /run/my\\040data rw - tmpfs tmpfs rw,size=1k,huge=advise\n31 1 8:1 / / rw - ext4 /dev/sda rw\n',
  );
  assert.deepEqual(mounts, [{ point: '/run/my data', huge: 'advise', dax: false }]);
  const text = '1000-2000 rw-s 00000000 00:1a 5  /run/my data/file\n';
  const parsed = parseSmaps(text, GEOMETRY_4K, mounts);
  assert.equal(parsed.ok && parsed.value[0].mapping.kind, 'shmem');
  assert.equal(parsed.ok && parsed.value[0].mapping.mountHuge, 'advise');
  const elsewhere = parseSmaps(text.replace('/run/my', '/srv/my'), GEOMETRY_4K, mounts);
  assert.equal(elsewhere.ok && elsewhere.value[0].mapping.kind, 'file');
});

test('smaps: cut at any byte it yields whole mappings or names the line, and never throws', () => {
  for (let cut = 0; cut <= SMAPS.length; cut++) {
    const parsed = parseSmaps(SMAPS.slice(0, cut), GEOMETRY_4K);
    if (!parsed.ok) assert.ok(parsed.error.line >= 1 && parsed.error.problem.length > 0);
    else assert.ok(parsed.value.length <= 3);
  }
  fc.assert(fc.property(fc.string(), (text) => typeof parseSmaps(text, GEOMETRY_4K).ok === 'boolean'));
});

test('stat: the command may hold anything, fields count from the last parenthesis', () => {
  const rest = ['S', '1', ...Array(4).fill('0'), '2097216', ...Array(12).fill('0'), '4242', '0'].join(' ');
  const stat = parseStat(`77 (a) b (c) ${rest}`);
  assert.deepEqual([stat?.pid, stat?.command, stat?.startTicks, stat?.parent], [77, 'a) b (c', 4242, 1]);
  assert.ok(stat && isKernelThread(stat));
  const inContainer = parseStat('2 (nginx) S 0 2 2 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 50 0 0');
  assert.ok(inContainer && !isKernelThread(inContainer), 'pid 2 of a container is no kernel thread');
  assert.equal(parseStat('garbage'), undefined);
  assert.equal(parseStat('5 (x) S'), undefined);
});

test('the small files', () => {
  assert.equal(parseCgroup('12:cpu:/old\n0::/system.slice/db.service\n'), '/system.slice/db.service');
  assert.equal(parseCgroup('12:cpu:/old\n'), '/');
  assert.equal(kilobytes(parseKeyed('MemFree:   12 kB\n').get('MemFree')), 12 * 1024);
  assert.equal(parseVmstat('thp_split_page 7\nnr_free 1\n').get('thp_split_page'), 7);
  assert.equal(chosenWord('always [madvise] never\n'), 'madvise');
  assert.equal(pressureAverage('some avg10=1.25 avg60=0 avg300=0 total=1\nfull avg10=0.50 x', 'full'), 0.5);
  const buddy = 'Node 0, zone      DMA 0 0 0 0 0 0 0 0 0 9 9\nNode 0, zone   Normal 5 4 3 2 1 0 0 0 0 3 2\n';
  assert.equal(freeBlocks(buddy, 9, 'x64'), 3 + 2 * 2);
  assert.equal(freeBlocks(buddy, 9, 'arm64'), 9 + 9 * 2 + 3 + 2 * 2);
});

test('free huge blocks of an arm64 machine with 3 GiB, all of it ZONE_DMA', () => {
  const buddy =
    'Node 0, zone      DMA    445    542    296    148     66     16      9     11      4      4    676 \n';
  assert.equal(freeBlocks(buddy, 9, 'arm64'), 4 + 676 * 2);
  assert.equal(freeBlocks(buddy, 10, 'arm64'), 676);
  assert.equal(freeBlocks(buddy, 11, 'arm64'), 0);
});

test('pagemap: 55-bit frame numbers come out whole', () => {
  fc.assert(
    fc.property(fc.bigInt(0n, (1n << 53n) - 1n), fc.bigInt(0n, 511n), (frame, flags) => {
      const entry = frame | (flags << 55n);
      const [low, high] = [Number(entry & 0xffffffffn), Number(entry >> 32n)];
      assert.equal(frameOf(low, high | 0), Number(frame));
    }),
  );
});

test('kpageflags: any tiling of a window by folios is read back as their orders', () => {
  const tiling = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 64 });
  fc.assert(
    fc.property(tiling, (orders) => {
      const low = new Uint32Array(2 * 4096);
      const expected: number[] = [];
      for (const order of orders) {
        const pages = 2 ** order;
        for (let page = 0; page < pages; page++) {
          const kind = order === 0 ? 0 : page === 0 ? KPF.COMPOUND_HEAD : KPF.COMPOUND_TAIL;
          low[expected.length * 2] = kind | KPF.ANON;
          expected.push(order);
        }
      }
      const into = new Uint8Array(expected.length);
      decodeOrders(low, expected.length, into, 0);
      assert.deepEqual([...into], expected);
    }),
  );
});

test('kpageflags: zero pages are told from memory, and tails without a head are unknown', () => {
  const low = new Uint32Array(2 * 8);
  low[0] = KPF.COMPOUND_TAIL;
  low[2] = KPF.ZERO_PAGE;
  low[4] = KPF.COMPOUND_HEAD | KPF.THP | KPF.ZERO_PAGE;
  low[6] = KPF.COMPOUND_TAIL | KPF.THP | KPF.ZERO_PAGE;
  const into = new Uint8Array(5);
  decodeOrders(low, 5, into, 0);
  const { zeroPage, unknown } = FRAME_CODE;
  assert.deepEqual([...into], [unknown, zeroPage, zeroPage, zeroPage, 0]);
});
