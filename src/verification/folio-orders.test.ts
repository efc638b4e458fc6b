import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Folio, type Tables, tablesHost } from '../../test/support/frame-tables.js';
import { ScriptedHost } from '../../test/support/scripted-host.js';
import { success } from '../base/result.js';
import { FRAME_CODE, KPF } from '../formats/proc/kpageflags.js';
import type { Host } from '../host/host.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';
import { FolioOrders } from './folio-orders.js';

const PATH = '/proc/kpageflags';

/** Folios as `[head, order]`. */
function opened(folios: readonly (readonly [number, number])[], more: Partial<Tables> = {}) {
  const table = new Map<number, Folio>();
  for (const [head, order] of folios)
    for (let frame = head; frame < head + 2 ** order; frame++) table.set(frame, { head, order });
  const told = tablesHost({ mappings: [], entries: new Map(), folios: table, counts: new Map(), ...more });
  const orders = new FolioOrders(told.host, GEOMETRY_4K);
  const orderOf = (frame: number) => {
    orders.locate(frame);
    assert.ok(orders.spanStart <= frame && frame < orders.spanEnd);
    return orders.codes[orders.spanOffset + frame - orders.spanStart];
  };
  const frames = () =>
    told.reads.map((read) =>
      read
        .split(' ')
        .slice(1)
        .map((word) => Number(word) / 8),
    );
  return { orders, orderOf, frames, closed: told.closed };
}

test('a scattered frame costs a short read, and none when it comes again', () => {
  const { orderOf, frames } = opened([[1000, 0], [5000, 0], [5100, 0]]); // biome-ignore format: folios
  assert.equal(orderOf(1000), 0);
  assert.equal(orderOf(1001), 0);
  assert.equal(orderOf(5000), 0);
  assert.equal(orderOf(1000), 0);
  assert.deepEqual(frames(), [
    [960, 64],
    [4992, 64],
  ]);
});

test('a walk that goes on in a window, or comes back to it, reads all of it', () => {
  const onwards = opened([]);
  onwards.orderOf(512);
  onwards.orderOf(512 + 64);
  onwards.orderOf(512 + 400);
  assert.deepEqual(onwards.frames(), [[512, 64], [512, 512]]); // biome-ignore format: reads
  const back = opened([]);
  for (const frame of [700, 9000, 1000, 530]) back.orderOf(frame);
  assert.deepEqual(back.frames(), [[640, 64], [8960, 64], [512, 512]]); // biome-ignore format: reads
  const next = opened([]);
  next.orderOf(1023);
  next.orderOf(1024);
  assert.deepEqual(next.frames(), [[960, 64], [1024, 512]]); // biome-ignore format: reads
});

test('a folio that may reach over the short read is read whole, from either end', () => {
  for (const [frame, head, order] of [
    [512, 512, 9],
    [700, 512, 9],
    [1000, 768, 8],
    [576, 576, 6],
    [640 + 65, 640, 7],
  ] as const) {
    const { orderOf, frames } = opened([[head, order]]);
    assert.equal(orderOf(frame), order, `order ${order}`);
    assert.equal(frames().length, 2, `order ${order}`);
  }
  const small = opened([[512, 5], [544, 4], [560, 3]]); // biome-ignore format: folios
  assert.deepEqual([512, 543, 544, 567].map(small.orderOf), [5, 5, 4, 3]);
  assert.equal(small.frames().length, 1);
  const last = opened([[512, 0], [574, 1]]); // biome-ignore format: folios
  assert.deepEqual([512, 574].map(last.orderOf), [0, 1]);
  assert.equal(last.frames().length, 1);
});

test('what the file does not hold is unknown', () => {
  const { orderOf } = opened([[512, 0], [520, 0]], { ends: { [PATH]: 520 * 8 } }); // biome-ignore format: folios
  assert.deepEqual([512, 519, 520, 575].map(orderOf), [0, 0, FRAME_CODE.unknown, FRAME_CODE.unknown]);
  const torn = opened([[512, 0], [520, 0]], { ends: { [PATH]: 520 * 8 + 4 } }); // biome-ignore format: folios
  assert.deepEqual([519, 520].map(torn.orderOf), [0, FRAME_CODE.unknown]);
  assert.ok(torn.orders.readNs > 0);
  const refused = opened([[512, 0]], { refused: { [`read ${PATH}`]: 'EPERM' } });
  assert.equal(refused.orderOf(512), FRAME_CODE.unknown);
  const hidden = opened([[512, 0]], { refused: { [PATH]: 'EACCES' } });
  assert.equal(hidden.orders.available, false);
  assert.equal(hidden.orderOf(512), FRAME_CODE.unknown);
  hidden.orders.close();
  const there = opened([]);
  assert.equal(there.orders.available, true);
  there.orders.close();
  assert.deepEqual(there.closed, [PATH]);
});

test('more frames than are kept are read anew, and right', () => {
  const scripted = new ScriptedHost([]);
  let reads = 0;
  const host: Host = {
    ...{ identity: scripted.identity, calls: scripted.calls, clock: scripted.clock, random: scripted.random },
    files: {
      ...scripted.files,
      open: (path) =>
        success({
          path,
          close: () => undefined,
          // Every window begins with a folio of an order of its own, 0 to 5.
          read: (into, position) => {
            reads++;
            const words = new Uint32Array(into.buffer, into.byteOffset, into.length / 4).fill(0);
            const order = Math.floor(position / 8 / 512) % 6;
            if (order > 0) words[0] = KPF.COMPOUND_HEAD;
            for (let frame = 1; frame < 2 ** order; frame++) words[frame * 2] = KPF.COMPOUND_TAIL;
            return success(into.length);
          },
        }),
    },
  };
  const orders = new FolioOrders(host, GEOMETRY_4K);
  const orderOf = (window: number) => {
    orders.locate(window * 512);
    return orders.codes[orders.spanOffset + window * 512 - orders.spanStart];
  };
  const kept = (64 * 1024 * 1024) / 512;
  for (let window = 0; window < kept; window++)
    if (orderOf(window) !== window % 6) assert.fail(`window ${window}`);
  assert.equal(orders.codes.length, kept * 512);
  assert.equal(reads, kept);
  assert.equal(orderOf(5), 5);
  assert.equal(reads, kept, 'all of them are at hand');
  assert.equal(orderOf(kept + 1), (kept + 1) % 6);
  assert.deepEqual([5, 4, kept + 1].map(orderOf), [5, 4, (kept + 1) % 6]);
  assert.equal(reads, kept + 3, 'after the limit they are forgotten');
  assert.equal(orders.codes.length, kept * 512);
});

test('a window that ends early leaves those before it as they are', () => {
  const ends = { [PATH]: (1024 + 8) * 8 };
  const { orderOf } = opened([[512, 9], [1024, 0], [1032, 0]], { ends }); // biome-ignore format: folios
  assert.deepEqual([512, 1023, 1024, 1031, 1032].map(orderOf), [9, 9, 0, 0, FRAME_CODE.unknown]);
  assert.deepEqual([512, 1020, 1023].map(orderOf), [9, 9, 9]);
});
