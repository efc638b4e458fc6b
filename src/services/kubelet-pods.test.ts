/** Names by a kubelet that is well, gone, slow, or lies: a real server on the loopback interface. */
import assert from 'node:assert/strict';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { ScriptedHost } from '../../test/support/scripted-host.js';
import { linuxHost } from '../host/linux/linux-host.js';
import { KubeletPods } from './kubelet-pods.js';
import { podNames } from './pod-list.js';
import { ServiceReader } from './service-reader.js';

const UID = '6c1bdd5e-3f5a-4c1e-9c0e-1f6f3a2b4c5d';
const ID = 'a'.repeat(64);
const PLACE = { id: ID, runtime: 'containerd', pod: { uid: UID, qos: 'burstable' } } as const;
const CGROUP = `0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${UID.replaceAll('-', '_')}.slice/cri-containerd-${ID}.scope\n`;

const pod = (change: object = {}) => ({
  metadata: { name: 'redis-0', namespace: 'shop', uid: UID, ...change },
  status: { containerStatuses: [{ name: 'redis', image: 'redis:7', containerID: `containerd://${ID}` }] },
});
const list = (...items: unknown[]) => JSON.stringify({ kind: 'PodList', apiVersion: 'v1', items });

describe('a list of pods', () => {
  const namesIn = (text: string) => {
    const names = podNames(text);
    return names.ok ? names.value.of(PLACE) : names.error;
  };

  test('names containers by their id, and pods by their uid or the hash of a static one', () => {
    assert.deepEqual(namesIn(list(pod())), {
      ...{ pod: 'redis-0', namespace: 'shop', name: 'redis', image: 'redis:7' },
    });
    const early = { metadata: pod().metadata };
    assert.deepEqual(namesIn(list(early)), { pod: 'redis-0', namespace: 'shop' });
    const hash = pod({ uid: 'other', annotations: { 'kubernetes.io/config.hash': UID } });
    assert.deepEqual(namesIn(list({ metadata: hash.metadata })), { pod: 'redis-0', namespace: 'shop' });
    assert.deepEqual(namesIn(list()), {});
  });

  test('is refused when it is none, and what is no name in it is left out', () => {
    assert.match(String(namesIn('<html>')), /^no JSON: /);
    for (const text of ['null', '[]', '{}', '{"items":5}'])
      assert.equal(namesIn(text), 'no list of pods (v1.PodList)');
    for (const name of ['\u001b[31m', 'a b', '', 5, null, '-x', 'x'.repeat(300), '../..'])
      assert.deepEqual(namesIn(list({ metadata: { ...pod().metadata, name } })), {}, String(name));
    const strange = {
      ...pod(),
      status: { containerStatuses: [null, { containerID: 5 }, { containerID: 'x' }] },
    };
    assert.deepEqual(namesIn(list(null, 7, strange)), { pod: 'redis-0', namespace: 'shop' });
    const half = { metadata: pod({ namespace: 'A B' }).metadata, status: { containerStatuses: 'none' } };
    assert.deepEqual(namesIn(list(half)), { pod: 'redis-0' });
  });
});

describe('a kubelet at a loopback address', () => {
  let server: Server;
  let answer: (response: ServerResponse) => void;
  let asked = 0;
  let nowMs = 1000;
  const host = Object.create(linuxHost(), {
    clock: { value: { ...linuxHost().clock, monotonicNs: () => nowMs * 1e6 } },
  });

  before(async () => {
    server = createServer((_, response) => {
      asked++;
      answer(response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const kubelet = () =>
    new KubeletPods(host, `http://127.0.0.1:${(server.address() as AddressInfo).port}/pods`);
  /** Asks, and waits for what comes of it; the server may be slow. */
  async function polled(pods: KubeletPods, isOver: () => boolean): Promise<void> {
    const began = performance.now();
    for (pods.poll(); !isOver() && performance.now() - began < 20_000; )
      await new Promise((resolve) => setTimeout(resolve, 5));
    assert.ok(isOver());
  }
  const says = (text: string) => (response: ServerResponse) => void response.end(text);

  test('is asked now and then, and soon again when it has not named a container', async () => {
    const pods = kubelet();
    answer = says(list());
    await polled(pods, () => pods.generation === 1);
    const once = asked;
    pods.poll();
    nowMs += 29_000;
    pods.poll();
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(asked, once);
    assert.deepEqual(pods.of(PLACE), {}, 'not on the list');
    answer = says(list(pod()));
    await polled(pods, () => pods.generation === 2);
    assert.equal(pods.of(PLACE).pod, 'redis-0');
    assert.equal(pods.problem, undefined);
  });

  test('that lies, is full, slow or gone is told, and what it said before holds for ten minutes', async () => {
    const pods = kubelet();
    answer = says(list(pod()));
    await polled(pods, () => pods.generation === 1);
    const wrong: readonly (readonly [(response: ServerResponse) => void, RegExp])[] = [
      [says('<html>'), /^kubelet: no JSON: /],
      [says('{"items":{}}'), /^kubelet: no list of pods/],
      [(response) => void response.writeHead(401).end(), /^kubelet: http.*: EIO$/],
      [(response) => response.destroy(), /^kubelet: http/],
      [says('x'.repeat(17 * 1024 * 1024)), /^kubelet: http.*: EFBIG$/],
      [() => undefined, /^kubelet: http.*: ETIMEDOUT$/],
    ];
    for (const [how, told] of wrong) {
      answer = how;
      nowMs += 31_000;
      await polled(pods, () => told.test(pods.problem ?? ''));
      assert.equal(pods.of(PLACE).pod, 'redis-0');
    }
    assert.equal(pods.generation, 1);
    answer = says('<html>');
    nowMs += 600_000;
    await polled(pods, () => pods.generation === 2);
    assert.deepEqual(pods.of(PLACE), {});
    answer = says(list(pod()));
    nowMs += 31_000;
    await polled(pods, () => pods.generation === 3 && pods.problem === undefined);
  });
});

describe('a list of pods in a file', () => {
  test('names whom a process belongs to; what a runtime says of itself counts', () => {
    const host = new ScriptedHost([]);
    host.texts.set('/pods.json', list(pod()));
    const pods = new KubeletPods(host, '/pods.json');
    pods.poll();
    const labels = () =>
      new ServiceReader(host, pods).read({ pid: 9, command: 'redis', cgroupText: CGROUP }).container?.labels;
    assert.deepEqual([labels()?.pod, labels()?.namespace, labels()?.container], ['redis-0', 'shop', 'redis']);
    const annotations = { 'io.kubernetes.cri.container-name': 'own' };
    const bundle = `/run/containerd/io.containerd.runtime.v2.task/k8s.io/${ID}/config.json`;
    host.texts.set(bundle, JSON.stringify({ annotations }));
    assert.deepEqual([labels()?.pod, labels()?.container], ['redis-0', 'own']);
  });

  test('that is gone, or none, is told', () => {
    const host = new ScriptedHost([]);
    const pods = new KubeletPods(host, '/pods.json');
    pods.poll();
    assert.equal(pods.problem, 'kubelet: /pods.json cannot be read (ENOENT)');
    const alone = new KubeletPods(host, 'http://127.0.0.1:1/pods');
    alone.poll();
    assert.equal(alone.problem, undefined);
  });
});
