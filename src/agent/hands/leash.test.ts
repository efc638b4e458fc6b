/** A run that goes on while the configuration is read again, or while hours end. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { grant, grantsOf } from '../../../test/support/grants.js';
import { PID, ScriptedHost } from '../../../test/support/scripted-host.js';
import { planFor } from '../../../test/support/turns.js';
import type { Source } from '../../sources/source.js';
import { MIB } from '../../vocabulary/units.js';
import type { Grant, Grants } from './grants.js';
import { Performer } from './performer.js';

const BLOCKS = 8;
const never = new AbortController().signal;
const ALL = Array.from({ length: BLOCKS }, (_, index) => index);

const splitIn = ({ blocks }: ScriptedHost) => blocks.filter(({ order }) => order === 0).length;

/** Applies a plan of many bursts; after so many of them the configuration is another one. */
async function changed(after: number, then: Grants, read: boolean, first = grantsOf(grant())) {
  const host = new ScriptedHost(ALL.map(() => 9));
  host.advising = [5_000_000];
  let grants = first;
  const performer = new Performer({ host, readGrants: () => grants });
  const { sleep } = host.clock;
  const pauses: number[] = [];
  host.clock.sleep = async (duration, signal) => {
    if (splitIn(host) >= after && grants !== then) {
      grants = then;
      if (read) await performer.reload();
    }
    if (signal?.aborted !== true) await sleep(duration, signal);
    pauses.push(duration);
  };
  const told = await performer.apply(
    await planFor(host, { split: ALL, budgets: { lockUsPerSecond: 50_000 } }),
    never,
  );
  assert.ok(told.ok);
  return { outcome: told.value, done: splitIn(host), host, performer, pauses };
}

describe('a run ends at the next boundary between steps', () => {
  const rows: readonly (readonly [string, Grants, RegExp])[] = [
    ['when its target may not be acted on', grantsOf(grant({ act: false })), /only watched \(act: false\)$/],
    ['when its process is denied', grantsOf(grant(), [PID + 1]), /of no target any more, or is denied$/],
    ['when its process is of another target', grantsOf(grant({ name: 'web' })), /is of target web now$/],
    ['when its actuator is not allowed', grantsOf(grant({ actuators: ['damos'] })), /does not allow$/],
    ['when its hours are over', grantsOf(grant({ isOpen: () => false })), /at this hour$/],
    [
      'when it has as many blocks as a run may have',
      grantsOf(grant({ budgets: { ...grant().budgets, maxBlocks: 2 } })),
      /^3 blocks are done, and a run may have no more by now$/,
    ],
    [
      'when it has as many bytes as a run may have',
      grantsOf(grant({ budgets: { ...grant().budgets, maxBytes: 2 * MIB } })),
      /^3 blocks are done, and a run may have no more by now$/,
    ],
    [
      'when it has as many bytes as an hour may have',
      grantsOf(grant({ bytesPerHour: 6 * MIB })),
      /^3 blocks are done, and this hour may have no more by now$/,
    ],
  ];
  for (const [when, then, why] of rows)
    test(`${when} by a configuration that is read again`, async () => {
      const { outcome, done } = await changed(3, then, true);
      assert.deepEqual([outcome.how, done], ['stopped', 3], outcome.why);
      assert.match(outcome.why, why);
    });

  test('when its hours end by themselves', async () => {
    const host = new ScriptedHost(ALL.map(() => 9));
    host.advising = [5_000_000];
    const grants = grantsOf(grant({ isOpen: () => splitIn(host) < 2 }));
    const performer = new Performer({ host, readGrants: () => grants });
    const plan = await planFor(host, { split: ALL, budgets: { lockUsPerSecond: 50_000 } });
    const told = await performer.apply(plan, never);
    assert.ok(told.ok);
    assert.deepEqual([told.value.how, splitIn(host)], ['stopped', 2]);
  });
});

describe('a run goes on', () => {
  test('when the configuration is read again and still allows it, within what it allows by now', async () => {
    const lower: Grant = grant({ budgets: { ...grant().budgets, lockUsPerSecond: 5000 } });
    const { outcome, done, pauses } = await changed(3, grantsOf(lower), true);
    assert.deepEqual([outcome.how, done], ['complete', BLOCKS]);
    const [first, last] = [pauses[1], pauses[pauses.length - 1]];
    assert.ok(last > 5 * first, `${first} ms, then ${last} ms`);
  });

  test('as long as a new configuration was not read', async () => {
    const { outcome } = await changed(3, grantsOf(grant({ act: false })), false);
    assert.equal(outcome.how, 'complete');
  });

  test('and what is done is no more than what an hour may have, other runs included', async () => {
    const { performer, host } = await changed(BLOCKS, grantsOf(grant()), false);
    host.nowNs += 2e9;
    for (const block of host.blocks) block.order = 9;
    const plan = await planFor(host, { split: ALL, id: 'plan-2', budgets: { lockUsPerSecond: 50_000 } });
    const told = await performer.apply(plan, never);
    assert.ok(told.ok);
    assert.deepEqual([told.value.how, told.value.receipts.length], ['complete', BLOCKS]);
  });
});

test('samples of a process that is denied meanwhile end', async () => {
  const host = new ScriptedHost([9]);
  let grants = grantsOf(grant());
  const source = {
    origin: { source: 'occupancy' },
    account: () => ({ losses: {}, bytesRead: 0, notes: [] }),
    async *read({ signal }: { readonly signal: AbortSignal }) {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      yield { kind: 'range', range: { pid: PID, firstBlock: 0, blocks: 1 } };
    },
  } as unknown as Source;
  const performer = new Performer({ host, readGrants: () => grants, looks: () => source });
  const request = {
    look: 'occupancy' as const,
    processes: [{ pid: PID, startTicks: 5000 }],
    windowMs: 5,
  };
  const sampled = performer.sample(request, () => undefined, never);
  await new Promise((resolve) => setImmediate(resolve));
  await performer.reload();
  grants = grantsOf(grant({ looks: ['smaps'] }));
  await performer.reload();
  const told = await sampled;
  assert.ok(!told.ok);
  assert.equal(told.error.code, 'cancelled');
  assert.match(told.error.why, /read again, and occupancy is no look/);
});
