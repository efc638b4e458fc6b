import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statLine, writtenHost } from '../../test/support/written-host.js';
import { openTraceBuffer, recoverTracing } from './trace-buffer.js';

const ROOT = '/sys/kernel/tracing';
const SWITCH = 'events/damon/damon_aggregated/enable';
const JOURNAL = '/state/damon-trace.json';

/** tracefs with instances: a directory made there has the files of a buffer at once, and goes with them. */
function tracing(left: readonly string[] = []) {
  const world = writtenHost({ [`${ROOT}/${SWITCH}`]: '0\n', [`${ROOT}/trace`]: 'of others\n' });
  const instance = (name: string) => {
    world.files.set(`${ROOT}/instances/${name}/${SWITCH}`, '0\n');
    world.files.set(`${ROOT}/instances/${name}/trace`, 'mine\n');
  };
  for (const name of ['somebody-else', ...left]) instance(name);
  const { files } = world.host;
  const host = {
    ...world.host,
    files: {
      ...files,
      makeDirectory: (path: string) => {
        if (path.startsWith(`${ROOT}/instances/`)) instance(path.split('/').at(-1) ?? '');
        return files.makeDirectory(path);
      },
      remove: (path: string) => {
        if (!path.startsWith(`${ROOT}/instances/`)) return files.remove(path);
        for (const file of [...world.files.keys()]) if (file.startsWith(`${path}/`)) world.files.delete(file);
        return { ok: true, value: undefined } as const;
      },
    },
  };
  const instances = () => {
    const names = host.files.list(`${ROOT}/instances`);
    return names.ok ? names.value : [];
  };
  return { world, host, instances };
}

test('events go to an instance of one\u2019s own; the shared buffer and its switch are not touched', () => {
  const { world, host, instances } = tracing();
  const buffer = openTraceBuffer(host);
  assert.ok(buffer.ok);
  assert.deepEqual(instances(), ['somebody-else', 'octavo-4242-100']);
  assert.deepEqual(world.writes, [`${ROOT}/instances/octavo-4242-100/${SWITCH} = 1`]);
  assert.deepEqual(buffer.value.read(), { ok: true, value: 'mine\n' });
  buffer.value.close();
  assert.deepEqual(instances(), ['somebody-else']);
});

test('instances of Octavos that are gone are removed, those of living ones and of others are not', () => {
  const { world, host, instances } = tracing(['octavo-77-5', 'octavo-78-6', 'octavo-x']);
  world.files.set('/proc/78/stat', statLine(78, 6));
  recoverTracing(host);
  assert.deepEqual(instances(), ['somebody-else', 'octavo-78-6', 'octavo-x']);
});

test('an instance whose event cannot be turned on is taken away again', () => {
  const { world, host, instances } = tracing();
  world.refuse = () => 'EPERM';
  const refused = openTraceBuffer(host);
  assert.ok(!refused.ok && refused.error.errno === 'EPERM');
  assert.deepEqual(instances(), ['somebody-else']);
});

test('without instances the shared switch is journaled, put back, and left alone when it was on', () => {
  const world = writtenHost({ [`${ROOT}/${SWITCH}`]: '0\n', [`${ROOT}/trace`]: '' });
  const buffer = openTraceBuffer(world.host);
  assert.ok(buffer.ok);
  assert.match(world.files.get(JOURNAL) ?? '', /"pid":4242.*damon_aggregated/);
  assert.equal(world.files.get(`${ROOT}/${SWITCH}`), '1\n');
  buffer.value.close();
  assert.equal(world.files.get(`${ROOT}/${SWITCH}`), '0\n');
  assert.equal(world.files.has(JOURNAL), false);
  world.files.set(`${ROOT}/${SWITCH}`, '1\n');
  const before = world.writes.length;
  const again = openTraceBuffer(world.host);
  assert.ok(again.ok);
  again.value.close();
  assert.deepEqual(world.writes.slice(before), []);
});

test('a switch that a killed Octavo left on is turned off, unless its boot is over or it lives', () => {
  for (const [bootId, startTicks, writes] of [
    ['boot-1', 5, [`${ROOT}/${SWITCH} = 0`]],
    ['boot-0', 5, []],
    ['boot-1', 100, undefined],
  ] as const) {
    const world = writtenHost({ [`${ROOT}/${SWITCH}`]: '1\n' });
    const holder = { pid: 4242, startTicks, bootId };
    world.files.set(JOURNAL, JSON.stringify({ holder, path: `${ROOT}/${SWITCH}` }));
    recoverTracing(world.host);
    assert.deepEqual(world.writes, writes ?? []);
    assert.equal(world.files.has(JOURNAL), writes === undefined);
  }
});

test('a journal that names another file is not followed', () => {
  const world = writtenHost({ '/etc/passwd': 'x' });
  const holder = { pid: 1, startTicks: 1, bootId: 'boot-1' };
  world.files.set(JOURNAL, JSON.stringify({ holder, path: '/etc/passwd' }));
  recoverTracing(world.host);
  assert.deepEqual(world.writes, []);
});

test('a kernel without the event, or without tracefs, is a refusal', () => {
  const refused = openTraceBuffer(writtenHost({}).host);
  assert.ok(!refused.ok && refused.error.errno === 'ENOENT');
});

test('opening a buffer takes away what Octavos that are gone left', () => {
  const { host, instances } = tracing(['octavo-7-5']);
  const opened = openTraceBuffer(host);
  assert.ok(opened.ok);
  assert.ok(!instances().includes('octavo-7-5'));
});

test('a journal that is no JSON is none', () => {
  const { host, world } = tracing();
  world.files.set(JOURNAL, '{"holder"');
  recoverTracing(host);
  assert.deepEqual(world.writes, []);
});

test('a shared buffer that cannot be read, journaled or turned on is refused with nothing left behind', () => {
  const files = { [`${ROOT}/${SWITCH}`]: '0\n', [`${ROOT}/trace`]: '' };
  const errnoOf = (world: ReturnType<typeof writtenHost>) => {
    const opened = openTraceBuffer(world.host);
    assert.equal(world.files.get(`${ROOT}/${SWITCH}`), '0\n');
    assert.equal(world.files.has(JOURNAL), false);
    return opened.ok ? '' : opened.error.errno;
  };
  for (const unreadable of [SWITCH, 'trace']) {
    const world = writtenHost(files);
    world.refuseRead = (path) => (path === `${ROOT}/${unreadable}` ? 'EACCES' : undefined);
    assert.equal(errnoOf(world), 'EACCES', unreadable);
  }
  const full = writtenHost(files);
  full.host.files.writeFile = (path) => ({ ok: false, error: { errno: 'ENOSPC', call: path } });
  assert.equal(errnoOf(full), 'ENOSPC');
  assert.deepEqual(full.writes, []);
  const refusing = writtenHost(files);
  refusing.refuse = () => 'EPERM';
  assert.equal(errnoOf(refusing), 'EPERM');
});

test('the journal’s folder is made first, and a kernel without the event is named by the file it lacks', () => {
  const world = writtenHost({ [`${ROOT}/${SWITCH}`]: '0\n', [`${ROOT}/trace`]: '' });
  const made: string[] = [];
  world.host.files.makeDirectory = (path) => {
    made.push(path);
    return { ok: true, value: undefined };
  };
  assert.ok(openTraceBuffer(world.host).ok);
  assert.deepEqual(made, ['/state']);
  const refused = openTraceBuffer(writtenHost({}).host);
  assert.equal(refused.ok ? '' : refused.error.call, `open ${ROOT}/${SWITCH}`);
});
