/** Rings of perf events over memory of the test's own. */
import assert from 'node:assert/strict';
import { fstatSync, openSync } from 'node:fs';
import { test } from 'node:test';
import type { Native } from './native.js';
import { LinuxPerfEvents } from './perf-events.js';

const PAGE = 4096;
const [HEAD, TAIL] = [1024 / 8, 1032 / 8];

interface Refusals {
  readonly open?: (thread: number) => boolean;
  readonly map?: boolean;
  readonly join?: boolean;
}

/** A kernel whose events are /dev/null, so that what is closed can be seen. */
function kernel({ open = () => false, map = false, join = false }: Refusals = {}) {
  const memory = new ArrayBuffer(PAGE + 2 * PAGE);
  const descriptors: number[] = [];
  const calls: (number | bigint)[][] = [];
  const state = { unmapped: 0, arenas: 0, mapped: [] as number[][] };
  const arena = { address: 77n, bytes: new Uint8Array(4096) };
  const native = {
    arena: () => {
      state.arenas++;
      return arena;
    },
    call: (name: string, ...values: number[]) => {
      calls.push([name === 'ioctl' ? 1 : 0, ...values]);
      if (name === 'ioctl') return { value: 0, errno: join ? 'EINVAL' : undefined };
      if (open(values[1])) return { value: -1, errno: 'EACCES' };
      descriptors.push(openSync('/dev/null', 'r'));
      return { value: descriptors.at(-1), errno: undefined };
    },
    mapShared: (descriptor: number, bytes: number) => {
      state.mapped.push([descriptor, bytes]);
      return map ? 'ENOMEM' : { memory, unmap: () => state.unmapped++ };
    },
  };
  const isOpen = (descriptor: number) => {
    try {
      return fstatSync(descriptor).isCharacterDevice();
    } catch {
      return false;
    }
  };
  const control = new BigUint64Array(memory, 0, PAGE / 8);
  const data = new Uint8Array(memory, PAGE);
  const events = new LinuxPerfEvents(native as unknown as Native, PAGE);
  return { events, calls, control, data, state, arena, descriptors, open: () => descriptors.filter(isOpen) };
}

const ATTR = Uint8Array.of(1, 2, 3);

function opened(given: ReturnType<typeof kernel>) {
  const ring = given.events.open(ATTR, 8, 1, 2);
  assert.ok(ring.ok);
  return ring.value;
}

test('an event is opened for a thread on a CPU, with a page before its ring', () => {
  const given = kernel();
  opened(given);
  opened(given);
  assert.deepEqual(given.calls[0], [0, 77n, 8, 1, -1, 8]);
  assert.deepEqual(given.state.mapped[0], [given.descriptors[0], 3 * PAGE]);
  assert.deepEqual([...given.arena.bytes.subarray(0, 3)], [1, 2, 3]);
  assert.equal(given.state.arenas, 1, 'its memory is taken once');
});

test('what is unread is read once, also around the end of the ring', () => {
  const given = kernel();
  const ring = opened(given);
  given.data.forEach((_, at) => {
    given.data[at] = at % 251;
  });
  const into = new Uint8Array(100);
  assert.equal(ring.read(into), 0, 'nothing was written');
  [given.control[HEAD], given.control[TAIL]] = [60n, 10n];
  assert.deepEqual([ring.read(into), into[0], into[49], given.control[TAIL]], [50, 10, 59, 60n]);
  assert.equal(ring.read(into), 0);
  const size = BigInt(2 * PAGE);
  [given.control[HEAD], given.control[TAIL]] = [3n * size + 30n, 3n * size - 30n];
  assert.equal(ring.read(into), 60);
  const expected = Array.from({ length: 60 }, (_, at) => ((2 * PAGE - 30 + at) % (2 * PAGE)) % 251);
  assert.deepEqual([...into.subarray(0, 60)], expected);
  assert.equal(given.control[TAIL], 3n * size + 30n);
});

test('no more is read than there is room for, or than the ring holds', () => {
  const given = kernel();
  const ring = opened(given);
  given.data.fill(7);
  given.control[HEAD] = 50n;
  assert.deepEqual(
    [ring.read(new Uint8Array(20)), ring.read(new Uint8Array(20)), ring.read(new Uint8Array(20))],
    [20, 20, 10],
  );
  given.control[HEAD] = 50n + 3n * BigInt(PAGE);
  assert.equal(ring.read(new Uint8Array(4 * PAGE)), 2 * PAGE);
  assert.equal(ring.read(new Uint8Array(0)), 0);
});

test('threads that join write to the same ring, and all are closed once', () => {
  const given = kernel();
  const ring = opened(given);
  assert.deepEqual(ring.join(9), { ok: true, value: undefined });
  assert.deepEqual(given.calls[1], [0, 77n, 9, 1, -1, 8]);
  assert.deepEqual(given.calls[2], [1, given.descriptors[1], 0x2405, given.descriptors[0]]);
  given.control[HEAD] = 10n;
  ring.close();
  ring.close();
  assert.deepEqual([given.state.unmapped, given.open(), ring.read(new Uint8Array(9))], [1, [], 0]);
});

test('a refusal is told with its call and leaves nothing open', () => {
  const forbidden = kernel({ open: () => true });
  assert.deepEqual(forbidden.events.open(ATTR, 8, 1, 2), {
    ok: false,
    error: { errno: 'EACCES', call: 'perf_event_open thread 8 cpu 1' },
  });
  const unmappable = kernel({ map: true });
  assert.deepEqual(unmappable.events.open(ATTR, 8, 1, 2), {
    ok: false,
    error: { errno: 'ENOMEM', call: 'mmap ring of 2 pages' },
  });
  assert.deepEqual(unmappable.open(), []);
  const later = kernel({ open: (thread) => thread === 9, join: true });
  const ring = opened(later);
  assert.deepEqual(ring.join(9), {
    ok: false,
    error: { errno: 'EACCES', call: 'perf_event_open thread 9 cpu 1' },
  });
  assert.deepEqual(ring.join(10), {
    ok: false,
    error: { errno: 'EINVAL', call: 'PERF_EVENT_IOC_SET_OUTPUT' },
  });
  assert.deepEqual(later.open(), [later.descriptors[0]]);
  ring.close();
});
