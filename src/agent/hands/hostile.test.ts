/** A deciding side that is an enemy: what it can do is what the configuration allows, and it cannot hold anything up. */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { type ChannelEnd, channelPair } from '../../../test/support/channel-pair.js';
import { FIRST_BLOCK } from '../../../test/support/drawing.js';
import { grant, grantsOf } from '../../../test/support/grants.js';
import { PID, ScriptedHost } from '../../../test/support/scripted-host.js';
import { planFor } from '../../../test/support/turns.js';
import { SeededRandom } from '../../base/seeded-random.js';
import type { Clock } from '../../host/host.js';
import type { Plan } from '../../vocabulary/plan.js';
import { frameOf } from './frames.js';
import type { Grant } from './grants.js';
import { Performer } from './performer.js';
import { serve } from './serve.js';

const SELF = { pid: PID, startTicks: 5000 };

interface Scene {
  readonly host: ScriptedHost;
  readonly enemy: ChannelEnd;
  readonly ended: Promise<string>;
  /** What was told of refusals. */
  readonly told: string[];
  /** Sends requests, in one go. */
  say(...values: readonly unknown[]): void;
  /** The answers so far, in order. */
  answers(): readonly Answer[];
  turns(): Promise<void>;
}

interface Answer {
  readonly id?: number;
  readonly kind: string;
  readonly denial?: { readonly code: string; readonly why: string };
  readonly why?: string;
}

/** Time that only goes on when a test says so; waiting for it takes turns of the event loop. */
class HandClock implements Clock {
  nowNs = 0;
  monotonicNs = () => this.nowNs;
  wallMs = () => 1_700_000_000_000 + this.nowNs / 1e6;

  async sleep(duration: number, signal?: AbortSignal): Promise<void> {
    const until = this.nowNs + duration * 1e6;
    while (this.nowNs < until && signal?.aborted !== true) await turn();
  }
}

const open: ChannelEnd[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

function scene(more: Partial<Grant> = {}, pids?: readonly number[]): Scene & { readonly clock: HandClock } {
  const host = new ScriptedHost([9, 9, 9, 9]);
  const clock = new HandClock();
  const [own, enemy] = channelPair();
  open.push(enemy);
  const grants = grantsOf(grant({ pauseMs: 0, ...more }), pids);
  const told: string[] = [];
  const acting = new Performer({ host, readGrants: () => grants });
  const ended = serve({ channel: own, clock, acting, tell: (what) => told.push(what) });
  const collected: Buffer[] = [];
  void (async () => {
    for await (const chunk of enemy.received) collected.push(Buffer.from(chunk));
  })();
  return {
    ...{ host, enemy, ended, told, clock },
    say: (...values) => enemy.send(Buffer.concat(values.map((value) => frameOf(value, 1e9) as Uint8Array))),
    answers: () => answersIn(Buffer.concat(collected)),
    turns: async () => {
      for (let at = 0; at < 60; at++) await turn();
    },
  };
}

function answersIn(bytes: Buffer): readonly Answer[] {
  const found: Answer[] = [];
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt32LE(at);
    found.push(JSON.parse(bytes.toString('utf8', at + 4, at + 4 + length)) as Answer);
    at += 4 + length;
  }
  return found;
}

const hello = { kind: 'hello', id: 1, version: 1 };
const plain = (plan: Plan): unknown => JSON.parse(JSON.stringify(plan));
const untouched = ({ host }: Scene) =>
  assert.deepEqual(
    host.blocks.map(({ order }) => order),
    [9, 9, 9, 9],
  );

describe('what is no request ends the connection', () => {
  const length = (bytes: number) => {
    const header = Buffer.alloc(4);
    header.writeUInt32LE(bytes);
    return header;
  };
  const raw: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ['a giant frame', length(0x7fffffff), /a frame of 2147483647 bytes$/],
    ['an empty frame', length(0), /a frame of 0 bytes$/],
    ['no JSON', Buffer.concat([length(3), Buffer.from('{x}')]), /is no JSON$/],
    ['no text', Buffer.concat([length(2), Buffer.from([255, 254])]), /a frame that is no text$/],
  ];
  for (const [what, bytes, why] of raw)
    test(what, async () => {
      const one = scene();
      one.enemy.send(bytes);
      assert.match(await one.ended, why);
      assert.equal(one.answers().at(-1)?.kind, 'breach');
      assert.ok(one.enemy.isOver);
    });

  const said: readonly (readonly [string, readonly unknown[], RegExp])[] = [
    ['no greeting', [{ kind: 'ping', id: 1 }], /ping at the wrong time$/],
    ['a second greeting', [hello, { ...hello, id: 2 }], /hello at the wrong time$/],
    ['another version', [{ ...hello, version: 9 }], /version: should be `1`$/],
    [
      'a replay',
      [hello, { kind: 'ping', id: 2 }, { kind: 'ping', id: 2 }],
      /request 2 comes again or too late$/,
    ],
    [
      'out of order',
      [hello, { kind: 'ping', id: 9 }, { kind: 'ping', id: 8 }],
      /request 8 comes again or too late$/,
    ],
    ['a path', [hello, { kind: 'observe', id: 2, process: '/proc/1/mem' }], /process: /],
    ['an unknown act', [hello, { kind: 'write', id: 2, path: '/etc/passwd' }], /kind: /],
    [
      'a prototype',
      [hello, JSON.parse('{"kind":"ping","id":2,"__proto__":{"id":1}}')],
      /has the unknown key/,
    ],
    [
      'a terminal',
      [hello, { kind: 'observe', id: 2, process: { ...SELF, name: '\u001b[2J' } }],
      /control characters$/,
    ],
  ];
  for (const [what, messages, why] of said)
    test(what, async () => {
      const one = scene();
      for (const message of messages) one.say(message);
      assert.match(await one.ended, why);
      untouched(one);
    });
});

