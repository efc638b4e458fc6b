import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { findCorpus } from '../../../test/support/corpus.js';
import {
  kernelHost,
  kernelOfArm64,
  kernelUnderLockdown,
  kernelWithEverything,
  kernelWithoutScan,
  kernelWithoutThp,
} from '../../../test/support/kernels.js';
import { namesFile } from '../../formats/btf.js';
import { anonymousPolicy, type Features, type Probed } from '../../vocabulary/abilities.js';
import type { Files, Host } from '../host.js';
import { linuxHost } from '../linux/linux-host.js';
import { probeFeatures } from './features.js';

const KERNELS = {
  everything: kernelWithEverything,
  'without THP': kernelWithoutThp,
  'under lockdown': kernelUnderLockdown,
  'without PAGEMAP_SCAN': kernelWithoutScan,
  'arm64 with 64 KiB pages': kernelOfArm64,
} as const;

const featuresOf = (name: keyof typeof KERNELS): Features => probeFeatures(kernelHost(KERNELS[name]()));

describe('features of every kernel', () => {
  for (const name of Object.keys(KERNELS) as (keyof typeof KERNELS)[]) {
    test(`${name}: what is missing says what it needs, what is there needs nothing`, () => {
      const found = [...probesIn(featuresOf(name), name)];
      assert.ok(found.length > 40, `${found.length} probes`);
      for (const [place, probed] of found) {
        assert.notEqual(probed.fact, '', `${place} states no fact`);
        assert.equal(probed.needs === '', probed.answer === 'yes', `${place}: ${JSON.stringify(probed)}`);
      }
    });

    test(`${name}: plain frozen data that survives JSON`, () => {
      const features = featuresOf(name);
      assert.deepEqual(JSON.parse(JSON.stringify(features)), features);
      assert.throws(() => Object.assign(features.thp, { enabled: 'always' }), TypeError);
      assert.throws(() => (features.thp.sizes as unknown[]).push(1), TypeError);
    });

    test(`${name}: nothing is written, advised or started`, () => {
      const touched: string[] = [];
      probeFeatures(watched(kernelHost(KERNELS[name]()), touched));
      assert.deepEqual(touched, []);
    });
  }
});

test('with everything, everything is possible', () => {
  const { summary, thp, splitFile, damon, system, pages } = featuresOf('everything');
  for (const [ability, probed] of Object.entries(summary)) assert.equal(probed.answer, 'yes', ability);
  assert.equal(splitFile.path, '/sys/kernel/debug/split_huge_pages');
  assert.deepEqual(damon.actions, [
    'willneed',
    'cold',
    'pageout',
    'hugepage',
    'nohugepage',
    'stat',
    'collapse',
    'split',
  ]);
  assert.equal(damon.free.answer, 'yes');
  assert.equal(thp.underusedShrinker.answer, 'yes');
  assert.equal(thp.khugepagedMultiSize.answer, 'yes');
  assert.equal(system.memory.freeHugeBlocks, 10 + 11 * 2);
  assert.equal(pages.scanCategories.length, 10);
  assert.equal(system.capabilities.length, 41);
});

test('sizes are told with their policy, inherit looked up at the top', () => {
  const features = featuresOf('everything');
  assert.deepEqual(
    features.thp.sizes.map(({ order, bytes, enabled, effective }) => [order, bytes, enabled, effective]),
    [
      [1, 8192, null, 'never'],
      [2, 16384, 'never', 'never'],
      [3, 32768, 'never', 'never'],
      [4, 65536, 'madvise', 'madvise'],
      [5, 131072, 'never', 'never'],
      [6, 262144, 'never', 'never'],
      [7, 524288, 'never', 'never'],
      [8, 1048576, 'never', 'never'],
      [9, 2097152, 'inherit', 'madvise'],
    ],
  );
  assert.equal(anonymousPolicy(features, 4), 'madvise');
  assert.equal(anonymousPolicy(features, 9), 'madvise');
  assert.equal(anonymousPolicy(features, 12), 'never');
});

test('without THP nothing can be split or collapsed, and that is what is said', () => {
  const { summary, thp, damon, system, pmu, pages } = featuresOf('without THP');
  assert.equal(thp.present.answer, 'no');
  assert.equal(thp.enabled, null);
  assert.equal(thp.khugepaged, null);
  for (const ability of ['splitToPages', 'splitToOrder', 'collapse', 'collapseToOrder'] as const) {
    assert.equal(summary[ability].answer, 'no');
    assert.match(summary[ability].needs, /CONFIG_TRANSPARENT_HUGEPAGE/);
  }
  assert.equal(summary.observeLevels.answer, 'yes');
  assert.equal(summary.observeOrders.answer, 'no');
  assert.match(summary.observeOrders.needs, /CAP_SYS_ADMIN/);
  assert.match(pages.kpageflags.fact, /EACCES/);
  assert.match(damon.sysfs.needs, /CONFIG_DAMON_SYSFS/);
  assert.equal(damon.kdamonds, null);
  assert.equal(system.lockdown, null);
  assert.equal(system.lockdownProbe.answer, 'unknown');
  assert.equal(system.pressure.answer, 'no');
  assert.equal(pmu.otherProcesses.answer, 'no');
  assert.equal(pmu.virtualMachine, true);
});

