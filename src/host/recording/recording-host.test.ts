import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { temporaryFolder } from '../../../test/support/kernels.js';
import { type Observation, observe } from '../../verification/observe.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { BlockColumns } from '../../vocabulary/page-sizes.js';
import type { PageRange } from '../../vocabulary/units.js';
import { probeFeatures } from '../features/features.js';
import { folderHost } from '../folder/folder-host.js';
import type { Answer, Host, ProcessMemory } from '../host.js';
import { linuxHost } from '../linux/linux-host.js';
import { recordHost } from './recording-host.js';

const SECRET = 'octavo-test-secret-3f9c';
/** Holds 24 MiB, every other page of it written with zeroes, and says its secret in memory, environment and command line. */
const PROGRAM = `
const memory = Buffer.alloc(24 * 2 ** 20).fill(0);
for (let at = 0; at < memory.length; at += 8192) memory.write('${SECRET}', at);
console.log('ready');
setInterval(() => memory[0]++, 1e6);`;

describe('recording a live process', () => {
  const host = linuxHost();
  let child: ChildProcess;
  let pid = 0;

  before(async () => {
    const options = { env: { ...process.env, SECRET }, stdio: ['ignore', 'pipe', 'inherit'] as const };
    child = spawn(process.execPath, ['-e', PROGRAM, SECRET], { ...options, stdio: [...options.stdio] });
    await once(child.stdout!, 'data');
    // Stopped, so that it looks the same each time.
    child.kill('SIGSTOP');
    pid = child.pid!;
  });

  after(() => child.kill('SIGKILL'));

  test('an observation on the recording equals the one on the machine', () => {
    const recorder = recordHost(host);
    const live = observe(recorder.host, pid);
    const folder = join(temporaryFolder('recording'), 'new');
    const account = recorder.save(folder);
    assert.ok(account.files >= 4 && live.sizes.blocks.count > 12);
    const recorded = folderHost(folder, '/state');
    assertSame(observe(recorded, pid), live);
    assert.equal(recorded.identity.geometry.pageBytes, host.identity.geometry.pageBytes);
  });

  test('a part of what was recorded can be asked for', () => {
    const recorder = recordHost(host);
    const live = observe(recorder.host, pid);
    const folder = temporaryFolder('recording');
    recorder.save(folder);
    const widest = live.sizes.mappings.reduce((best, next) =>
      next.end - next.start > best.end - best.start && next.kind === 'anon' ? next : best,
    );
    const ranges = [{ start: widest.start + 3, end: Math.min(widest.end, widest.start + 1500) }];
    assertSame(observe(folderHost(folder, '/state'), pid, { ranges }), observe(host, pid, { ranges }));
  });

  test('tables of pages are kept in whole windows, so that they may be read in other pieces later', () => {
    const recorder = recordHost(host);
    const path = `/proc/${pid}/pagemap`;
    const [mapping] = observe(host, pid).sizes.mappings.filter(({ kind }) => kind === 'anon');
    const opened = recorder.host.files.open(path);
    assert.ok(opened.ok);
    opened.value.read(new Uint8Array(8), (mapping.start + 1) * 8);
    opened.value.close();
    const folder = temporaryFolder('recording');
    recorder.save(folder);
    const { pagesPerBlock } = host.identity.geometry;
    const position = Math.floor(mapping.start / pagesPerBlock) * pagesPerBlock * 8;
    const [live, recorded] = [host, folderHost(folder, '/state')].map(({ files }) => {
      const file = files.open(path);
      assert.ok(file.ok);
      const window = new Uint8Array(pagesPerBlock * 8);
      assert.deepEqual(file.value.read(window, position), { ok: true, value: window.length });
      file.value.close();
      return window;
    });
    assert.deepEqual(recorded, live);
  });

  test('features on the recording equal those on the machine, but for the name of the host', () => {
    const recorder = recordHost(host);
    const live = probeFeatures(recorder.host);
    const folder = temporaryFolder('recording');
    recorder.save(folder);
    const recorded = probeFeatures(folderHost(folder, '/state'));
    assert.deepEqual({ ...recorded, hostKind: 'linux' }, live);
  });

  test('memory comes back as zero or not zero, page by page', (context) => {
    const found = secretPages(host, pid);
    if (typeof found === 'string') return context.skip(found);
    const recorder = recordHost(host);
    const range = { start: found, end: found + 64 };
    const { pageBytes } = host.identity.geometry;
    const live = new Uint8Array(64 * pageBytes);
    assert.ok(readMemory(recorder.host, pid, range, live).ok);
    const folder = temporaryFolder('recording');
    recorder.save(folder);
    const again = new Uint8Array(64 * pageBytes).fill(0xee);
    const read = readMemory(folderHost(folder, '/state'), pid, range, again);
    assert.deepEqual(read, { ok: true, value: 64 * pageBytes });
    assert.deepEqual(filled(again, pageBytes), filled(live, pageBytes));
    assert.ok(filled(live, pageBytes).includes(true) && filled(live, pageBytes).includes(false));
    const part = new Uint8Array(8 * pageBytes);
    readMemory(folderHost(folder, '/state'), pid, { start: found + 5, end: found + 13 }, part);
    assert.deepEqual(filled(part, pageBytes), filled(live, pageBytes).slice(5, 13));
  });

  test('what could not be opened or read comes back as the same refusal', () => {
    const nobody = 2 ** 22 + 1;
    const refusing: Host = {
      ...host,
      calls: new Proxy(host.calls, {
        get: (target, name) => {
          if (name === 'openMemory')
            return (of: number) =>
              of === pid ? { ok: true, value: closedMemory(pid) } : target.openMemory(of);
          const member = Reflect.get(target, name);
          return typeof member === 'function' ? member.bind(target) : member;
        },
      }),
    };
    const recorder = recordHost(refusing);
    const ranges = [
      { start: 8, end: 16 },
      { start: 16, end: 24 },
    ];
    const asked = (of: Host) => [
      readMemory(of, nobody, ranges[0], new Uint8Array(0)),
      ...ranges.map((range) => readMemory(of, pid, range, new Uint8Array(0))),
    ];
    const live = asked(recorder.host);
    assert.deepEqual(
      live.map((answer) => (answer.ok ? answer.value : answer.error.errno)),
      ['ENOENT', 'EIO', 0],
    );
    const folder = temporaryFolder('recording');
    recorder.save(folder);
    assert.deepEqual(asked(folderHost(folder, '/state')), live);
  });

  test('neither memory, nor environment, nor command line is on disk', (context) => {
    const found = secretPages(host, pid);
    if (typeof found === 'string') return context.skip(found);
    const recorder = recordHost(host);
    observe(recorder.host, pid);
    const into = new Uint8Array(512 * host.identity.geometry.pageBytes);
    readMemory(recorder.host, pid, { start: found, end: found + 512 }, into);
    assert.ok(Buffer.from(into.buffer).includes(SECRET), 'the command itself sees the memory');
    for (const name of ['environ', 'cmdline']) {
      const read = recorder.host.files.readText(`/proc/${pid}/${name}`);
      assert.ok(read.ok && read.value.includes(SECRET), 'the command itself sees the file');
      const opened = recorder.host.files.open(`/proc/${pid}/${name}`);
      assert.ok(opened.ok);
      opened.value.read(into, 0);
      opened.value.close();
    }
    recorder.host.files.list(`/proc/${pid}/fd`);
    recorder.host.files.link(`/proc/${pid}/fd/1`);
    const folder = temporaryFolder('recording');
    const { withheld } = recorder.save(folder);
    assert.deepEqual(
      withheld,
      ['cmdline', 'environ', 'fd', 'fd/1'].map((name) => `/proc/${pid}/${name}`),
    );
    for (const file of filesBelow(folder)) {
      const bytes = readFileSync(file);
      const plain = file.endsWith('.gz') ? gunzipSync(bytes) : bytes;
      assert.ok(!plain.includes(SECRET), file);
      assert.ok(!plain.includes(Buffer.from(SECRET).toString('base64').slice(0, 20)), file);
    }
    const replayed = folderHost(folder, '/state').files.readText(`/proc/${pid}/environ`);
    assert.equal(replayed.ok ? 'read' : replayed.error.errno, 'EACCES');
  });

  test('nothing can be done through a recording host', async () => {
    const { host: recording } = recordHost(host);
    const opened = recording.calls.openProcess(pid);
    assert.ok(opened.ok);
    const range = { start: 0, end: host.identity.geometry.pagesPerBlock };
    const answers = [
      await recording.calls.processMadvise(opened.value, [range], 'MADV_COLD'),
      recording.files.writeKernelFile('/proc/self/oom_score_adj', '0'),
      recording.files.writeFile('/proc/self/oom_score_adj', '0'),
      recording.calls.start('true', []),
    ];
    opened.value.close();
    for (const answer of answers) assert.equal(answer.ok ? 'done' : answer.error.errno, 'EROFS');
  });

  test('a folder that holds anything is left alone', () => {
    const folder = temporaryFolder('recording');
    recordHost(host).save(folder);
    assert.throws(
      () => recordHost(host).save(folder),
      (error) =>
        error instanceof OctavoError && error.code === 'FILE_UNWRITABLE' && error.facts.errno === 'ENOTEMPTY',
    );
  });
});

