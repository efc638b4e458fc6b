/**
 * Every rule of eligibility, row by row: what Octavo says beforehand of a block against what MADV_COLLAPSE does to it,
 * on this kernel and on the model of each release.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { collapseObstacles } from '../../src/kernel-rules/eligibility.js';
import { coversBlock } from '../../src/kernel-rules/mapping-rules.js';
import { blockState, emptyBlock } from '../../src/verification/block-rows.js';
import { observe } from '../../src/verification/observe.js';
import { readThpSettings } from '../../src/verification/read-thp-settings.js';
import { type BlockState, rowOfBlock } from '../../src/vocabulary/page-sizes.js';
import { blockToPage } from '../../src/vocabulary/units.js';
import type { Backing, Machine } from '../differential/test-machine.js';
import { must, STAGES, type Stage } from './stages.js';

interface Row {
  readonly name: string;
  readonly kind?: Backing['kind'];
  /** Offset in the file, in pages; `n` is a block. */
  readonly offset?: (n: number) => number;
  /** What the process does first, to two blocks of which the first is looked at. */
  readonly prepare?: (machine: Machine, pages: number) => readonly Promise<string>[];
  /** Codes of the obstacles, none when it becomes huge. */
  readonly stands: readonly string[];
  /** What the kernel answers then. */
  readonly answer?: string;
  /** Where alone the row can be had. */
  readonly only?: Stage['kind'];
  /** File systems differ: what is said and what is done must agree, whichever it is. */
  readonly byHost?: boolean;
  /** First release of the model with it. */
  readonly since?: string;
}

const write = (machine: Machine, pages: number) => machine.write({ from: 0, pages }, 1);

/** Kernels before 6.18 do not know the rule; the row is then one without it. */
const exceptAdvised = async (machine: Machine) => {
  await machine.thpDisable('except-advised');
  return 'ok' as const;
};

