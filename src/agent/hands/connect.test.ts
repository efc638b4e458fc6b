/** Both sides of a socket pair together: what is asked comes back as it would from the acting side itself. */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { type ChannelEnd, channelPair } from '../../../test/support/channel-pair.js';
import { grant, grantsOf } from '../../../test/support/grants.js';
import { PID, ScriptedHost } from '../../../test/support/scripted-host.js';
import { planFor } from '../../../test/support/turns.js';
import type { Reading } from '../../sources/source.js';
import { sampleColumns } from '../../vocabulary/sample.js';
import type { Told } from './acting-side.js';
import { Connection } from './connect.js';
import { frameOf } from './frames.js';
import type { LookMaker } from './looks.js';
import { Performer } from './performer.js';
import type { Wish } from './protocol.js';
import { serve } from './serve.js';

const SELF = { pid: PID, startTicks: 5000, command: 'db', cgroup: '/' };
const never = new AbortController().signal;
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const codeOf = (told: Told<unknown>) => (told.ok ? 'done' : told.error.code);

/** A clock that waits as long as anybody likes. */
const clock = {
  monotonicNs: () => 0,
  wallMs: () => 0,
  sleep: (_: number, signal?: AbortSignal) =>
    new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true })),
};

const open: ChannelEnd[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

function joined(looks?: LookMaker) {
  const host = new ScriptedHost([9, 9, 9]);
  const [own, other] = channelPair();
  open.push(other);
  const grants = grantsOf(grant({ pauseMs: 0, lookShare: 1 }));
  const acting = new Performer({ host, readGrants: () => grants, ...(looks === undefined ? {} : { looks }) });
  const ending = new AbortController();
  let pass: (wish: Wish) => void = () => undefined;
  const served = serve({
    ...{ channel: own, clock, acting, signal: ending.signal },
    wishes: (given) => {
      pass = given;
    },
  });
  const wished: Wish[] = [];
  const connection = new Connection(other, clock, (wish) => wished.push(wish));
  return { host, own, other, connection, served, ending, wished, wish: (one: Wish) => pass(one) };
}

describe('requests over a socket pair', () => {
  test('say who acts, observe, apply and look back', async () => {
    const { host, connection } = joined();
    const about = await connection.about();
    assert.deepEqual(about.ok && about.value.targets, [{ name: 'db', act: true }]);
    assert.equal(await connection.ping(), true);
    const seen = await connection.observe(SELF);
    assert.ok(seen.ok);
    assert.ok(seen.value.blocks.present instanceof Uint16Array);
    assert.deepEqual([...seen.value.blocks.present], [512, 512, 512]);
    assert.equal(seen.value.mappings.length, 1);
    const applied = await connection.apply(await planFor(host, { split: [1] }), never);
    assert.ok(applied.ok, JSON.stringify(applied));
    assert.deepEqual([applied.value.how, applied.value.verdicts[0].outcome], ['complete', 'met']);
    const back = await connection.lookBack([SELF]);
    assert.deepEqual(back.ok && back.value.damaged, []);
    assert.equal(codeOf(await connection.reload()), 'done');
    assert.equal(host.blocks[1].order, 0);
  });

  test('that are refused come back as values', async () => {
    const { connection } = joined();
    assert.equal(codeOf(await connection.observe({ pid: PID, startTicks: 1 })), 'stale');
    const aborted = AbortSignal.abort('SIGTERM');
    const plan = await planFor(new ScriptedHost([9]), { split: [0] });
    assert.deepEqual(codeOf(await connection.apply(plan, aborted)), 'cancelled');
    const notes = Array.from({ length: 3000 }, () => 'n'.repeat(4000));
    assert.equal(codeOf(await connection.apply({ ...plan, notes }, never)), 'too-large');
  });
});

describe('samples over a socket pair', () => {
  const rows = () => {
    const batch = sampleColumns(3);
    batch.count = 3;
    batch.timeOrigin = 2n ** 60n;
    batch.pid.set([PID, 7, PID]);
    batch.virtualPage.set([1, 2, 3]);
    batch.physicalPage.set([10, 20, 30]);
    batch.weight.fill(1);
    return { ...batch, times: Float64Array.of(4, 5, 6) };
  };
  const content = { pid: PID, block: 9, filled: Uint8Array.of(1, 2) };
  const given: readonly Reading[] = [
    { kind: 'samples', batch: rows() },
    { kind: 'samples', batch: { ...rows(), count: 0 } },
    { kind: 'content', content },
    { kind: 'content', content: { ...content, pid: 7 } },
    { kind: 'replaced', pid: PID },
    { kind: 'replaced', pid: 7 },
    { kind: 'range', range: { pid: PID, firstBlock: 4, blocks: 2 } },
    { kind: 'range', range: { pid: 7, firstBlock: 4, blocks: 2 } },
  ];
  const looks: LookMaker = () => ({
    name: 'smaps',
    origin: {} as never,
    account: () => ({ losses: { x: 1 }, bytesRead: 2, notes: ['n'] }),
    async *read() {
      yield* given;
    },
  });

  test('are those of the processes that were asked for, without frames', async () => {
    const { connection } = joined(looks);
    const taken: Reading[] = [];
    const request = { look: 'smaps' as const, processes: [SELF], windowMs: 10 };
    const told = await connection.sample(request, (reading) => taken.push(reading), never);
    assert.ok(told.ok, JSON.stringify(told));
    assert.deepEqual(told.value.account, { losses: { x: 1 }, bytesRead: 2, notes: ['n'] });
    assert.deepEqual(
      taken.map(({ kind }) => kind),
      ['samples', 'content', 'replaced', 'range'],
    );
    const [first, second] = taken;
    assert.ok(first.kind === 'samples' && second.kind === 'content');
    const { batch } = first;
    assert.equal(batch.count, 2);
    assert.deepEqual([...batch.pid.subarray(0, 2)], [PID, PID]);
    assert.deepEqual([...batch.virtualPage.subarray(0, 2)], [1, 3]);
    assert.deepEqual([...(batch.times ?? [])], [4, 6]);
    assert.ok(batch.physicalPage.every((frame) => frame === -1));
    assert.equal(batch.timeOrigin, 2n ** 60n);
    assert.deepEqual(second.content, content);
  });

  test('can be taken back while they are taken', async () => {
    const slow: LookMaker = () => ({
      name: 'smaps',
      origin: {} as never,
      account: () => ({ losses: {}, bytesRead: 0, notes: [] }),
      async *read({ signal }) {
        while (!signal.aborted) {
          yield given[6];
          await turn();
        }
      },
    });
    const { connection } = joined(slow);
    const controller = new AbortController();
    const request = { look: 'smaps' as const, processes: [SELF], windowMs: 10 };
    let pieces = 0;
    const take = () => {
      if (++pieces === 3) controller.abort('enough');
    };
    assert.equal(codeOf(await connection.sample(request, take, controller.signal)), 'cancelled');
    assert.equal(codeOf(await connection.reload()), 'done', 'the connection goes on');
  });
});

describe('the end of either side', () => {
  test('answers what was asked, and what is asked afterwards', async () => {
    const { connection, own } = joined();
    await connection.about();
    const asked = connection.observe(SELF);
    own.close();
    assert.equal(codeOf(await asked), 'cancelled');
    assert.equal(await connection.ended, 'the acting side ended');
    assert.equal(codeOf(await connection.observe(SELF)), 'cancelled');
    assert.equal(await connection.ping(), false);
  });

  test('by a breach says so; by nonsense from the acting side, too', async () => {
    const breached = joined();
    breached.other.send(Uint8Array.of(0, 0, 0, 0));
    assert.match(
      await breached.connection.ended,
      /^the acting side ended the connection: a frame of 0 bytes$/,
    );
    const odd = joined();
    odd.own.send(Uint8Array.of(2, 0, 0, 0, 0xff, 0xff));
    assert.match(
      await odd.connection.ended,
      /^the connection to the acting side broke: a frame that is no text$/,
    );
    const closed = joined();
    await closed.connection.close();
    assert.equal(await closed.served, 'the deciding side ended');
  });

  test('can be asked for by the acting side, which has the signals', async () => {
    const { connection, wished, wish, served, ending, own } = joined();
    await connection.about();
    wish('reload');
    wish('end');
    own.send(frameOf({ kind: 'done', id: 99, value: null }, 1000) as Uint8Array);
    await turn();
    assert.deepEqual(wished, ['reload', 'end']);
    ending.abort('SIGTERM');
    assert.equal(await served, 'asked to end');
    assert.equal(await connection.ended, 'the acting side ended');
  });
});
