import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIRST_BLOCK, mapping, SETTINGS, state } from '../../test/support/drawing.js';
import type { Mapping } from '../vocabulary/mapping.js';
import type { ThpSettings } from '../vocabulary/thp-settings.js';
import { GEOMETRY_4K, pageGeometry } from '../vocabulary/units.js';
import { collapseObstacles, explainBlock, khugepagedObstacles } from './eligibility.js';
import { coversBlock, isMisaligned, sizeWord } from './mapping-rules.js';
import type { BlockCase } from './obstacle.js';
import { enabledOrders } from './setting-rules.js';

interface Given {
  readonly block?: string;
  readonly map?: Partial<Mapping>;
  readonly settings?: Partial<ThpSettings>;
  readonly state?: Partial<BlockCase['state']>;
  readonly limits?: Partial<ThpSettings['khugepaged']>;
}

function given({ block = '4', map = {}, settings = {}, state: changed = {}, limits = {} }: Given): BlockCase {
  const khugepaged = { ...SETTINGS.khugepaged, ...limits };
  return {
    mapping: { ...mapping(1), ...map },
    state: { ...state(block), ...changed },
    settings: { ...SETTINGS, khugepaged, ...settings },
    geometry: GEOMETRY_4K,
    thpDisabledByPrctl: false,
  };
}

const byCollapse = (one: Given) => collapseObstacles(given(one)).map(({ code }) => code);
const byKhugepaged = (one: Given) => khugepagedObstacles(given(one)).map(({ code }) => code);
const whys = (one: Given) =>
  khugepagedObstacles(given(one))
    .map(({ why }) => why)
    .join('; ');

test('anonymous memory with anything in it can be collapsed: a page, a zero page or a swap entry', () => {
  const empty = { present: 0, zeroMapped: 0, swapped: 0 };
  assert.deepEqual(byCollapse({ state: empty }), ['nothing-mapped']);
  for (const one of ['present', 'zeroMapped', 'swapped'])
    assert.deepEqual(byCollapse({ state: { ...empty, [one]: 1 } }), [], one);
  assert.deepEqual(byCollapse({ state: { ...empty, swapped: 1, present: 2, zeroMapped: 3 } }), []);
  assert.deepEqual(byCollapse({ map: { kind: 'shmem' }, state: empty }), []);
});

test('a mapping that was only read holds no page of its own; where it is not told, nothing is claimed', () => {
  assert.deepEqual(byCollapse({ map: { anonymousBytes: 0 } }), ['never-written']);
  assert.deepEqual(byCollapse({ map: { anonymousBytes: 4096 } }), []);
  assert.deepEqual(byCollapse({ map: { anonymousBytes: 0 }, state: { present: 0 } }), ['nothing-mapped']);
});

test('private copies of file pages stand in the way, in private mappings of files only', () => {
  const copied = { kind: 'shmem', anonymousBytes: 1 } as const;
  assert.deepEqual(byCollapse({ map: copied }), ['private-copies']);
  assert.deepEqual(byCollapse({ map: { ...copied, anonymousBytes: 0 } }), []);
  assert.deepEqual(byCollapse({ map: { kind: 'shmem' } }), []);
  assert.deepEqual(byCollapse({ map: { ...copied, permissions: 'rw-s' } }), []);
  assert.deepEqual(byCollapse({ map: { anonymousBytes: 1 } }), []);
});

test('a handler of page faults keeps holes: missing pages everywhere, other modes for anonymous memory', () => {
  for (const flag of ['um', 'uw', 'ui']) {
    assert.deepEqual(byCollapse({ block: '4*511', map: { flags: [flag] } }), ['userfaultfd'], flag);
    const shmem = { kind: 'shmem', flags: [flag] } as const;
    assert.deepEqual(byCollapse({ block: '4*511', map: shmem }), flag === 'um' ? ['userfaultfd'] : [], flag);
    assert.deepEqual(byCollapse({ block: '4', map: { flags: [flag] } }), []);
    assert.deepEqual(byCollapse({ block: '4*511', map: { flags: [flag] }, state: { swapped: 1 } }), []);
    assert.deepEqual(byCollapse({ block: '4*511', map: { flags: [flag] }, state: { level: 'pmd' } }), []);
  }
});

