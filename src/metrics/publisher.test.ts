/** Metrics given out: by both formats over HTTP, as a file, and what happens where that cannot be. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { HistoryHost } from '../../test/support/history-host.js';
import type { ListenPlace } from '../host/host.js';
import { linuxHost } from '../host/linux/linux-host.js';
import { MetricsPublisher } from './publisher.js';

const directory = mkdtempSync(join(tmpdir(), 'octavo-metrics-'));
after(() => rmSync(directory, { recursive: true }));

const texts = (mark: string) => ({ prometheus: `plain ${mark}\n`, openmetrics: `open ${mark}\n# EOF\n` });

test('over HTTP in the format that is asked for, healthy while texts come', async () => {
  const listen = { kind: 'tcp', address: '127.0.0.1', port: 0 } as const;
  const publisher = new MetricsPublisher(linuxHost(), { listen, healthyMs: 300 });
  assert.ok(!publisher.place);
  const both = [publisher.publish(texts('one')), publisher.publish(texts('two'))];
  assert.deepEqual(await Promise.all(both), [[], []]);
  const place = publisher.place as ListenPlace | undefined;
  assert.ok(place?.kind === 'tcp' && place.port > 0);
  const get = (path: string, accept = '*/*') =>
    fetch(`http://127.0.0.1:${place.port}${path}`, { headers: { accept } });
  const plain = await get('/metrics');
  assert.equal(plain.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  assert.equal(await plain.text(), 'plain two\n');
  const open = await get('/metrics', 'application/openmetrics-text;version=1.0.0,text/plain;q=0.5');
  assert.equal(
    open.headers.get('content-type'),
    'application/openmetrics-text; version=1.0.0; charset=utf-8',
  );
  assert.equal(await open.text(), 'open two\n# EOF\n');
  assert.equal((await get('/-/healthy')).status, 200);
  await new Promise((resolve) => setTimeout(resolve, 350));
  assert.equal((await get('/-/healthy')).status, 503);
  assert.equal((await get('/metrics')).status, 200);
  await publisher.close();
  await assert.rejects(get('/metrics'));
  assert.deepEqual(await publisher.publish(texts('three')), []);
  assert.equal(publisher.place, undefined);
});

test('as a file that others may read, replaced whole, and gone when nothing keeps it up', async () => {
  const textfile = join(directory, 'octavo.prom');
  const publisher = new MetricsPublisher(linuxHost(), { textfile, healthyMs: 1000 });
  await publisher.publish(texts('one'));
  const before = statSync(textfile).ino;
  await publisher.publish(texts('two'));
  assert.equal(readFileSync(textfile, 'utf8'), 'plain two\n');
  assert.equal(statSync(textfile).mode & 0o777, 0o644);
  assert.notEqual(statSync(textfile).ino, before);
  assert.deepEqual(readdirSync(directory), ['octavo.prom']);
  await publisher.close();
  assert.ok(!existsSync(textfile));
});

test('what cannot be is told and tried again', async () => {
  const host = new HistoryHost();
  const listen = { kind: 'unix', path: '/run/x.sock', mode: 0o660 } as const;
  const publisher = new MetricsPublisher(host, { listen, textfile: '/x.prom', healthyMs: 1000 });
  host.room = 0;
  assert.deepEqual(await publisher.publish(texts('one')), [
    '/x.prom cannot be written (ENOSPC)',
    'metrics cannot be served on this host',
  ]);
  host.room = 1000;
  const real = linuxHost();
  const there = join(directory, 'nowhere', 'm.sock');
  const other = new MetricsPublisher(real, {
    listen: { kind: 'unix', path: there, mode: 0o660 },
    healthyMs: 1000,
  });
  const [problem] = await other.publish(texts('one'));
  assert.match(problem, /^metrics cannot be served: listen unix:.*m\.sock \(E[A-Z]+\)$/);
  await other.close();
  assert.deepEqual(await publisher.publish(texts('two')), ['metrics cannot be served on this host']);
  assert.equal(host.text('/x.prom'), 'plain two\n');
});