test('lockdown closes debugfs and leaves process_madvise; DAMON_STAT is named as the holder of DAMON', () => {
  const { summary, splitFile, system, damon } = featuresOf('under lockdown');
  assert.equal(system.lockdown, 'integrity');
  assert.equal(splitFile.writable.answer, 'no');
  assert.match(splitFile.writable.fact, /EPERM/);
  assert.match(splitFile.writable.needs, /lockdown/);
  assert.equal(splitFile.order.answer, 'no');
  assert.equal(summary.splitToPages.answer, 'yes');
  assert.equal(summary.splitToOrder.answer, 'no');
  assert.equal(summary.collapse.answer, 'yes');
  assert.equal(damon.free.answer, 'no');
  assert.match(damon.free.fact, /damon_stat/);
  assert.equal(damon.split.answer, 'no');
  assert.equal(damon.collapse.answer, 'yes');
});

test('without PAGEMAP_SCAN levels come from smaps; without type information DAMON is unknown, not guessed', () => {
  const { summary, pages, thp, advices, damon, splitFile, system } = featuresOf('without PAGEMAP_SCAN');
  assert.equal(pages.scan.answer, 'no');
  assert.match(pages.scan.fact, /ENOTTY/);
  assert.deepEqual(pages.scanCategories, []);
  assert.equal(summary.observeLevels.answer, 'partly');
  assert.match(summary.observeLevels.fact, /smaps/);
  assert.deepEqual(thp.sizes, []);
  assert.equal(thp.multiSize.answer, 'no');
  assert.equal(thp.underusedShrinker.answer, 'no');
  assert.equal(anonymousPolicy(featuresOf('without PAGEMAP_SCAN'), 9), 'madvise');
  assert.equal(advices.MADV_COLLAPSE.answer, 'no');
  assert.equal(damon.actions, null);
  for (const probed of [damon.collapse, damon.split, damon.targetOrder, damon.vaddr]) {
    assert.equal(probed.answer, 'unknown');
  }
  assert.equal(splitFile.writable.answer, 'yes');
  assert.equal(splitFile.order.answer, 'unknown');
  assert.equal(system.cgroup.answer, 'partly');
});

test('arm64 with 64 KiB pages changes data only; a running kdamond of somebody else is respected', () => {
  const { geometry, thp, system, pmu, damon, summary } = featuresOf('arm64 with 64 KiB pages');
  assert.equal(geometry.hugeOrder, 13);
  assert.equal(thp.pmdBytes, 512 * 2 ** 20);
  assert.equal(thp.sizes.at(-1)?.order, 13);
  assert.equal(thp.sizes.find(({ order }) => order === 5)?.effective, 'always');
  assert.equal(system.memory.freeHugeBlocks, 14);
  assert.match(thp.underusedShrinker.needs, /below 8191/);
  assert.equal(pmu.armSpe.answer, 'yes');
  assert.match(summary.sample.fact, /Arm SPE/);
  assert.equal(damon.free.answer, 'no');
  assert.match(damon.free.fact, /thread 321/);
  assert.deepEqual(damon.kdamonds, [
    { index: 0, state: 'on', pid: 321, operations: 'vaddr', targets: 1, actions: ['stat'] },
  ]);
  assert.deepEqual(damon.files, ['addr_unit', 'schemes/0/core_filters']);
  assert.equal(damon.targetOrder.answer, 'no');
});

test('address spaces come from a context, else from what is built in, else from the configuration', () => {
  const kernel = kernelWithEverything();
  const vaddrOf = (tree: typeof kernel.tree) => probeFeatures(kernelHost({ ...kernel, tree })).damon.vaddr;
  const { '/proc/config.gz': configuration, ...bare } = kernel.tree;
  assert.match(vaddrOf(kernel.tree).fact, /CONFIG_DAMON_VADDR=y in \/proc\/config.gz/);
  assert.equal(vaddrOf(bare).answer, 'unknown');
  const structures = { '/sys/kernel/btf/vmlinux': namesFile(['damon_young_walk_private']) };
  assert.match(vaddrOf({ ...bare, ...structures }).fact, /type information/);
  const unset = { '/proc/config.gz': gzipSync('# CONFIG_DAMON_VADDR is not set\n') };
  assert.match(vaddrOf({ ...bare, ...unset }).needs, /CONFIG_DAMON_VADDR/);
  const damaged = { '/proc/config.gz': 'no gzip', '/boot/config-7.7.0-test': 'CONFIG_DAMON_VADDR=y' };
  assert.match(vaddrOf({ ...bare, ...damaged }).fact, /\/boot\/config-7.7.0-test/);
  assert.ok(configuration);
});