test('khugepaged’s limits hold at their values and not one beyond', () => {
  assert.deepEqual(byKhugepaged({ block: '4*500', limits: { maxPtesNone: 12 } }), []);
  assert.deepEqual(byKhugepaged({ block: '4*500', limits: { maxPtesNone: 11 } }), ['too-many-holes']);
  const swapped = { block: '4*500', state: { swapped: 5 } };
  assert.deepEqual(byKhugepaged({ ...swapped, limits: { maxPtesSwap: 5, maxPtesNone: 7 } }), []);
  const over = { ...swapped, limits: { maxPtesSwap: 4, maxPtesNone: 6 } };
  assert.deepEqual(byKhugepaged(over), ['too-many-holes', 'swapped-pages']);
  assert.match(
    whys(over),
    /^7 sub-pages are holes or zero pages, max_ptes_none is 6; 5 sub-pages are swapped, max_ptes_swap is 4$/,
  );
  const shared = { state: { flags: ['shared', 'wholeInMapping'] as const } };
  assert.deepEqual(byKhugepaged({ ...shared, limits: { maxPtesShared: 0 } }), ['shared-pages']);
  assert.deepEqual(byKhugepaged({ ...shared, limits: { maxPtesShared: 1 } }), []);
  assert.deepEqual(byKhugepaged({ limits: { maxPtesShared: 0 } }), []);
  const shmem = {
    block: '4*1',
    map: { kind: 'shmem' as const },
    limits: { maxPtesNone: 0, maxPtesShared: 0 },
  };
  assert.deepEqual(byKhugepaged({ ...shmem, settings: { shmemEnabled: 'always' } }), []);
});

test('special mappings, hugetlb, DAX and a stack that exec fills hold no huge pages', () => {
  for (const [flag, word] of [
    ['io', 'VM_IO'],
    ['de', 'VM_DONTEXPAND'],
    ['pf', 'VM_PFNMAP'],
    ['mm', 'VM_MIXEDMAP'],
  ]) {
    const one = { map: { flags: ['hg', flag], name: '/dev/x' } };
    assert.deepEqual(byCollapse(one), ['special-mapping'], flag);
    assert.match(whys(one), new RegExp(`^/dev/x is .*\\(${word}\\), which is never collapsed`));
  }
  assert.match(whys({ map: { flags: ['hg', 'io'] } }), /^the mapping is device memory/);
  assert.match(whys({ map: { kind: 'hugetlb' } }), /^the mapping is hugetlb memory/);
  assert.match(whys({ map: { kind: 'hugetlb', name: '/h' } }), /^\/h is hugetlb memory/);
  assert.match(whys({ map: { kind: 'special', name: '[vdso]' } }), /^\[vdso\] never holds THPs/);
  assert.match(whys({ map: { kind: 'special' } }), /^the mapping never holds THPs/);
  assert.deepEqual(byCollapse({ map: { dax: true, flags: ['hg', 'mm'] } }), ['dax']);
  const stack = ['gd', 'sr', 'rr'];
  assert.deepEqual(byCollapse({ map: { flags: stack } }), ['temporary-stack']);
  for (const missing of stack)
    assert.deepEqual(byCollapse({ map: { flags: stack.filter((flag) => flag !== missing) } }), []);
  assert.deepEqual(byCollapse({ settings: { present: false } }), ['no-thp']);
});

test('files must lie at an address in step with their offset', () => {
  const start = FIRST_BLOCK * 512;
  const at = (kind: Mapping['kind'], offset: number) =>
    isMisaligned({ ...mapping(1), kind, start, offset }, GEOMETRY_4K);
  for (const kind of ['shmem', 'file'] as const) {
    assert.deepEqual(
      [0, 512, 1, 511, 513].map((offset) => at(kind, offset)),
      [false, false, true, true, true],
    );
  }
  assert.equal(at('anon', 1), false);
  const why = whys({
    map: { kind: 'shmem', offset: 3, name: '/dev/shm/x' },
    settings: { shmemEnabled: 'always' },
  });
  assert.match(why, /^address 0x7d000000 and file offset 0x3000 differ modulo 2M, .*align=2M/);
});

test('sizes are spelled as qemu and mount spell them', () => {
  for (const [
    bytes,
    word,
  ] of [[2 ** 21, '2M'], [2 ** 29, '512M'], [65_536, '64K'], [512, '512'], [1024, '1K'], [2 ** 30, '1G'], [2 ** 41, '2048G'], [1536, '1536'], [1_572_864, '1536K']] as const) // biome-ignore format: a table
    assert.equal(sizeWord(bytes), word);
});

