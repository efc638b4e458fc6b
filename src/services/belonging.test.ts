/** Paths as Linux hosts show them, with what they stand for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { belongingOf, needsWords } from './belonging.js';
import { cgroupPaths, namesOf, unescapeUnit } from './cgroup-paths.js';
import { containerPlace } from './container.js';
import { type Belonging, labelsOf, serviceKey, serviceOf } from './service-id.js';
import { unitOf } from './unit.js';
import { machineOf, machineOfWords, monitorOf } from './virtual-machine.js';

const ID = 'e1f2'.repeat(16);
const UID = '0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0';
const UID_IN_SLICE = UID.replaceAll('-', '_');

test('paths of both versions, the most telling first, without the root and foreign namespaces', () => {
  const hybrid = `12:cpu,cpuacct:/c\n4:memory:/m\n1:name=systemd:/s\n0::/\n`;
  assert.deepEqual(cgroupPaths(hybrid), ['/s', '/m', '/c']);
  assert.deepEqual(cgroupPaths('4:cpuset,memory:/m\n0::/u\n1:name=systemd:/u\n'), ['/u', '/m']);
  assert.deepEqual(cgroupPaths('0::/../../system.slice/a.service\n'), ['/system.slice/a.service']);
  assert.deepEqual(cgroupPaths('0::/..\n'), []);
  assert.deepEqual(cgroupPaths('0::/..a\n'), ['/..a']);
  assert.deepEqual(cgroupPaths('nothing\n::\n'), []);
  assert.deepEqual(cgroupPaths('7:pids:/a:b\n'), ['/a:b']);
});

test('names as systemd escapes them', () => {
  assert.deepEqual(namesOf('/system.slice/_cpu.service/_'), ['system.slice', 'cpu.service', '_']);
  assert.equal(unescapeUnit('my\\x2ddb\\xc3\\xa9\\x'), 'my-dbé\\x');
  assert.equal(unescapeUnit('back\\slash'), 'back\\slash');
  assert.equal(unescapeUnit('\\x2d\\y'), '-\\y');
});

test('systemd units: slices, scopes, templates, users, what lies below a unit', () => {
  const cases: readonly (readonly [string, string | undefined, Readonly<Record<string, string>>])[] = [
    ['/system.slice/redis.service', 'redis.service', { slice: 'system.slice' }],
    ['/a.slice/a-b.slice/db.service/worker/1', 'db.service', { slice: 'a-b.slice' }],
    ['/init.scope', 'init.scope', {}],
    ['/system.slice/system-getty.slice/getty@tty1.service', 'getty@tty1.service', { slice: 'system-getty.slice', instance: 'tty1' }],
    ['/system.slice/pg@my\\x2ddb.service', 'pg@my\\x2ddb.service', { slice: 'system.slice', instance: 'my-db' }],
    ['/system.slice/_memory.service', 'memory.service', { slice: 'system.slice' }],
    ['/user.slice/user-1000.slice/session-4.scope', 'session-4.scope', { slice: 'user-1000.slice', user: '1000' }],
    ['/user.slice/user-1000.slice/user@1000.service/app.slice/foo.service', '1000/foo.service', { slice: 'app.slice', user: '1000' }],
    ['/user.slice/user-7.slice/user@7.service/init.scope', '7/init.scope', { user: '7' }],
    ['/user.slice/user-7.slice/user@7.service', 'user@7.service', { slice: 'user-7.slice', user: '7', instance: '7' }],
    ['/user.slice/user-7.slice/user@7.service/app.slice/loose', 'user@7.service', { slice: 'user-7.slice', user: '7', instance: '7' }],
    ['/system.slice', undefined, {}],
    ['/docker/abc', undefined, {}],
    ['/docker/x.service', undefined, {}],
    ['/.service', undefined, {}],
    ['/', undefined, {}],
  ]; // biome-ignore format: a row a line
  for (const [path, name, labels] of cases) {
    const found = unitOf(path);
    assert.equal(found?.name, name, path);
    assert.deepEqual(found?.labels ?? {}, labels, path);
    assert.equal(found?.kind ?? 'unit', 'unit');
  }
});

test('containers of each runtime and driver', () => {
  const cases: readonly (readonly [string, string | undefined, string?])[] = [
    [`/system.slice/docker-${ID}.scope`, 'docker'],
    [`/docker/${ID}`, 'docker'],
    [`/docker/${ID}/init.scope`, 'docker'],
    [`/system.slice:docker:${ID}`, 'docker'],
    [`/machine.slice/libpod-${ID}.scope/container`, 'podman'],
    [`/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope`, 'podman'],
    [`/libpod_parent/libpod-${ID}`, 'podman'],
    [`/libpod_parent/${ID}`, 'podman'],
    [`/system.slice/crio-${ID}.scope`, 'cri-o'],
    [`/system.slice/cri-containerd-${ID}.scope`, 'containerd'],
    [`/system.slice:cri-containerd:${ID}`, 'containerd'],
    [`/system.slice/nerdctl-${ID}.scope`, 'containerd'],
    [`/k8s.io/${ID}`, 'containerd'],
    [`/moby/${ID}`, 'docker'],
    ['/lxc.payload.web/system.slice/x.service', 'lxc', 'web'],
    ['/lxc/web', 'lxc', 'web'],
    ['/machine.slice/systemd-nspawn@my\\x2dbox.service/payload', 'nspawn', 'my-box'],
    [`/ecs/task/${'a'.repeat(32)}-12345`, undefined, `${'a'.repeat(32)}-12345`],
  ];
  for (const [path, runtime, id = ID] of cases) {
    const place = containerPlace(path);
    assert.deepEqual([place?.id, place?.runtime, place?.pod], [id, runtime, undefined], path);
  }
  const none = [
    '/',
    `/machine.slice/libpod-conmon-${ID}.scope`,
    `/system.slice/crio-conmon-${ID}.scope`,
    '/system.slice/docker.service',
    `/docker/${'a'.repeat(31)}`,
    `/docker/${'a'.repeat(65)}`,
    `/other/${ID}`,
    `/toString/${ID}`,
    `/${ID}`,
    `/system.slice/docker-${ID}.service`,
  ];
  for (const path of none) assert.equal(containerPlace(path), undefined, path);
});

test('pods: uid and QoS of both drivers, the innermost container', () => {
  const slice = (qos: string) =>
    `/kubepods.slice/kubepods${qos}.slice/kubepods${qos}-pod${UID_IN_SLICE}.slice`;
  const cases: readonly (readonly [string, string, string | undefined])[] = [
    [`${slice('-burstable')}/cri-containerd-${ID}.scope`, 'burstable', 'containerd'],
    [`${slice('-besteffort')}/crio-${ID}.scope`, 'besteffort', 'cri-o'],
    [`/kubepods.slice/kubepods-pod${UID_IN_SLICE}.slice/docker-${ID}.scope`, 'guaranteed', 'docker'],
    [`/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable-pod${UID_IN_SLICE}.slice/cri-containerd-${ID}.scope`, 'burstable', 'containerd'],
    [`/kubepods/burstable/pod${UID}/${ID}`, 'burstable', undefined],
    [`/kubepods/besteffort/pod${UID}/${ID}/inner`, 'besteffort', undefined],
    [`/kubepods/pod${UID}/${ID}`, 'guaranteed', undefined],
  ]; // biome-ignore format: a row a line
  for (const [path, qos, runtime] of cases) {
    const place = containerPlace(path);
    assert.deepEqual(place?.pod, { uid: UID, qos }, path);
    assert.deepEqual([place?.id, place?.runtime], [ID, runtime], path);
  }
  assert.equal(containerPlace(`/kubepods/burstable/pod${UID}`), undefined);
  assert.equal(containerPlace(`/elsewhere/pod${UID}/${ID}`), undefined);
  const nested = `/docker/${'b'.repeat(64)}/kubelet/kubepods/pod${UID}/${ID}`;
  assert.deepEqual(containerPlace(nested)?.id, ID);
});

test('programs that are virtual machines, and those that only sound like one', () => {
  for (const program of ['/usr/bin/qemu-system-x86_64', 'qemu-system-x86', 'qemu-kvm', '/usr/bin/kvm', 'qemu-system-aarch64 (deleted)'])
    assert.equal(monitorOf(program), 'qemu', program);
  assert.equal(monitorOf('/opt/firecracker'), 'firecracker');
  assert.equal(monitorOf('cloud-hypervisor'), 'cloud-hypervisor');
  for (const program of ['qemu-img', 'qemu-nbd', 'qemu-x86_64', 'xqemu-kvm', 'kvm-nx-lpage-rec', 'redis-server', ''])
    assert.equal(monitorOf(program), undefined, program);
}); // biome-ignore format: lists

test('names on command lines', () => {
  const name = (...words: string[]) => machineOfWords(words, undefined)?.name;
  assert.equal(name('qemu-system-x86_64', '-name', 'guest=web,debug-threads=on'), 'web');
  assert.equal(name('/usr/bin/kvm', '-id', '100', '-name', 'db,process=db'), 'db');
  assert.equal(name('qemu-kvm', '-name', 'debug-threads=on,guest=a,,b'), 'a,b');
  assert.equal(name('qemu-kvm', '--name', 'x'), 'x');
  assert.equal(name('qemu-kvm', '-name', 'x', '-name', 'y'), 'y');
  assert.equal(name('qemu-kvm', '-name=z'), 'z');
  assert.equal(name('qemu-kvm', '-name', 'debug-threads=on', '-uuid', UID), UID);
  assert.equal(name('qemu-kvm', '-name'), undefined);
  assert.equal(name('qemu-kvm', '-name', ''), undefined);
  assert.equal(name('qemu-kvm', '-m', '4G'), undefined);
  assert.equal(name('firecracker', '--id', 'fc-1'), 'fc-1');
  assert.equal(name('redis-server', '-name', 'x'), undefined);
  assert.equal(machineOfWords([], undefined), undefined);
  assert.equal(machineOfWords(['/opt/vm', '-name', 'x'], 'qemu')?.name, 'x');
  assert.deepEqual(machineOfWords(['kvm', '-name', 'a', '-uuid', UID], undefined)?.labels, { monitor: 'qemu', uuid: UID }); // biome-ignore format: one line
});

test('libvirt’s cgroups', () => {
  const scope = machineOf('/machine.slice/machine-qemu\\x2d3\\x2dmy\\x2ddb.scope/libvirt/emulator');
  assert.deepEqual([scope?.name, scope?.labels], ['my-db', { monitor: 'qemu', id: '3', machine: 'qemu-3-my-db' }]);
  assert.deepEqual(machineOf('/machine/qemu-12-a.libvirt-qemu/vcpu0')?.name, 'a');
  assert.deepEqual(machineOf('/machine/old.libvirt-qemu')?.name, 'old');
  assert.deepEqual(machineOf('/machine.slice/machine-qemu\\x2dplain.scope')?.name, 'plain');
  assert.equal(machineOf('/machine.slice/machine-box.scope'), undefined);
  assert.equal(machineOf('/machine.slice'), undefined);
}); // biome-ignore format: one line each

test('whom a process belongs to, from the closest name up', () => {
  const plain = belongingOf({ command: 'sh', cgroup: '' });
  assert.deepEqual(plain, { process: { kind: 'process', name: 'sh', labels: {} } });
  const unit = belongingOf({ command: 'redis-server', cgroup: '0::/system.slice/redis.service\n' });
  assert.deepEqual(serviceKey(serviceOf(unit)), 'unit redis.service');
  assert.deepEqual(serviceKey(serviceOf(unit, 'vm')), 'process redis-server');
  const pod = belongingOf({ command: 'java', cgroup: `0::/kubepods/pod${UID}/${ID}\n` }, () => ({
    name: 'app',
    pod: 'web-1',
    namespace: 'shop',
    image: 'i:1',
  }));
  assert.equal(serviceOf(pod).name, 'shop/web-1/app');
  assert.deepEqual(pod.container?.labels, { id: ID, container: 'app', image: 'i:1', pod: 'web-1', namespace: 'shop', pod_uid: UID, qos: 'guaranteed' }); // biome-ignore format: one line
  const nameless = belongingOf({ command: 'java', cgroup: `0::/kubepods/pod${UID}/${ID}\n` });
  assert.equal(serviceOf(nameless).name, `pod ${UID}/${ID.slice(0, 12)}`);
  const docker = belongingOf({ command: 'a', cgroup: `4:memory:/docker/${ID}\n0::/\n` });
  assert.deepEqual([serviceOf(docker).name, docker.unit], [ID.slice(0, 12), undefined]);
  const box = belongingOf({ command: 'a', cgroup: '0::/lxc/a-name-longer-than-twelve\n' });
  assert.equal(serviceOf(box).name, 'a-name-longer-than-twelve');
});

test('a virtual machine: by its words, its cgroup, or without a name', () => {
  const cgroup = '0::/machine.slice/machine-qemu\\x2d3\\x2ddb.scope/libvirt/emulator\n';
  const words = ['/usr/bin/qemu-system-x86_64', '-name', 'guest=db_1,debug-threads=on'];
  const told = belongingOf({ command: 'qemu-system-x86', cgroup, words });
  assert.deepEqual([serviceOf(told).name, serviceOf(told).labels.id], ['db_1', '3']);
  assert.equal(told.unit?.name, 'machine-qemu\\x2d3\\x2ddb.scope');
  assert.equal(serviceOf(belongingOf({ command: 'swtpm', cgroup })).name, 'db');
  const bare = belongingOf({ command: 'qemu-system-x86', cgroup: '' });
  assert.deepEqual(serviceOf(bare), { kind: 'vm', name: 'qemu-system-x86', labels: { monitor: 'qemu' } });
  const renamed = belongingOf({ command: 'db', cgroup: '', monitor: 'qemu', words: ['x', '-name', 'vm1'] });
  assert.equal(serviceOf(renamed).name, 'vm1');
  const inPod = belongingOf({ command: 'qemu-kvm', cgroup: `0::/kubepods/pod${UID}/${ID}\n`, words: ['qemu-kvm', '-name', 'guest=v'] }); // biome-ignore format: one line
  assert.deepEqual([serviceOf(inPod).name, serviceOf(inPod).labels.container], ['v', inPod.container?.name]);
});

test('command lines are read of virtual machines only', () => {
  const asks = (command: string, cgroup: string, monitor?: string) =>
    needsWords({ command, cgroup, monitor });
  assert.equal(asks('redis-server', '0::/system.slice/redis.service\n'), false);
  assert.equal(asks('kvm', ''), true);
  assert.equal(asks('db', '', 'qemu'), true);
  assert.equal(asks('db', '0::/machine/db.libvirt-qemu\n'), true);
});

test('labels that are not known are left out', () => {
  assert.deepEqual(labelsOf({ a: undefined, b: '', c: 'x' }), { c: 'x' });
  const both: Belonging = {
    process: { kind: 'process', name: 'p', labels: {} },
    container: { kind: 'container', name: 'c', labels: {} },
    unit: { kind: 'unit', name: 'u', labels: {} },
  };
  assert.deepEqual(
    [serviceOf(both).name, serviceOf(both, 'unit').name, serviceOf(both, 'process').name],
    ['c', 'u', 'p'],
  );
});
