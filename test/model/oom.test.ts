// What happens when memory is asked for and none can be freed: the OOM killer, in a cgroup and in the whole machine.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { access } from '../../src/model/kernel/access/access.js';
import { mmap, spawn } from '../../src/model/kernel/address-space/processes.js';
import { boot } from '../../src/model/kernel/boot.js';
import { violations } from '../../src/model/kernel/checks/invariants.js';
import { ensureCgroup } from '../../src/model/kernel/files/cgroup-files.js';
import { mountFiles } from '../../src/model/kernel/files/mount-files.js';
import type { Kernel } from '../../src/model/kernel/state/kernel.js';
import type { Memcg } from '../../src/model/kernel/state/memcg.js';
import type { Process } from '../../src/model/kernel/state/process.js';
import { MIB } from '../../src/vocabulary/units.js';

interface Machine {
  readonly kernel: Kernel;
  cat(path: string): string;
  echo(text: string, path: string): string | undefined;
}

function machine(options = {}): Machine {
  const kernel = boot({ memoryBytes: 256 * MIB, thp: { enabled: 'never' }, ...options });
  mountFiles(kernel, 1, '00000000-0000-4000-8000-000000000000');
  kernel.thp.enabled = 'never';
  const file = (path: string) => {
    const found = kernel.files.find(path);
    assert.ok(typeof found === 'object' && found.kind === 'file', path);
    return found;
  };
  return {
    kernel,
    cat: (path) => String(file(path).read?.()),
    echo: (text, path) => file(path).write?.(text),
  };
}

interface Owner {
  readonly task: Process;
  readonly base: number;
}

function owner(kernel: Kernel, command: string, memcg: Memcg | undefined = undefined): Owner {
  const task = spawn(kernel, { command, memcg: memcg?.id ?? 0 });
  return { task, base: mmap(kernel, task.mm!, { pages: 65536 }) as number };
}

/** Writes pages until the memory is there or the access fails; returns how many were written. */
function grow(kernel: Kernel, { task, base }: Owner, pages: number): number {
  for (let page = 0; page < pages; page++) if (access(kernel, task.mm!, base + page, true) < 0) return page;
  return pages;
}

const lives = (kernel: Kernel, { task }: Owner) => kernel.processes.get(task.pid) === task;

test('a cgroup at its limit with nothing to reclaim: its own largest process is killed, no other', () => {
  const { kernel, cat, echo } = machine();
  const group = ensureCgroup(kernel, '/limited') as Memcg;
  echo('8M', '/sys/fs/cgroup/limited/memory.max');
  const outside = owner(kernel, 'outside');
  const [small, large] = [owner(kernel, 'small', group), owner(kernel, 'large', group)];
  assert.equal(grow(kernel, outside, 8000), 8000);
  assert.equal(grow(kernel, small, 200), 200);
  assert.ok(grow(kernel, large, 4000) < 2048);
  assert.deepEqual(
    [outside, small, large].map((one) => lives(kernel, one)),
    [true, true, false],
  );
  assert.match(
    cat('/sys/fs/cgroup/limited/memory.events'),
    /^max [1-9]\d*\noom 1\noom_kill 1\noom_group_kill 0$/m,
  );
  assert.match(cat('/proc/vmstat'), /^oom_kill 1$/m);
  assert.deepEqual(
    kernel.killed.map(({ command }) => command),
    ['large'],
  );
  assert.equal(grow(kernel, small, 1500), 1500, 'what was killed gave its memory back');
  assert.deepEqual(violations(kernel), []);
});

test('the faulting process lives when another one in the cgroup is larger', () => {
  const { kernel, echo } = machine();
  const group = ensureCgroup(kernel, '/limited') as Memcg;
  echo('8M', '/sys/fs/cgroup/limited/memory.max');
  const [large, small] = [owner(kernel, 'large', group), owner(kernel, 'small', group)];
  grow(kernel, large, 1500);
  assert.equal(grow(kernel, small, 1000), 1000);
  assert.deepEqual([lives(kernel, large), lives(kernel, small)], [false, true]);
  assert.deepEqual(violations(kernel), []);
});