const ROWS: readonly Row[] = [
  { name: 'anonymous memory, full', prepare: (m, n) => [write(m, n)], stands: [] },
  { name: 'anonymous memory, one page', prepare: (m) => [write(m, 1)], stands: [] },
  { name: 'anonymous memory, nothing there', stands: ['nothing-mapped'], answer: 'EINVAL' },
  { name: 'anonymous memory that was only read', prepare: (m, n) => [m.read({ from: 0, pages: n }, 1)], stands: ['never-written'], answer: 'EINVAL' },
  { name: 'a block that was only read beside one that was written', prepare: (m, n) => [m.write({ from: n, pages: 1 }, 1), m.read({ from: 0, pages: n }, 1)], stands: [] },
  { name: 'MADV_HUGEPAGE', prepare: (m, n) => [write(m, n), m.advise({ from: 0, pages: n }, 'MADV_HUGEPAGE')], stands: [] },
  { name: 'MADV_NOHUGEPAGE', prepare: (m, n) => [write(m, n), m.advise({ from: 0, pages: n }, 'MADV_NOHUGEPAGE')], stands: ['nohugepage'], answer: 'EINVAL' },
  { name: 'PR_SET_THP_DISABLE, complete', prepare: (m, n) => [write(m, n), m.thpDisable('complete')], stands: ['thp-disabled'], answer: 'EINVAL' },
  { name: 'PR_SET_THP_DISABLE except advised, not advised', prepare: (m, n) => [write(m, n), exceptAdvised(m)], stands: [] },
  { name: 'PR_SET_THP_DISABLE except advised, advised', prepare: (m, n) => [write(m, n), exceptAdvised(m), m.advise({ from: 0, pages: n }, 'MADV_HUGEPAGE')], stands: [] },
  { name: 'a page of the block unmapped', prepare: (m, n) => [write(m, n), m.unmap({ from: n - 1, pages: 1 })], stands: ['mapping-too-small'], answer: 'EINVAL' },
  { name: 'another protection within the block', prepare: (m, n) => [write(m, n), m.protect({ from: n / 2, pages: n }, 'r')], stands: ['mapping-too-small'], answer: 'EINVAL' },
  { name: 'no access', prepare: (m, n) => [write(m, n), m.protect({ from: 0, pages: n }, 'none')], stands: [] },
  { name: 'mlock', prepare: (m, n) => [write(m, n), m.lock({ from: 0, pages: n })], stands: [] },
  { name: 'shared with a child', prepare: (m, n) => [write(m, n), m.fork()], stands: [] },
  { name: 'userfaultfd with holes', prepare: (m, n) => [m.write({ from: 0, pages: 8 }, 1), m.userfault({ from: 0, pages: n })], stands: ['userfaultfd'], answer: 'EBUSY' },
  { name: 'userfaultfd without holes', prepare: (m, n) => [write(m, n), m.userfault({ from: 0, pages: n })], stands: [] },
  { name: 'private memory of /dev/zero', kind: 'dev-zero', prepare: (m, n) => [write(m, n)], stands: [] },
  { name: 'shared anonymous memory', kind: 'shared', prepare: (m, n) => [write(m, n)], stands: [] },
  { name: 'shared anonymous memory, one page', kind: 'shared', prepare: (m) => [write(m, 1)], stands: [] },
  { name: 'memfd', kind: 'memfd', prepare: (m, n) => [write(m, n)], stands: [] },
  { name: 'memfd from the second block on', kind: 'memfd', offset: (n) => n, prepare: (m, n) => [write(m, n)], stands: [] },
  { name: 'memfd, one page out of step', kind: 'memfd', offset: () => 1, prepare: (m, n) => [write(m, n)], stands: ['misaligned'], answer: 'EINVAL' },
  { name: 'memfd, half a block out of step', kind: 'memfd', offset: (n) => n / 2, prepare: (m, n) => [write(m, n)], stands: ['misaligned'], answer: 'EINVAL' },
  { name: 'memfd out of step, MADV_HUGEPAGE', kind: 'memfd', offset: (n) => n - 1, prepare: (m, n) => [write(m, n), m.advise({ from: 0, pages: n }, 'MADV_HUGEPAGE')], stands: ['misaligned'], answer: 'EINVAL' },
  { name: 'memfd, MADV_NOHUGEPAGE', kind: 'memfd', prepare: (m, n) => [write(m, n), m.advise({ from: 0, pages: n }, 'MADV_NOHUGEPAGE')], stands: ['nohugepage'], answer: 'EINVAL' },
  { name: 'tmpfs', kind: 'tmpfs', prepare: (m, n) => [write(m, n)], stands: [] },
  { name: 'tmpfs out of step', kind: 'tmpfs', offset: () => 8, prepare: (m, n) => [write(m, n)], stands: ['misaligned'], answer: 'EINVAL' },
  { name: 'memfd, userfaultfd with holes', kind: 'memfd', prepare: (m, n) => [m.write({ from: 0, pages: 8 }, 1), m.userfault({ from: 0, pages: n })], stands: ['userfaultfd'], answer: 'EBUSY' },
  { name: 'a private mapping of a memfd that was only read', kind: 'private-memfd', prepare: (m, n) => [m.read({ from: 0, pages: n }, 1)], stands: [] },
  { name: 'a private mapping of a memfd with pages of its own', kind: 'private-memfd', prepare: (m, n) => [write(m, n)], stands: ['private-copies'], answer: 'EINVAL' },
  { name: 'a private mapping of a memfd out of step', kind: 'private-memfd', offset: () => 1, prepare: (m, n) => [m.read({ from: 0, pages: n }, 1)], stands: ['misaligned'], answer: 'EINVAL' },
  { name: 'shared anonymous memory that is only in the page cache', kind: 'shared', prepare: (m, n) => [write(m, n), m.advise({ from: 0, pages: n }, 'MADV_DONTNEED')], stands: [] },
  { name: 'a file that is open for writing, advised', kind: 'file', prepare: (m, n) => [m.read({ from: 0, pages: n }, 1), m.advise({ from: 0, pages: n }, 'MADV_HUGEPAGE')], stands: ['file-thp'], answer: 'EINVAL', only: 'linux', byHost: true },
  { name: 'shared anonymous memory without a page (no process can see that)', kind: 'shared', stands: [], answer: 'EINVAL' },
  { name: 'a guard page (only the process can see that)', prepare: (m, n) => [write(m, n), m.advise({ from: 3, pages: 1 }, 'MADV_GUARD_INSTALL')], stands: [], answer: 'EINVAL', since: '6.18' },
]; // biome-ignore format: a table