describe('what is a request and not allowed is refused', () => {
  const codes = (one: Scene) => one.answers().map(({ kind, denial }) => denial?.code ?? kind);

  test('other processes, pids that are another’s by now, and processes that are none', async () => {
    const one = scene({}, [PID]);
    one.host.texts.set('/proc/1/cgroup', '0::/\n');
    one.say(hello);
    one.say({ kind: 'observe', id: 2, process: { pid: 1, startTicks: 1 } });
    one.say({ kind: 'observe', id: 3, process: { ...SELF, startTicks: 4999 } });
    one.say({ kind: 'observe', id: 4, process: { pid: 4_000_000, startTicks: 1 } });
    await one.turns();
    assert.deepEqual(codes(one), ['done', 'not-a-target', 'stale', 'stale']);
    assert.deepEqual(one.told, ['refused (not-a-target): process 1 is of no target, or is denied']);
  });

  test('blocks of nobody, more than the budget, a target that is only watched', async () => {
    const plan = await planFor(new ScriptedHost([9, 9, 9, 9]), { split: [0, 1] });
    const elsewhere = plan.steps.map((step, at) => ({
      ...step,
      before: { ...step.before, block: FIRST_BLOCK + 1000 + at },
      proposal: { ...step.proposal, block: FIRST_BLOCK + 1000 + at },
    }));
    const greedy = { ...plan.budgets, maxBlocks: 0, maxBytes: 0, lockUsPerSecond: 0, maxPressure: 0 };
    for (const [more, sent, code] of [
      [{}, { ...plan, steps: elsewhere }, 'stale'],
      [{ bytesPerHour: 1 }, { ...plan, budgets: greedy }, 'over-budget'],
      [{ act: false }, plan, 'not-now'],
      [{ isOpen: () => false }, plan, 'not-now'],
    ] as const) {
      const one = scene(more);
      one.say(hello);
      one.say({ kind: 'apply', id: 2, plan: plain(sent) });
      await one.turns();
      assert.deepEqual(codes(one), ['done', code]);
      untouched(one);
      one.enemy.close();
      assert.equal(await one.ended, 'the deciding side ended');
    }
  });

  test('again and again ends the connection', async () => {
    const one = scene({}, []);
    one.say(hello);
    for (let id = 2; id < 400; id++) {
      one.say({ kind: 'observe', id, process: SELF });
      if (id % 4 === 0) await one.turns();
    }
    assert.match(await one.ended, /asks for what it may not again and again$/);
    assert.ok(codes(one).length < 300, `${codes(one).length}`);
  });

  test('more than a few at a time', async () => {
    const one = scene();
    one.say(hello);
    one.say(
      ...Array.from({ length: 11 }, (_, at) => at + 2).map((id) => ({
        kind: 'look-back',
        id,
        processes: [SELF],
      })),
    );
    await one.turns();
    assert.equal(codes(one).filter((code) => code === 'busy').length, 4);
  });
});