test('swap is used before anybody is killed, and memory.swap.max bounds it', () => {
  const { kernel, cat, echo } = machine({ swapBytes: 64 * MIB });
  const group = ensureCgroup(kernel, '/limited') as Memcg;
  echo('8M', '/sys/fs/cgroup/limited/memory.max');
  echo('8M', '/sys/fs/cgroup/limited/memory.swap.max');
  const one = owner(kernel, 'one', group);
  assert.equal(grow(kernel, one, 3600), 3600);
  assert.ok(Number(cat('/sys/fs/cgroup/limited/memory.swap.current')) > 4 * MIB);
  assert.match(cat('/sys/fs/cgroup/limited/memory.events'), /^oom_kill 0$/m);
  assert.ok(grow(kernel, one, 6000) < 6000);
  assert.equal(lives(kernel, one), false);
  assert.equal(kernel.swap.used, 0);
  assert.deepEqual(violations(kernel), []);
});

test('oom_score_adj: −1000 is never chosen, the others are moved; memory.oom.group kills them together', () => {
  const { kernel, cat, echo } = machine();
  const group = ensureCgroup(kernel, '/limited') as Memcg;
  echo('8M', '/sys/fs/cgroup/limited/memory.max');
  const [large, spared, small] = ['large', 'spared', 'small'].map((name) => owner(kernel, name, group));
  assert.equal(echo('1001', `/proc/${small.task.pid}/oom_score_adj`), 'EINVAL');
  echo('-1000', `/proc/${spared.task.pid}/oom_score_adj`);
  echo('900', `/proc/${small.task.pid}/oom_score_adj`);
  assert.equal(cat(`/proc/${small.task.pid}/oom_score_adj`), '900\n');
  assert.equal(cat(`/proc/${spared.task.pid}/oom_score`), '0\n');
  assert.ok(
    Number(cat(`/proc/${small.task.pid}/oom_score`)) > Number(cat(`/proc/${large.task.pid}/oom_score`)),
  );
  grow(kernel, large, 900);
  grow(kernel, small, 100);
  grow(kernel, spared, 1100);
  assert.deepEqual(
    [large, spared, small].map((one) => lives(kernel, one)),
    [true, true, false],
  );
  const grouped = ensureCgroup(kernel, '/together') as Memcg;
  echo('8M', '/sys/fs/cgroup/together/memory.max');
  echo('1', '/sys/fs/cgroup/together/memory.oom.group');
  const pair = [owner(kernel, 'first', grouped), owner(kernel, 'second', grouped)];
  grow(kernel, pair[0], 500);
  grow(kernel, pair[1], 4000);
  assert.deepEqual(
    pair.map((one) => lives(kernel, one)),
    [false, false],
  );
  assert.match(cat('/sys/fs/cgroup/together/memory.events'), /^oom 1\noom_kill 2\noom_group_kill 1$/m);
  assert.deepEqual(violations(kernel), []);
});

test('a machine without free memory kills its largest process, and THP faults only fall back', () => {
  const { kernel, cat } = machine({ memoryBytes: 64 * MIB });
  kernel.thp.enabled = 'always';
  const [first, second] = [owner(kernel, 'first'), owner(kernel, 'second')];
  assert.equal(grow(kernel, first, 8000), 8000);
  assert.equal(grow(kernel, second, 10000), 10000);
  assert.deepEqual([lives(kernel, first), lives(kernel, second)], [false, true]);
  assert.match(cat('/proc/vmstat'), /^thp_fault_fallback [1-9]/m);
  assert.match(cat('/proc/vmstat'), /^oom_kill 1$/m);
  assert.deepEqual(violations(kernel), []);
});

test('MADV_COLLAPSE and khugepaged never kill: they answer that there is no memory', () => {
  const { kernel, echo } = machine();
  const group = ensureCgroup(kernel, '/limited') as Memcg;
  echo('8M', '/sys/fs/cgroup/limited/memory.max');
  const one = owner(kernel, 'one', group);
  grow(kernel, one, 2000);
  assert.equal(kernel.killed.length, 0);
  assert.equal(lives(kernel, one), true);
  assert.deepEqual(violations(kernel), []);
});
