import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writtenHost } from '../../test/support/written-host.js';
import { pageGeometry } from '../vocabulary/units.js';
import { readThpSettings } from './read-thp-settings.js';

const THP = '/sys/kernel/mm/transparent_hugepage';

test('the settings of a host, as they are', () => {
  const { host } = writtenHost({
    [`${THP}/enabled`]: 'always [madvise] never\n',
    [`${THP}/shmem_enabled`]: 'always within_size [advise] never deny force\n',
    [`${THP}/khugepaged/max_ptes_none`]: '100\n',
    [`${THP}/khugepaged/max_ptes_shared`]: '10\n',
    [`${THP}/khugepaged/max_ptes_swap`]: '20\n',
    [`${THP}/khugepaged/pages_to_scan`]: '30\n',
    [`${THP}/khugepaged/scan_sleep_millisecs`]: '40\n',
    [`${THP}/hugepages-2048kB/enabled`]: 'always [inherit] madvise never\n',
    [`${THP}/hugepages-64kB/enabled`]: '[always] inherit madvise never\n',
    [`${THP}/hugepages-64kB/shmem_enabled`]: 'always inherit within_size advise [never]\n',
  });
  const settings = readThpSettings(host);
  assert.deepEqual([settings.present, settings.enabled, settings.shmemEnabled], [true, 'madvise', 'advise']);
  assert.deepEqual(settings.sizes, [
    { order: 4, enabled: 'always', shmem: 'never' },
    { order: 9, enabled: 'inherit' },
  ]);
  const { collapsesSmall: _, ...limits } = settings.khugepaged;
  assert.deepEqual(limits, {
    ...{ maxPtesNone: 100, maxPtesShared: 10, maxPtesSwap: 20, pagesToScan: 30, scanSleepMs: 40 },
  });
});

test('the kernel’s defaults stand in for what cannot be read, for every page size', () => {
  for (const [page, block] of [
    [4096, 2 ** 21],
    [65_536, 2 ** 29],
  ]) {
    const { host } = writtenHost({});
    const settings = readThpSettings({
      ...host,
      identity: { ...host.identity, geometry: pageGeometry(page, block) },
    });
    const pages = block / page;
    assert.deepEqual(
      [settings.present, settings.enabled, settings.shmemEnabled, settings.sizes],
      [false, 'never', 'never', []],
    );
    assert.deepEqual(settings.khugepaged, {
      maxPtesNone: pages - 1,
      maxPtesShared: pages / 2,
      maxPtesSwap: pages / 8,
      pagesToScan: pages * 8,
      scanSleepMs: 10_000,
      collapsesSmall: false,
    });
  }
});