describe('nobody is held up', () => {
  test('by a frame that does not become whole', async () => {
    const one = scene();
    one.say(hello);
    const frame = frameOf({ kind: 'ping', id: 2 }, 1e6) as Uint8Array;
    for (let at = 0; at < 9; at++) {
      one.enemy.send(frame.subarray(at, at + 1));
      one.clock.nowNs += 1e9;
      await one.turns();
    }
    assert.equal(one.enemy.isOver, false);
    one.clock.nowNs += 5e9;
    assert.match(await one.ended, /a frame that does not become whole$/);
  });

  test('by silence between frames', async () => {
    const one = scene();
    one.say(hello);
    await one.turns();
    one.clock.nowNs += 3600e9;
    await one.turns();
    one.say({ kind: 'ping', id: 2 });
    await one.turns();
    assert.deepEqual(
      one.answers().map(({ kind }) => kind),
      ['done', 'done'],
    );
  });

  test('by a flood of requests, or of bytes', async () => {
    const requests = scene();
    requests.say(hello);
    for (let id = 2; id <= 10_001; id++) requests.say({ kind: 'ping', id });
    assert.match(await requests.ended, /more than 1000 requests a second$/);
    const bytes = scene();
    const header = Buffer.alloc(4);
    header.writeUInt32LE(8 * 1024 * 1024);
    for (let frame = 0; frame < 6; frame++) {
      bytes.enemy.send(header);
      bytes.enemy.send(Buffer.alloc(8 * 1024 * 1024, 32));
    }
    assert.match(await bytes.ended, /is no JSON|ends too early|bytes a second$/);
  });

  test('by one that does not read its answers', async () => {
    const one = scene();
    one.enemy.isReading = false;
    Object.defineProperty(one.enemy, 'unread', { get: () => 200 * 1024 * 1024 });
    one.say(hello);
    assert.match(await one.ended, /does not read its answers$/);
  });
});

describe('the end of the deciding side', () => {
  test('stops what it had begun, between two bursts, with the journal closed', async () => {
    const one = scene();
    const plan = await planFor(new ScriptedHost([9, 9, 9, 9]), { split: [0, 1, 2, 3] });
    one.host.failAdvice = (call) => {
      if (call === 1) one.enemy.close();
    };
    const { processMadvise } = one.host.calls;
    one.host.calls.processMadvise = async (...given) => {
      const done = await processMadvise(...given);
      await turn();
      await turn();
      return done;
    };
    one.say(hello);
    one.say({ kind: 'apply', id: 2, plan: plain(plan) });
    assert.equal(await one.ended, 'the deciding side ended');
    const done = one.host.blocks.filter(({ order }) => order === 0).length;
    assert.ok(done >= 1 && done < 4, `${done} of 4 blocks`);
    const journal = [...one.host.texts].find(([path]) => path.endsWith('journal.jsonl'))?.[1] ?? '';
    assert.match(journal, /"kind":"end","how":"interrupted"/);
    assert.equal(one.host.texts.has('/state/lock'), false);
    assert.equal(one.host.openHandles, 0);
  });

  test('and a request that is taken back, waiting or running, leave nothing behind', async () => {
    const one = scene();
    const plan = await planFor(new ScriptedHost([9, 9, 9, 9]), { split: [0] });
    one.say(
      hello,
      { kind: 'apply', id: 2, plan: plain(plan) },
      { kind: 'cancel', id: 3, request: 2 },
      { kind: 'cancel', id: 4, request: 77 },
    );
    await one.turns();
    const byId = new Map(one.answers().map((answer) => [answer.id, answer.denial?.code ?? answer.kind]));
    assert.deepEqual([byId.get(2), byId.get(3), byId.get(4)], ['cancelled', 'done', 'done']);
    untouched(one);
  });
});

/** One frame changed at random: a byte, a length, a value in it, its order. */
function mangled(frame: Uint8Array, random: SeededRandom): Uint8Array {
  const bytes = Buffer.from(frame);
  const kind = random.below(4);
  if (kind === 0) bytes[random.below(bytes.length)] = random.below(256);
  else if (kind === 1) return bytes.subarray(0, random.below(bytes.length));
  else if (kind === 2) return Buffer.concat([bytes, bytes.subarray(0, random.below(bytes.length))]);
  else for (let at = 0; at < 8; at++) bytes[4 + random.below(bytes.length - 4)] = 48 + random.below(10);
  return bytes;
}

test('whatever is sent, no more is done than the configuration allows', async () => {
  const random = new SeededRandom(20_261_130);
  const plan = await planFor(new ScriptedHost([9, 9, 9, 9]), { split: [0, 1] });
  let acted = 0;
  for (let round = 0; round < 300; round++) {
    const one = scene({ budgets: { ...grant().budgets, maxBlocks: 2 }, bytesPerHour: 4 * 1024 * 1024 });
    one.say(hello);
    for (let id = 2; id < 6; id++) {
      const frame = frameOf({ kind: 'apply', id, plan: plain(plan) }, 1e7) as Uint8Array;
      one.enemy.send(random.below(2) === 0 ? mangled(frame, random) : frame);
    }
    for (let at = 0; at < 20; at++) await turn();
    one.enemy.close();
    await one.ended;
    const split = one.host.blocks.filter(({ order }) => order < 9).length;
    assert.ok(split <= 2, `${split} blocks in round ${round}`);
    acted += split;
    assert.equal(one.host.openHandles, 0);
    assert.equal(one.host.texts.has('/state/lock'), false);
  }
  assert.ok(acted > 100, 'some of it was allowed');
});