/** First of 512 pages that hold the child's secret, or why they cannot be found. */
function secretPages(host: Host, pid: number): number | string {
  const { sizes } = observe(host, pid);
  const into = new Uint8Array(512 * sizes.geometry.pageBytes);
  for (const { kind, start, end } of sizes.mappings) {
    if (kind !== 'anon') continue;
    for (let page = start; page + 512 <= end; page += 512) {
      const read = readMemory(host, pid, { start: page, end: page + 512 }, into);
      if (!read.ok) return `${read.error.call}: ${read.error.errno}`;
      if (occurrences(into) > 100) return page;
    }
  }
  throw new Error('the buffer of the child was not found');
}

/** Memory of which pages from 16 on are not there and the others cannot be read. */
function closedMemory(pid: number): ProcessMemory {
  const refusal = { errno: 'EIO' as const, call: `read /proc/${pid}/mem` };
  return {
    pid,
    read: ({ start }) => (start < 16 ? { ok: false, error: refusal } : { ok: true, value: 0 }),
    close: () => undefined,
  };
}

function readMemory(host: Host, pid: number, range: PageRange, into: Uint8Array): Answer<number> {
  const opened = host.calls.openMemory(pid);
  if (!opened.ok) return opened;
  const read = opened.value.read(range, into);
  opened.value.close();
  return read;
}

function occurrences(memory: Uint8Array): number {
  return Buffer.from(memory.buffer).toString('latin1').split(SECRET).length - 1;
}

function filled(memory: Uint8Array, pageBytes: number): boolean[] {
  const pages = memory.length / pageBytes;
  return Array.from({ length: pages }, (_, page) =>
    memory.subarray(page * pageBytes, (page + 1) * pageBytes).some((byte) => byte !== 0),
  );
}

function assertSame(actual: Observation, expected: Observation): void {
  const { takenAtMs: _, blocks, ...rest } = actual.sizes;
  const { takenAtMs: __, blocks: wanted, ...others } = expected.sizes;
  assert.deepEqual(rest, others);
  assert.deepEqual(columns(blocks), columns(wanted));
}

/** Columns without the room for growth. */
function columns(blocks: BlockColumns): Record<string, readonly number[]> {
  const { count, orders, pagesByOrder, ...single } = blocks;
  const cut = Object.entries(single).map(([name, column]) => [name, [...column.subarray(0, count)]]);
  return { ...Object.fromEntries(cut), pagesByOrder: [...pagesByOrder.subarray(0, count * orders)] };
}

function* filesBelow(folder: string): Generator<string> {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* filesBelow(path);
    else yield path;
  }
}
