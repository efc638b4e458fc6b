/**
 * Every combination of the settings that decide about huge pages: what Octavo says of khugepaged and MADV_COLLAPSE
 * against what the model's kernel allows. The model's own rules are compared with real kernels in test/differential.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collapseObstacles, khugepagedObstacles } from '../../src/kernel-rules/eligibility.js';
import { modelHost } from '../../src/model/host/model-host.js';
import { access } from '../../src/model/kernel/access/access.js';
import { createInode, mmap, spawn } from '../../src/model/kernel/address-space/processes.js';
import { boot } from '../../src/model/kernel/boot.js';
import { VM, type Vma } from '../../src/model/kernel/state/mm.js';
import { RELEASES } from '../../src/model/kernel/state/options.js';
import { allowedOrders } from '../../src/model/kernel/thp/thp-orders.js';
import { blockState } from '../../src/verification/block-rows.js';
import { observe } from '../../src/verification/observe.js';
import { readThpSettings } from '../../src/verification/read-thp-settings.js';
import { rowOfBlock } from '../../src/vocabulary/page-sizes.js';
import { MIB } from '../../src/vocabulary/units.js';

const FIRST = 0x7e0000000;
const PMD = 1 << 9;

interface Settings {
  readonly thp: Readonly<Record<string, string>>;
  readonly advised: boolean;
  readonly prctl: 'no' | 'complete' | 'except-advised';
  readonly backing:
    | 'anon'
    | 'shared'
    | 'memfd'
    | 'tmpfs-never'
    | 'tmpfs-always'
    | 'tmpfs-advise'
    | 'tmpfs-within_size';
}

function judged({ thp, advised, prctl, backing }: Settings) {
  const kernel = boot({ memoryBytes: 64 * MIB, features: RELEASES['6.18'], thp });
  const mm = spawn(kernel, { command: 'db' }).mm;
  assert.ok(mm);
  const pid = [...kernel.processes.values()].at(-1)?.pid ?? 0;
  const inode = inodeOf(kernel, backing);
  const flags = VM.read | VM.write | (inode ? VM.shared : 0) | (advised ? VM.hugepage : 0);
  mmap(kernel, mm, { pages: 512, at: FIRST, flags, ...(inode ? { inode } : {}) });
  const vma = mm.vmaOf(FIRST) as Vma;
  // Base pages whatever the settings, as after a split.
  mm.thpDisable = 'complete';
  for (let page = FIRST; page < FIRST + 512; page++) assert.ok(access(kernel, mm, page, true) >= 0);
  mm.thpDisable = prctl;
  const host = modelHost(kernel);
  const { sizes } = observe(host, pid);
  const row = rowOfBlock(sizes.blocks, FIRST / 512);
  const block = {
    mapping: sizes.mappings[sizes.blocks.mapping[row]],
    state: blockState(sizes.blocks, row),
    settings: readThpSettings(host),
    geometry: sizes.geometry,
    thpDisabledByPrctl: sizes.thpDisabledByPrctl,
  };
  return {
    said: [khugepagedObstacles(block).length === 0, collapseObstacles(block).length === 0],
    done: (['khugepaged', 'collapse'] as const).map(
      (who) => (allowedOrders(kernel, mm, vma, who) & PMD) !== 0,
    ),
    why: khugepagedObstacles(block)
      .map(({ why }) => why)
      .join('; '),
  };
}

function inodeOf(kernel: ReturnType<typeof boot>, backing: Settings['backing']) {
  if (backing === 'anon') return undefined;
  if (backing === 'shared') return createInode(kernel, '/dev/zero (deleted)', 512, 'kernel');
  if (backing === 'memfd') return createInode(kernel, '/memfd:db (deleted)', 512, 'kernel');
  const huge = backing.slice('tmpfs-'.length) as 'never' | 'always' | 'advise' | 'within_size';
  return createInode(kernel, `/mnt/${huge}/db`, 512, huge);
}

function check(settings: Settings): void {
  const { said, done, why } = judged(settings);
  assert.deepEqual(said, done, `${JSON.stringify(settings)}: ${why}`);
}

test('anonymous memory: top level, own size, advice and prctl, in every combination', () => {
  for (const enabled of ['always', 'madvise', 'never'])
    for (const own of ['always', 'inherit', 'madvise', 'never'])
      for (const advised of [true, false])
        for (const prctl of ['no', 'complete', 'except-advised'] as const)
          check({ thp: { enabled, 'hugepages-2048kB/enabled': own }, advised, prctl, backing: 'anon' });
});

test('shared anonymous memory and memfd: top level, own size and advice, in every combination', () => {
  for (const top of ['always', 'within_size', 'advise', 'never', 'deny', 'force'])
    for (const own of ['always', 'inherit', 'within_size', 'advise', 'never'])
      for (const advised of [true, false])
        for (const backing of ['shared', 'memfd'] as const)
          check({
            thp: { shmem_enabled: top, 'hugepages-2048kB/shmem_enabled': own },
            advised,
            prctl: 'no',
            backing,
          });
});

test('tmpfs: the mount decides, but for deny and force', () => {
  for (const top of ['never', 'always', 'deny', 'force'])
    for (const advised of [true, false])
      for (const backing of ['tmpfs-never', 'tmpfs-always', 'tmpfs-advise', 'tmpfs-within_size'] as const)
        for (const prctl of ['no', 'complete', 'except-advised'] as const)
          check({ thp: { shmem_enabled: top }, advised, prctl, backing });
});