test('a block is covered from its first page to its last', () => {
  const { start, end } = mapping(2);
  const covers = (from: number, to: number, block: number) =>
    coversBlock({ ...mapping(2), start: from, end: to }, block, GEOMETRY_4K);
  assert.deepEqual([covers(start, end, FIRST_BLOCK), covers(start, end, FIRST_BLOCK + 1)], [true, true]);
  assert.deepEqual(
    [covers(start, end, FIRST_BLOCK - 1), covers(start, end, FIRST_BLOCK + 2)],
    [false, false],
  );
  assert.equal(covers(start + 1, end, FIRST_BLOCK), false);
  assert.equal(covers(start, end - 1, FIRST_BLOCK + 1), false);
});

const SIZES = (own: string, shmem?: string) =>
  [{ order: 9, enabled: own, ...(shmem === undefined ? {} : { shmem }) }] as unknown as ThpSettings['sizes'];
const MARKED = { flags: ['hg'] };
const PLAIN = { flags: ['wr'] };

test('settings for anonymous memory, in words', () => {
  assert.match(whys({ map: PLAIN }), /^THP is set to `madvise` and the mapping is not marked MADV_HUGEPAGE$/);
  const never = { map: MARKED, settings: { sizes: SIZES('never') } };
  assert.match(
    whys(never),
    /^THP is set to `madvise` \(and `never` for this size\) and the mapping is marked/,
  );
  assert.match(whys({ settings: { sizes: [] } }), /^THP is set to `madvise` and the mapping is marked/);
  const otherOrder = [{ order: 4, enabled: 'always' }] as unknown as ThpSettings['sizes'];
  assert.match(whys({ settings: { sizes: otherOrder } }), /^THP is set to `madvise` and/);
  assert.deepEqual(byKhugepaged({ map: PLAIN, settings: { sizes: SIZES('always') } }), []);
  assert.deepEqual(enabledOrders({ ...SETTINGS, sizes: SIZES('madvise') }, { ...mapping(1), ...PLAIN }), []);
});

test('settings for files: the global one, and what the kernel says of the file', () => {
  const file = { kind: 'file' as const, permissions: 'r--s' };
  assert.deepEqual(byKhugepaged({ map: { ...file, ...MARKED } }), []);
  assert.match(
    whys({ map: { ...file, ...PLAIN } }),
    /^THP is set to `madvise` and the mapping is not marked/,
  );
  assert.deepEqual(byCollapse({ map: { ...file, ...PLAIN } }), []);
  const kept = { ...file, ...MARKED, thpEligible: false };
  assert.deepEqual([byKhugepaged({ map: kept }), byCollapse({ map: kept })], [['file-thp'], ['file-thp']]);
  assert.match(whys({ map: kept }), /its file system has no large folios/);
  assert.deepEqual(byCollapse({ map: { ...kept, ...PLAIN } }), []);
  assert.deepEqual(byCollapse({ map: { ...kept, ...PLAIN }, settings: { enabled: 'always' } }), ['file-thp']);
});

test('settings for shared memory: the mount’s, else the host’s, and `deny` even for a collapse', () => {
  const shmem = { kind: 'shmem' as const, name: '/dev/shm/x', permissions: 'rw-s' };
  const asked = (rule: ThpSettings['shmemEnabled'], map: Partial<Mapping>) => ({
    map: { ...shmem, ...map },
    settings: { shmemEnabled: rule },
  });
  for (const rule of ['always', 'within_size', 'force'] as const)
    assert.deepEqual(byKhugepaged(asked(rule, PLAIN)), [], rule);
  assert.deepEqual(
    [byKhugepaged(asked('advise', MARKED)), byKhugepaged(asked('advise', PLAIN))],
    [[], ['setting']],
  );
  assert.match(
    whys(asked('never', MARKED)),
    /^shmem_enabled is `never` and the mapping is marked MADV_HUGEPAGE$/,
  );
  assert.deepEqual(
    [byKhugepaged(asked('deny', MARKED)), byCollapse(asked('deny', MARKED))],
    [['setting'], ['setting']],
  );
  assert.match(whys(asked('deny', MARKED)), /`deny`, which keeps all shmem small/);
  assert.deepEqual(byCollapse(asked('never', PLAIN)), []);
  assert.deepEqual(byKhugepaged(asked('never', { ...PLAIN, mountHuge: 'always' })), []);
  assert.match(
    whys(asked('always', { ...PLAIN, mountHuge: 'never' })),
    /^its tmpfs is mounted with huge=never and the mapping is not/,
  );
  assert.deepEqual(byKhugepaged(asked('force', { ...PLAIN, mountHuge: 'never' })), []);
});

