/** Names from the runtimes' state files, and what is read of a process. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ScriptedHost } from '../../test/support/scripted-host.js';
import { RuntimeNames } from './runtime-names.js';
import { bundleNames, dockerNames, storageNames } from './runtime-state.js';
import { serviceOf } from './service-id.js';
import { ServiceReader } from './service-reader.js';

const ID = 'e1f2'.repeat(16);
const OTHER = 'a0b1'.repeat(16);

function hostWith(texts: Readonly<Record<string, string>>): ScriptedHost & { readonly asked: string[] } {
  const host = new ScriptedHost([9]);
  for (const [path, text] of Object.entries(texts)) host.texts.set(path, text);
  const asked: string[] = [];
  const { readText } = host.files;
  host.files.readText = (path) => {
    asked.push(path);
    return readText(path);
  };
  host.files.link = (path) =>
    host.texts.has(path)
      ? { ok: true, value: host.texts.get(path) ?? '' }
      : { ok: false, error: { errno: 'ENOENT', call: path } };
  return Object.assign(host, { asked });
}

test('docker’s state: the name, or what the kubelet called it', () => {
  const plain = JSON.stringify({ Name: '/db', Config: { Image: 'pg:17', Labels: {} } });
  assert.deepEqual(dockerNames(plain), { name: 'db', image: 'pg:17' });
  const Labels = {
    'io.kubernetes.container.name': 'app',
    'io.kubernetes.pod.name': 'web-1',
    'io.kubernetes.pod.namespace': 'shop',
  };
  const kubelet = JSON.stringify({ Name: '/k8s_app_web-1_shop_x_0', Config: { Labels } });
  assert.deepEqual(dockerNames(kubelet), { name: 'app', pod: 'web-1', namespace: 'shop' });
  for (const text of ['', '[]', 'null', '7', '{"Name":7}', '{}']) assert.equal(dockerNames(text), undefined);
});

test('annotations of a bundle', () => {
  const annotations = {
    'io.kubernetes.cri.container-name': 'app',
    'io.kubernetes.cri.container-type': 'container',
    'io.kubernetes.cri.image-name': 'i:1',
    'io.kubernetes.cri.sandbox-name': 'web-1',
    'io.kubernetes.cri.sandbox-namespace': 'shop',
  };
  const told = { name: 'app', image: 'i:1', pod: 'web-1', namespace: 'shop' };
  assert.deepEqual(bundleNames(JSON.stringify({ annotations })), told);
  const pause = { 'io.kubernetes.cri.container-type': 'sandbox', 'io.kubernetes.cri.sandbox-name': 'web-1' };
  assert.deepEqual(bundleNames(JSON.stringify({ annotations: pause })), { name: 'sandbox', pod: 'web-1' });
  assert.deepEqual(bundleNames('{"annotations":{"nerdctl/name":"db"}}'), { name: 'db' });
  for (const text of ['{}', '{"annotations":[]}', '{"annotations":{}}', 'x'])
    assert.equal(bundleNames(text), undefined, text);
});

test('the list of containers/storage', () => {
  const list = [
    { id: ID, names: ['db'], metadata: '{"image-name":"pg:17","pod-name":"db"}' },
    { id: OTHER, names: ['k8s_app_web-1_shop_uid_0'], metadata: '{"pod-name":"web-1"}' },
    { id: 'p', names: ['k8s_POD_web-1_shop_uid_0'], metadata: 'broken' },
    { id: 'q', names: ['k8s_a_b_c_uid_0'], metadata: '{"pod-name":"k8s_x"}' },
    { id: 'none' },
    { names: ['without id'] },
    null,
  ];
  const found = storageNames(JSON.stringify(list));
  assert.deepEqual([...found.keys()], [ID, OTHER, 'p', 'q']);
  assert.deepEqual(found.get(ID), { name: 'db', image: 'pg:17' });
  assert.deepEqual(found.get(OTHER), { name: 'app', namespace: 'shop', pod: 'web-1' });
  assert.deepEqual(found.get('p'), { name: 'sandbox', namespace: 'shop', pod: 'web-1' });
  assert.deepEqual(found.get('q')?.pod, 'b');
  assert.equal(storageNames('{}').size, 0);
  assert.equal(storageNames('[').size, 0);
});

test('each runtime’s state is asked, once for each container', () => {
  const bundle = '{"annotations":{"io.kubernetes.cri.container-name":"app"}}';
  const host = hostWith({
    [`/run/containerd/io.containerd.runtime.v2.task/moby/${ID}/config.json`]: bundle,
    '/run/containers/storage/overlay-containers/volatile-containers.json': `[{"id":"${OTHER}","names":["job"]}]`,
  });
  const names = new RuntimeNames(host);
  assert.deepEqual(names.of({ id: ID }), { name: 'app' });
  assert.deepEqual(names.of({ id: OTHER, runtime: 'podman' }), { name: 'job' });
  const before = host.asked.length;
  assert.deepEqual(names.of({ id: ID }), { name: 'app' });
  assert.equal(host.asked.length, before);
  assert.deepEqual(names.of({ id: 'f'.repeat(64) }), {});
  const lists = host.asked.filter((path) => path.endsWith('/volatile-containers.json')).length;
  host.texts.set('/var/lib/containers/storage/overlay-containers/containers.json', `[{"id":"${'c'.repeat(64)}","names":["new"]}]`); // biome-ignore format: one line
  assert.deepEqual(names.of({ id: 'c'.repeat(64) }), { name: 'new' });
  assert.ok(host.asked.filter((path) => path.endsWith('/volatile-containers.json')).length > lists);
});

test('an id that is no id is never part of a path', () => {
  const host = hostWith({});
  const names = new RuntimeNames(host);
  for (const place of [{ id: '../../etc' }, { id: 'abc', runtime: 'lxc' }, { id: 'abc', runtime: 'nspawn' }])
    assert.deepEqual(names.of(place), {});
  assert.deepEqual(host.asked, []);
});

test('docker’s state comes first', () => {
  const host = hostWith({
    [`/var/lib/docker/containers/${ID}/config.v2.json`]: '{"Name":"/db"}',
    '/proc/7/cgroup': `0::/system.slice/docker-${ID}.scope\n`,
  });
  const belonging = new ServiceReader(host).read({ pid: 7, command: 'postgres' });
  assert.deepEqual([serviceOf(belonging).kind, serviceOf(belonging).name], ['container', 'db']);
  assert.equal(belonging.unit?.name, `docker-${ID}.scope`);
  assert.equal(host.asked.includes('/proc/7/cmdline'), false);
});

test('a machine is known by its program where its command was renamed', () => {
  const host = hostWith({
    '/proc/7/cgroup': '0::/\n',
    '/proc/7/exe': '/usr/bin/qemu-system-x86_64',
    '/proc/7/cmdline': 'qemu-system-x86_64\0-name\0guest=db,process=db\0',
    '/proc/8/exe': '/usr/bin/sleep',
  });
  const reader = new ServiceReader(host);
  assert.equal(serviceOf(reader.read({ pid: 7, command: 'db' })).name, 'db');
  assert.equal(serviceOf(reader.read({ pid: 7, command: 'db' })).kind, 'vm');
  assert.deepEqual(reader.read({ pid: 8, command: 'sleep' }), {
    process: { kind: 'process', name: 'sleep', labels: {} },
  });
  const given = reader.read({ pid: 9, command: 'x', cgroupText: '0::/system.slice/x.service\n' });
  assert.equal(serviceOf(given).name, 'x.service');
  assert.equal(host.asked.includes('/proc/9/cgroup'), false);
});