describe('eligibility, as Octavo says it and as the kernel does it', () => {
  for (const stage of STAGES) {
    describe(stage.name, { skip: stage.skip }, () => {
      for (const row of ROWS.filter((one) => isHere(one, stage)))
        it(row.name, (context) => compare(stage, row, (why) => context.skip(why)));
    });
  }
});

function isHere({ only, since }: Row, { kind, name }: Stage): boolean {
  if (only !== undefined && only !== kind) return false;
  const release = /model of (\d+)\.(\d+)/.exec(name)?.slice(1).map(Number);
  if (since === undefined || release === undefined) return true;
  const [major, minor] = since.split('.').map(Number);
  return release[0] > major || (release[0] === major && release[1] >= minor);
}

async function compare(stage: Stage, row: Row, skip: (why: string) => void): Promise<void> {
  const machine = await stage.open(2, {
    kind: row.kind ?? 'private',
    offset: row.offset?.(stage.pagesPerBlock) ?? 0,
  });
  try {
    for (const done of row.prepare?.(machine, machine.host.identity.geometry.pagesPerBlock) ?? []) {
      const answer = await done;
      if (answer === 'ENOSYS' || answer === 'EPERM') return skip(`the kernel answers ${answer} here`);
      await must(Promise.resolve(answer));
    }
    if (row.kind !== undefined && readThpSettings(machine.host).shmemEnabled === 'deny')
      return skip('shmem_enabled is deny here');
    await machine.settle();
    const said = obstaclesOf(machine);
    const { answer, isHuge } = await collapse(machine);
    if (row.byHost) return assert.equal(said.length === 0, answer === 'ok', `${said[0]?.why}, ${answer}`);
    assert.deepEqual(
      { stands: said.map(({ code }) => code), isHuge, answer },
      { stands: row.stands, isHuge: (row.answer ?? 'ok') === 'ok', answer: row.answer ?? 'ok' },
      said.map(({ why }) => why).join('; '),
    );
  } finally {
    await machine.end();
  }
}

function obstaclesOf({ host, pid, firstPage }: Machine) {
  const { geometry } = host.identity;
  const { sizes } = observe(host, pid);
  const mapping = sizes.mappings.find(({ start, end }) => start <= firstPage && firstPage < end);
  assert.ok(mapping);
  const state = stateOf(host, pid, firstPage / geometry.pagesPerBlock, mapping);
  const { thpDisabledByPrctl } = sizes;
  return collapseObstacles({ mapping, state, settings: readThpSettings(host), geometry, thpDisabledByPrctl });
}

function stateOf(
  host: Machine['host'],
  pid: number,
  block: number,
  mapping: Parameters<typeof coversBlock>[0],
): BlockState {
  const { blocks, geometry } = observe(host, pid).sizes;
  const row = rowOfBlock(blocks, block);
  if (row >= 0) return blockState(blocks, row);
  return { ...emptyBlock(block), flags: coversBlock(mapping, block, geometry) ? ['wholeInMapping'] : [] };
}

async function collapse({ host, pid, firstPage }: Machine): Promise<{ answer: string; isHuge: boolean }> {
  const { geometry } = host.identity;
  const block = firstPage / geometry.pagesPerBlock;
  const target = host.calls.openProcess(pid);
  assert.ok(target.ok);
  const range = { start: blockToPage(block, geometry), end: blockToPage(block + 1, geometry) };
  const done = await host.calls.processMadvise(target.value, [range], 'MADV_COLLAPSE');
  target.value.close();
  const { blocks } = observe(host, pid, { ranges: [range] }).sizes;
  const row = rowOfBlock(blocks, block);
  return {
    answer: done.ok ? 'ok' : done.error.errno,
    isHuge: row >= 0 && blockState(blocks, row).level === 'pmd',
  };
}