test('shared anonymous memory has a setting of its own for each size', () => {
  for (const name of ['/dev/zero (deleted)', '[anon_shmem:x]']) {
    const shmem = { kind: 'shmem' as const, name, permissions: 'rw-s' };
    const at = (own: string | undefined, rule: ThpSettings['shmemEnabled'], marked: object) => ({
      map: { ...shmem, ...marked },
      settings: { shmemEnabled: rule, sizes: own === undefined ? [] : SIZES('inherit', own) },
    });
    assert.deepEqual(byKhugepaged(at('always', 'never', PLAIN)), []);
    assert.deepEqual(byKhugepaged(at('advise', 'never', MARKED)), []);
    assert.match(
      whys(at('advise', 'never', PLAIN)),
      /^shmem_enabled for this size is `advise` and the mapping is not/,
    );
    assert.deepEqual(
      [byKhugepaged(at('never', 'always', MARKED)), byCollapse(at('never', 'always', MARKED))],
      [['setting'], ['setting']],
    );
    assert.deepEqual(byKhugepaged(at('always', 'force', PLAIN)), ['setting']);
    for (const own of ['inherit', undefined]) {
      assert.deepEqual(byKhugepaged(at(own, 'force', PLAIN)), []);
      assert.deepEqual(byKhugepaged(at(own, 'always', PLAIN)), []);
      assert.match(whys(at(own, 'never', PLAIN)), /^shmem_enabled is `never` and the mapping is not marked/);
      assert.deepEqual(byCollapse(at(own, 'never', PLAIN)), []);
    }
    assert.deepEqual(byCollapse(at('always', 'never', PLAIN)), []);
  }
});

test('what the kernel keeps small although all known rules allow it has a reason', () => {
  const told = { thpEligible: false };
  const always = { enabled: 'always' as const };
  assert.deepEqual(byKhugepaged({ map: { ...told, ...PLAIN }, settings: always }), ['thp-disabled']);
  assert.match(
    whys({ map: { ...told, ...PLAIN }, settings: always }),
    /PR_SET_THP_DISABLE\) for all but advised/,
  );
  assert.match(whys({ map: { ...told, ...MARKED } }), /THPeligible: 0/);
  assert.deepEqual(byKhugepaged({ map: { ...told, flags: [] }, settings: always }), []);
  assert.deepEqual(byKhugepaged({ map: { ...told, ...MARKED }, state: { flags: [] } }), [
    'mapping-too-small',
  ]);
  assert.deepEqual(byCollapse({ map: { ...told, ...PLAIN }, settings: always }), []);
});

test('an explanation in full, for each thing that can be said', () => {
  const pages = { block: '4*500' };
  assert.deepEqual(explainBlock(given(pages)), [
    'khugepaged may collapse it: nothing stands against it but its scan budget, registration of the process and one reference.',
    'MADV_COLLAPSE (octavo plan --collapse) can make it huge now, filling 12 holes with 48 kB.',
  ]);
  assert.deepEqual(explainBlock(given({ map: PLAIN })), [
    'khugepaged leaves it alone: THP is set to `madvise` and the mapping is not marked MADV_HUGEPAGE.',
    'MADV_COLLAPSE (octavo plan --collapse) can make it huge now.',
  ]);
  const nohuge = explainBlock(given({ map: { flags: ['nh', 'hg'] } }));
  assert.deepEqual(nohuge, [
    'khugepaged leaves it alone: the mapping is marked MADV_NOHUGEPAGE.',
    'MADV_COLLAPSE fails: the mapping is marked MADV_NOHUGEPAGE.',
  ]);
  assert.equal(explainBlock(given({ block: 'h*1' }))[0].slice(0, 18), 'The folio is huge,');
  assert.equal(explainBlock(given({ block: '2*4' })).length, 2);
  assert.deepEqual(explainBlock(given({ block: 'H' })), [
    'Mapped by one PMD entry: it is a huge page already.',
  ]);
  const geometry = pageGeometry(65_536, 2 ** 29);
  const large = {
    ...given({}),
    geometry,
    state: { ...state('4'), present: 8191, pagesByOrder: Array(14).fill(0) },
  };
  assert.match(explainBlock(large)[1], /filling 1 holes with 64 kB/);
});
