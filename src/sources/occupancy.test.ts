import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { terminalOn } from '../../test/support/terminal.js';
import type { Host, ProcessMemory } from '../host/host.js';
import { modelHost } from '../model/host/model-host.js';
import { access } from '../model/kernel/access/access.js';
import { fork } from '../model/kernel/address-space/fork.js';
import { mmap, spawn } from '../model/kernel/address-space/processes.js';
import { setLocked } from '../model/kernel/advice/mlock.js';
import { boot } from '../model/kernel/boot.js';
import { observe } from '../verification/observe.js';
import { MIB } from '../vocabulary/units.js';
import { OCCUPANCY_DEFAULTS, type OccupancyOptions, OccupancySource } from './occupancy.js';

const PAGES = 512;

/** Four huge blocks with data in every 64th page: one shared by fork, one locked, two of the process alone. */
function scenery() {
  const kernel = boot({ memoryBytes: 512 * MIB, thp: { enabled: 'always' } });
  const host = modelHost(kernel);
  const victim = spawn(kernel, { command: 'victim' });
  const { mm } = victim;
  assert.ok(mm);
  const map = (blocks: number) => {
    const base = mmap(kernel, mm, { pages: blocks * PAGES });
    assert.ok(typeof base === 'number');
    for (let page = base; page < base + blocks * PAGES; page += 64) access(kernel, mm, page, true);
    return base;
  };
  map(1);
  fork(kernel, victim);
  const locked = map(1);
  setLocked(kernel, mm, locked, locked + PAGES, true);
  const own = map(2);
  return { host, pid: victim.pid, own };
}

async function readAll(host: Host, pid: number, options: Partial<OccupancyOptions> = {}) {
  const source = new OccupancySource({ ...OCCUPANCY_DEFAULTS, ...options });
  const { sizes } = observe(host, pid);
  const blocks: number[] = [];
  const context = {
    host,
    processes: [sizes],
    progress: () => undefined,
    signal: new AbortController().signal,
  };
  for await (const reading of source.read(context)) {
    assert.ok(reading.kind === 'content');
    assert.deepEqual(
      [...reading.content.filled].filter((byte) => byte !== 0),
      Array(8).fill(1),
    );
    blocks.push(reading.content.block);
  }
  return { blocks, account: source.account() };
}

/** A host whose memory answers otherwise, and that counts what is open. */
function withMemory(host: Host, change: (memory: ProcessMemory) => Partial<ProcessMemory>) {
  const open = { count: 0, opened: 0 };
  const calls = new Proxy(host.calls, {
    get: (target, name) => {
      if (name !== 'openMemory') {
        const member = Reflect.get(target, name);
        return typeof member === 'function' ? member.bind(target) : member;
      }
      return (pid: number) => {
        const opened = target.openMemory(pid);
        if (!opened.ok) return opened;
        open.count++;
        open.opened++;
        const { value } = opened;
        const read = value.read.bind(value);
        const plain: ProcessMemory = { pid, read, close: () => void open.count-- };
        return { ok: true, value: { ...plain, ...change(plain) } };
      };
    },
  });
  return { host: { ...host, calls }, open };
}

describe('content of huge blocks', () => {
  test('is read of what the process has for itself; the rest is counted and told', async () => {
    const { host, pid, own } = scenery();
    const watched = withMemory(host, () => ({}));
    const { blocks, account } = await readAll(watched.host, pid);
    assert.deepEqual(blocks, [own / PAGES, own / PAGES + 1]);
    assert.equal(account.bytesRead, 4 * MIB);
    assert.deepEqual(account.losses, {});
    assert.deepEqual(account.notes, [
      'read 2 huge blocks (4 MiB)',
      'left 1 huge blocks unread that other processes map as well',
      'left 1 huge blocks of locked memory unread',
    ]);
    assert.deepEqual(watched.open, { count: 0, opened: 1 }, 'opened once and closed');
  });

  test('is read of so many blocks as are asked for', async () => {
    const { host, pid } = scenery();
    assert.equal((await readAll(host, pid, { sampleBlocks: 1 })).blocks.length, 1);
    assert.equal((await readAll(host, pid, { sampleBlocks: 9 })).blocks.length, 2);
  });

  test('of a block that went away meanwhile is counted as lost, and so is every refusal', async () => {
    const { host, pid } = scenery();
    const cut = withMemory(host, (memory) => ({
      read: (range, into) => memory.read({ ...range, end: range.end - 1 }, into),
    }));
    const gone = await readAll(cut.host, pid);
    assert.deepEqual(gone.blocks, []);
    assert.deepEqual(gone.account.losses, { 'no longer in memory': 2 });
    assert.equal(gone.account.bytesRead, 0);
    const refusing = withMemory(host, () => ({
      read: () => ({ ok: false, error: { errno: 'EIO', call: 'read' } }),
    }));
    assert.deepEqual((await readAll(refusing.host, pid)).account.losses, { EIO: 2 });
    const closed = { ...host, calls: new Proxy(host.calls, { get: closedMemory }) };
    assert.deepEqual((await readAll(closed, pid)).account.losses, { EACCES: 2 });
  });

  test('a plan says why a block was not read', async () => {
    const { host, pid } = scenery();
    const terminal = terminalOn(host);
    assert.equal(await terminal.run(['plan', `${pid}`, '--policy', 'return-empty', '--json']), 0);
    const { passedOver, steps } = JSON.parse(terminal.out());
    assert.equal(steps.length, 2);
    const whys = passedOver.map(({ why }: { why: string }) => why).join('\n');
    assert.match(whys, /not read: other processes map it as well/);
    assert.match(whys, /not read: it is locked/);
  });

  test('inspect tells what it did not read, and estimates from what is worth a read', async () => {
    const { host, pid } = scenery();
    const terminal = terminalOn(host);
    assert.equal(await terminal.run(['inspect', `${pid}`, '--content', 'all']), 0);
    assert.match(terminal.out(), /zero-filled in THPs .*\(3\.94 MiB in all 2 huge blocks\)/);
    assert.match(
      terminal.out(),
      /not read +huge blocks: 1 that other processes map as well, 1 of locked memory/,
    );
  });
});

function closedMemory(target: Host['calls'], name: string | symbol) {
  if (name === 'openMemory') return () => ({ ok: false, error: { errno: 'EACCES', call: 'open' } });
  const member = Reflect.get(target, name);
  return typeof member === 'function' ? member.bind(target) : member;
}