test('a lock that another tool holds is unknown, not absent', () => {
  const kernel = kernelOfArm64();
  const path = '/sys/kernel/mm/damon/admin/kdamonds/0/state';
  const { [path]: _, ...tree } = kernel.tree;
  const files = { ...kernel.manifest.files, [path]: { read: 'EBUSY' as const } };
  const { damon } = probeFeatures(kernelHost({ tree, manifest: { ...kernel.manifest, files } }));
  assert.equal(damon.kdamonds?.[0].state, null);
  assert.equal(damon.free.answer, 'unknown');
});

test('this machine can be asked, and is left as it was', () => {
  const touched: string[] = [];
  const features = probeFeatures(watched(linuxHost(), touched));
  assert.deepEqual(touched, []);
  const found = [...probesIn(features, 'here')];
  for (const [place, probed] of found) assert.equal(probed.needs === '', probed.answer === 'yes', place);
});

describe('kernels recorded in a laboratory', () => {
  const corpus = findCorpus('data/kernel');
  const releases = corpus ? readdirSync(corpus).filter((name) => /^\d/.test(name)) : [];
  if (releases.length === 0)
    test('recordings', { skip: 'no shared/data/kernel beside the checkout' }, () => {});
  for (const release of releases) {
    test(`${release}: THP and DAMON as they were recorded`, () => {
      const folder = join(corpus as string, release);
      const { thp, damon, geometry } = probeFeatures(recordedKernel(folder));
      const listing = readFileSync(join(folder, 'thp-sysfs.txt'), 'utf8');
      const sizes = new Set([...listing.matchAll(/hugepages-(\d+)kB\//g)].map((match) => Number(match[1])));
      assert.deepEqual(
        thp.sizes.map(({ bytes }) => bytes / 1024).sort((left, right) => left - right),
        [...sizes].sort((left, right) => left - right),
      );
      assert.equal(thp.sizes.at(-1)?.order, geometry.hugeOrder);
      const collapses = /hugepages-64kB\/stats\/collapse_alloc /.test(listing);
      assert.equal(thp.khugepagedMultiSize.answer, collapses ? 'yes' : 'no');
      assert.deepEqual(damon.operations, ['vaddr', 'fvaddr', 'paddr']);
      assert.equal(damon.targetOrder.answer, 'no', 'no release has it');
      const known = readFileSync(join(folder, 'damon-sysfs.txt'), 'utf8');
      assert.equal(damon.files?.includes('pause'), /contexts\/0\/pause /.test(known));
      assert.equal(damon.files?.includes('schemes/0/core_filters'), /schemes\/0\/core_filters\//.test(known));
    });
  }
});

/** A host from listings of `MODE PATH = CONTENT` lines. */
function recordedKernel(folder: string): Host {
  const everything = kernelWithEverything();
  const tree: Record<string, string | Uint8Array> = Object.fromEntries(
    Object.entries(everything.tree).filter(([path]) => !/transparent_hugepage|damon|btf|config/.test(path)),
  );
  for (const name of ['thp-sysfs.txt', 'damon-sysfs.txt', 'damon-modules.txt']) {
    for (const line of readFileSync(join(folder, name), 'utf8').split('\n')) {
      const match = /^\d{4} (\/\S+) = (.*)$/.exec(line);
      if (match) tree[match[1]] = match[2].replaceAll('\\n', '\n').trimEnd();
    }
  }
  return kernelHost({ ...everything, tree });
}

function* probesIn(value: unknown, place: string): Generator<[string, Probed]> {
  if (typeof value !== 'object' || value === null) return;
  if ('answer' in value && 'needs' in value) yield [place, value as Probed];
  else for (const [name, part] of Object.entries(value)) yield* probesIn(part, `${place}.${name}`);
}

const ACTING = new Set([
  'writeKernelFile',
  'writeFile',
  'appendTo',
  'createExclusive',
  'makeDirectory',
  'remove',
]);

/** Tells every call that would change something. */
function watched(host: Host, touched: string[]): Host {
  const watch = <Door extends object>(door: Door, acting: ReadonlySet<string>): Door =>
    new Proxy(door, {
      get(target, name) {
        const member = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return (...values: unknown[]) => {
          if (acting.has(String(name))) touched.push(`${String(name)} ${values[0]}`);
          return member.apply(target, values);
        };
      },
    });
  return {
    ...host,
    files: watch<Files>(host.files, ACTING),
    calls: watch(host.calls, new Set(['processMadvise', 'start', 'openMemory'])),
  };
}
