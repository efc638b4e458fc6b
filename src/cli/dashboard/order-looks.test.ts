/** Folio orders of blocks: what a look tells, what is remembered, and that no look takes too long. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ScriptedHost } from '../../../test/support/scripted-host.js';
import { failure } from '../../base/result.js';
import type { SeenBlock } from '../../dashboard/map/live-map.js';
import { identityOf, mappingsOf } from '../../verification/observe.js';
import { OrderLooks, ordersInBlock } from './order-looks.js';

const PID = 100;
const FIRST = 0x7d000000 / 2 ** 21;
const blocksOf = (...huge: readonly boolean[]): SeenBlock[] =>
  huge.map((isHuge, at) => ({ block: FIRST + at, mapping: '[heap]', isHuge }));

function looking(host: ScriptedHost) {
  const looks = new OrderLooks();
  return (blocks: readonly SeenBlock[]) =>
    looks.seen(host, identityOf(host, PID), mappingsOf(host, PID), blocks).map(({ order }) => order);
}

function withoutFrames(host: ScriptedHost): void {
  const { open } = host.files;
  host.files.open = (path) =>
    path.startsWith('/proc/kpage')
      ? failure({ errno: 'EACCES', call: `open ${path}` })
      : open.call(host.files, path);
}

describe('orders of blocks', () => {
  test('are those of a huge page where one maps it, and looked up where pages are small', () => {
    const look = looking(new ScriptedHost([9, 0]));
    assert.deepEqual(look(blocksOf(true, false)), [9, 0]);
  });

  test('come in turn where there is no time for all, and are remembered', () => {
    const host = new ScriptedHost(Array.from({ length: 12 }, () => 0));
    // Each look at the clock costs 4 ms, and a look at blocks takes several: twelve blocks do not fit into one.
    const { monotonicNs } = host.clock;
    host.clock.monotonicNs = () => {
      host.nowNs += 4e6;
      return monotonicNs.call(host.clock);
    };
    const look = looking(host);
    const known = () => look(blocksOf(...Array.from({ length: 12 }, () => false))).filter((one) => one === 0);
    const first = known().length;
    assert.ok(first >= 4 && first < 12, `${first}`);
    const second = known().length;
    assert.ok(second > first, `${second}`);
    for (let at = 0; at < 12; at++) known();
    assert.equal(known().length, 12);
  });

  test('of a block that went are forgotten', () => {
    const host = new ScriptedHost([0, 0]);
    const look = looking(host);
    look(blocksOf(false, false));
    assert.deepEqual(look(blocksOf(true, false)), [9, 0]);
  });

  test('of a process that is looked at no more are forgotten', () => {
    const host = new ScriptedHost([0]);
    const looks = new OrderLooks();
    const seen = () =>
      looks.seen(host, identityOf(host, PID), mappingsOf(host, PID), blocksOf(false))[0].order;
    assert.equal(seen(), 0);
    // From here on frames cannot be seen: what is told is what is remembered.
    withoutFrames(host);
    looks.keep(new Set([PID]));
    assert.equal(seen(), 0);
    looks.keep(new Set([PID + 1]));
    assert.equal(seen(), undefined);
  });

  test('part by part of one block; none where frames cannot be seen', () => {
    const host = new ScriptedHost([9, 0]);
    assert.deepEqual(ordersInBlock(host, PID, FIRST * 512 + 7), Array(128).fill(9));
    assert.deepEqual(ordersInBlock(host, PID, (FIRST + 1) * 512), Array(128).fill(0));
    withoutFrames(host);
    assert.deepEqual(ordersInBlock(host, PID, (FIRST + 1) * 512), []);
  });
});
