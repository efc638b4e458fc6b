/** The machine that foreign tools meet beside the real kernel: nothing of it may be taken for the real one's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { geometryOf } from '../kernel/state/options.js';
import { type MachineOptions, startMachine } from './mounted-machine.js';

const FIRST_PID = 4_000_000;
/** TRACE_EVENT_TYPE_MAX: ids of trace events have 16 bits. */
const LARGEST_ID = 65_535;

function machine(options: Partial<MachineOptions> = {}) {
  return startMachine({
    generation: '7.3',
    kernel: { memoryBytes: 2 ** 28 },
    firstPid: FIRST_PID,
    tasks: [{ name: 'redis', bytes: 2 ** 22, hot: 0.5 }],
    damonStat: false,
    adopt: () => () => undefined,
    ...options,
  });
}

function read(kernel: ReturnType<typeof machine>['kernel'], path: string): string {
  const node = kernel.files.find(path);
  assert.ok(typeof node !== 'string' && node.kind === 'file', path);
  return String(node.read?.());
}

test('its trace events have ids that no kernel has: perf gives them to the machine’s own', () => {
  const { kernel } = machine();
  const events = kernel.files.find('/sys/kernel/tracing/events/damon');
  assert.ok(typeof events !== 'string' && events.kind === 'directory');
  const names = events.names().filter((name) => !['enable', 'filter'].includes(name));
  assert.ok(names.length >= 6);
  const ids = names.map((name) => Number(read(kernel, `/sys/kernel/tracing/events/damon/${name}/id`)));
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(
    ids.every((id) => id > LARGEST_ID && id < 2 ** 31),
    ids.join(),
  );
  for (const [index, name] of names.entries()) {
    assert.match(
      read(kernel, `/sys/kernel/tracing/events/damon/${name}/format`),
      new RegExp(`^ID: ${ids[index]}$`, 'm'),
    );
  }
});

test('its kernel threads and kdamonds have pids of its own range, the task the first of them', () => {
  const { kernel, tasks } = machine({ damonStat: true });
  const names = ['khugepaged', 'kswapd0', 'kcompactd0', 'kdamond.0'];
  for (const name of names) {
    const found = [...kernel.processes.values()].filter(({ command }) => command === name);
    assert.equal(found.length, 1, name);
    assert.ok(found[0].pid >= FIRST_PID, name);
    assert.match(read(kernel, `/proc/${found[0].pid}/comm`), new RegExp(`^${name}$`, 'm'));
  }
  assert.equal(tasks[0].name, 'redis');
});

test('the ring buffer’s header says how large the model’s pages are', () => {
  const geometry = geometryOf('arm64', 65_536);
  const large = machine({
    kernel: { memoryBytes: 2 ** 30, architecture: 'arm64', ...(geometry && { geometry }) },
  });
  const page = read(large.kernel, '/sys/kernel/tracing/events/header_page');
  assert.match(page, /^\tfield: char data;\toffset:16;\tsize:65520;\tsigned:0;$/m);
  assert.match(read(machine().kernel, '/sys/kernel/tracing/events/header_page'), /size:4080;/);
  assert.match(
    read(large.kernel, '/sys/kernel/tracing/events/header_event'),
    /^\tdata max type_len {2}== 28$/m,
  );
});

test('an architecture has its own base pages and no others', () => {
  assert.equal(geometryOf('x64', 4096)?.hugeOrder, 9);
  assert.equal(geometryOf('arm64', 4096)?.hugeOrder, 9);
  assert.equal(geometryOf('arm64', 16_384)?.hugeOrder, 11);
  assert.equal(geometryOf('arm64', 65_536)?.hugeOrder, 13);
  for (const [architecture, bytes] of [
    ['x64', 16_384],
    ['x64', 65_536],
    ['arm64', 8192],
    ['arm64', 0],
  ] as const)
    assert.equal(geometryOf(architecture, bytes), undefined);
});

test('/proc/PID/task/TID has no threads of its own', () => {
  const { kernel, tasks } = machine();
  const [{ pid }] = tasks;
  const thread = kernel.files.find(`/proc/${pid}/task/${pid}`);
  assert.ok(typeof thread !== 'string' && thread.kind === 'directory');
  assert.ok(!thread.names().includes('task'));
  assert.equal(kernel.files.find(`/proc/${pid}/task/${pid}/task`), 'ENOENT');
});
