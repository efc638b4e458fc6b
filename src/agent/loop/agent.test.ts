/** The agent on a model: whom it touches, when, and what it does when something is wrong. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AgentWorld, FILE } from '../../../test/support/agent-world.js';
import { OctavoError } from '../../vocabulary/errors.js';
import { readStatus } from '../life/status.js';
import { observationOf } from '../record/observations.js';
import type { Hands, Order, TurnWatch } from '../turn/hands.js';
import type { Session } from './session.js';

const TWO = `targets:
  - { name: redis, match: { unit: redis.service }, policy: return-empty, every: 10s, act: true }
  - { name: rest, match: { command: '*' }, every: 20s }
`;

describe('an agent', () => {
  test('acts on what may be acted on, observes the rest, and leaves alone what is denied', async () => {
    const world = new AgentWorld(`deny: [{ unit: 'sshd*' }]\n${TWO}`);
    world.start('redis-server', 'redis.service', 4);
    world.start('web', 'web.service', 2);
    world.start('sshd', 'sshd.service', 2);
    await world.run(25_000);
    const [first] = world.turnsOf('redis');
    assert.deepEqual(
      [first.end, first.taken?.done?.verdicts.length, first.taken?.seen.huge],
      ['acted', 4, 4 * 2 ** 21],
    );
    assert.deepEqual(
      world.turnsOf('redis').map(({ end }) => end),
      ['acted', 'nothing-to-do', 'nothing-to-do'],
    );
    const [rest] = world.turnsOf('rest');
    assert.deepEqual([rest.end, rest.taken?.plan.steps.length, rest.taken?.done], ['observed', 2, undefined]);
    assert.deepEqual(
      rest.taken?.plan.processes.map(({ command }) => command),
      ['web'],
    );
    assert.equal(world.turnsOf('rest').length, 2);
  });

  test('finds a unit within five seconds of its start, and lets it go when it ends', async () => {
    const world = new AgentWorld(TWO);
    let redis: ReturnType<AgentWorld['start']> | undefined;
    let startedMs = 0;
    const session = await world.run(30_000, {
      7300: () => {
        startedMs = world.host.clock.wallMs();
        redis = world.start('redis-server', 'redis.service', 1);
      },
      20000: () => redis && world.end(redis),
    });
    const [first] = world.turnsOf('redis');
    assert.ok(first.atMs - startedMs <= 5000, `${first.atMs - startedMs} ms`);
    assert.equal(session.agent.processesOf('redis'), 0);
    assert.ok(world.turnsOf('redis').every(({ atMs }) => atMs <= startedMs + 16_000));
  });

  test('keeps to the blocks of a minute, and says so in the plan', async () => {
    const world = new AgentWorld(TWO.replace('act: true', 'act: true, budgets: { blocksPerMinute: 3 }'));
    world.start('redis-server', 'redis.service', 8);
    await world.run(85_000);
    const met = world.turnsOf('redis').map(({ taken }) => taken?.done?.verdicts.length ?? 0);
    assert.deepEqual(met, [3, 0, 0, 0, 0, 0, 0, 3, 0]);
    const [first] = world.turnsOf('redis');
    assert.deepEqual(
      first.taken?.plan.refused.map(({ code, why }) => [code, why]),
      Array(5).fill(['budget-blocks', 'the blocks of this minute or hour are used up']),
    );
  });

  test('tells what is empty in huge pages, what it has sampled, and plans with what acts took before', async () => {
    const world = new AgentWorld(TWO);
    world.start('redis-server', 'redis.service', 4);
    await world.run(45_000, { 20000: () => void world.start('redis-server', 'redis.service', 3) });
    const [first, ...later] = world.turnsOf('redis');
    const empty = (512 - 8) * 4096;
    assert.deepEqual(
      [first.taken?.seen.emptyInHuge, first.taken?.seen.samples, first.taken?.seen.cold],
      [4 * empty, 0, undefined],
    );
    assert.deepEqual(
      first.taken?.plan.steps.map(({ proposal }) => proposal.cost.measured),
      Array(4).fill(undefined),
    );
    const second = later.find(({ end }) => end === 'acted');
    assert.equal(second?.taken?.seen.emptyInHuge, 3 * empty);
    assert.deepEqual(
      second?.taken?.plan.steps.map(({ proposal }) => proposal.cost.measured?.steps),
      [4, 4, 4],
    );
    const record = second && observationOf(second);
    assert.deepEqual([record?.values.emptyInHugeBytes, record?.values.samples], [3 * empty, 0]);
  });

  test('finds a pod by the name that the kubelet gives it, when it says so, and tells when it does not', async () => {
    const uid = '6c1bdd5e-3f5a-4c1e-9c0e-1f6f3a2b4c5d';
    const group = `kubepods-pod${uid.replaceAll('-', '_')}.slice/cri-containerd-${'a'.repeat(64)}.scope`;
    const world = new AgentWorld(
      "pods: /pods.json\ntargets: [{ name: shop, match: { pod: 'redis-*' }, policy: return-empty, act: true, every: 5s }]\n",
    );
    world.start('redis-server', group, 2);
    const pods = { items: [{ metadata: { name: 'redis-0', namespace: 'shop', uid } }] };
    const session = await world.run(20_000, {
      6000: () => void world.host.files.writeFile('/pods.json', JSON.stringify(pods)),
    });
    assert.equal(session.agent.processesOf('shop'), 1);
    const [first] = world.turnsOf('shop');
    assert.equal(first.end, 'acted', 'the acting side knows it as well');
    const texts = world.texts();
    assert.ok(texts.includes('kubelet: /pods.json cannot be read (ENOENT)'), texts.join('\n'));
    assert.ok(texts.includes('kubelet: works again'), texts.join('\n'));
  });

  test('acts only in its hours', async () => {
    const world = new AgentWorld(TWO.replace('act: true', "act: true, hours: ['Mon 1:00-1:00 UTC']"));
    world.start('redis-server', 'redis.service', 2);
    const monday = new Date(world.host.clock.wallMs()).getUTCDay() === 1;
    assert.ok(!monday);
    await world.run(5000);
    const [turn] = world.turnsOf('redis');
    assert.deepEqual([turn.end, turn.why, turn.taken?.plan.steps.length], ['held', 'outside its hours', 2]);
  });

  test('takes one turn of each target that somebody is there of with --once', async () => {
    const world = new AgentWorld(TWO);
    world.start('web', 'web.service', 1);
    const results = await world.session().once();
    assert.deepEqual(
      results.map(({ end }) => end),
      ['observed'],
    );
  });
});

/** Hands that fail, or do nothing. */
class ScriptedHands implements Hands {
  readonly processes = [];
  readonly turnsAtOnce: number = 1;
  readonly orders: Order[] = [];
  closed = 0;

  readonly answer: (order: Order) => OctavoError;

  constructor(answer: (order: Order) => OctavoError) {
    this.answer = answer;
  }

  async take(order: Order): Promise<never> {
    this.orders.push(order);
    throw this.answer(order);
  }

  async carryOut(): Promise<never> {
    throw this.answer({ target: '' } as Order);
  }

  async reload(): Promise<void> {
    // Nothing is read.
  }

  async close(): Promise<void> {
    this.closed++;
  }
}

describe('a turn that fails', () => {
  const failing = (code: 'NO_THP' | 'TARGET_GONE' | 'HANDS_DENIED') =>
    new ScriptedHands(() => new OctavoError(code, { path: '/x', pid: 5, denial: 'busy', why: 'no' }));

  test('backs off twice as long, then only observes, and is forgiven when the configuration is read again', async () => {
    const world = new AgentWorld(TWO);
    world.start('redis-server', 'redis.service', 1);
    const hands = failing('NO_THP');
    await world.run(4_000_000, { 3000000: (session) => session.reload() }, { hands });
    const acting = hands.orders.flatMap(({ target, act }, at) => (target === 'redis' && act ? [at] : []));
    assert.equal(acting.length, 7, 'four times until it only observes, and again after the reload');
    const texts = world.texts();
    assert.ok(
      texts.some((text) => /^redis: NO_THP: .*; backing off$/.test(text)),
      texts.join('\n'),
    );
    assert.ok(
      texts.some((text) => /from now on it is only observed$/.test(text)),
      texts.join('\n'),
    );
    assert.equal(hands.closed, 1);
  });

  test('because its target is gone or another Octavo is at work stops nothing', async () => {
    for (const [code, end] of [
      ['TARGET_GONE', 'gone'],
      ['HANDS_DENIED', 'busy'],
    ] as const) {
      const world = new AgentWorld(TWO);
      world.start('redis-server', 'redis.service', 1);
      const session = await world.run(15_000, {}, { hands: failing(code) });
      assert.ok(world.turnsOf('redis').every((turn) => turn.end === end && turn.standing === 'clear'));
      assert.equal(session.agent.life('redis').totals.failures, 0);
    }
  });

  test('by a bug is no failure of the target', async () => {
    const world = new AgentWorld(TWO);
    world.start('redis-server', 'redis.service', 1);
    const hands = new ScriptedHands(() => new TypeError('bug') as OctavoError);
    await assert.rejects(world.run(5000, {}, { hands }), /bug/);
    assert.deepEqual(
      [hands.closed, world.host.files.readText('/run/octavo/agent/agent.lock').ok],
      [1, false],
    );
  });
});

/** Turns of redis wait until the agent ends; others fail because another Octavo is at work. */
class SlowHands extends ScriptedHands {
  override readonly turnsAtOnce: number;
  going = 0;
  most = 0;

  constructor(turnsAtOnce: number) {
    super(() => new OctavoError('HANDS_DENIED', { denial: 'busy', why: 'no' }));
    this.turnsAtOnce = turnsAtOnce;
  }

  override async take(order: Order, watch?: TurnWatch): Promise<never> {
    this.going++;
    this.most = Math.max(this.most, this.going);
    if (order.target === 'redis')
      while (watch?.signal.aborted === false) await watch.sleep(100, watch.signal);
    this.going--;
    return super.take(order);
  }
}

describe('a turn that takes long', () => {
  test('is followed at once by one of the configuration that was read meanwhile', async () => {
    for (const turnsAtOnce of [1, 2]) {
      const world = new AgentWorld(TWO.replaceAll('20s', '1h'));
      world.start('web', 'web.service', 1);
      const hands = new (class extends SlowHands {
        override async take(order: Order, watch?: TurnWatch): Promise<never> {
          await watch?.sleep(5000, watch.signal);
          return super.take(order, watch);
        }
      })(turnsAtOnce);
      const reload = (session: Session) => {
        world.configure(TWO);
        session.reload();
      };
      await world.run(60_000, { 2000: reload }, { hands });
      const { length } = world.turnsOf('rest');
      assert.ok(length >= 3, `${length} turns in 60 s, one every 20 s from 5 s on`);
    }
  });

  const turnsOfRest = async (turnsAtOnce: number) => {
    const world = new AgentWorld(TWO.replaceAll('20s', '5s'));
    world.start('redis-server', 'redis.service', 1);
    world.start('web', 'web.service', 1);
    const hands = new SlowHands(turnsAtOnce);
    await world.run(60_000, {}, { hands });
    assert.equal(hands.going, 0);
    assert.equal(world.turnsOf('redis').length, 1, 'a target has one turn at a time');
    return { rest: world.turnsOf('rest').length, most: hands.most };
  };

  test('keeps no other target waiting where hands take several at once', async () => {
    const { rest, most } = await turnsOfRest(2);
    assert.ok(rest >= 10, `${rest} turns in 60 s, one every 5 s`);
    assert.equal(most, 2);
  });

  test('keeps others waiting where hands take one', async () => {
    assert.deepEqual(await turnsOfRest(1), { rest: 0, most: 1 });
  });

  test('ends the agent by its bug, also beside another turn', async () => {
    const world = new AgentWorld(TWO);
    world.start('redis-server', 'redis.service', 1);
    world.start('web', 'web.service', 1);
    const hands = new (class extends SlowHands {
      override async take(order: Order, watch?: TurnWatch): Promise<never> {
        if (order.target === 'rest') throw new TypeError('bug');
        return super.take(order, watch);
      }
    })(2);
    await assert.rejects(world.run(5000, {}, { hands }), /bug/);
    assert.equal(hands.closed, 1);
  });
});

describe('the life of an agent', () => {
  test('is alone on its host, and says who is there', () => {
    const world = new AgentWorld(TWO);
    world.session();
    assert.throws(
      () => world.session(),
      (problem: OctavoError) =>
        problem.code === 'AGENT_RUNNING' &&
        problem.message.includes(`process ${world.host.identity.pid} holds /run/octavo/agent/agent.lock`),
    );
  });

  test('is alone on its state directory as well, and leaves no lock behind when it cannot have both', () => {
    const world = new AgentWorld(TWO);
    world.session();
    world.configure(`runtime: /run/other\n${TWO}`);
    assert.throws(() => world.session(), /holds \/var\/lib\/octavo\/agent.lock/);
    assert.equal(world.host.files.readText('/run/other/agent.lock').ok, false);
  });

  test('tells its status, and that it has ended', async () => {
    const world = new AgentWorld(TWO);
    world.start('redis-server', 'redis.service', 2);
    let running = false;
    await world.run(12_000, {
      11000: () => {
        running = readStatus(world.host, '/run/octavo/agent').isRunning;
      },
    });
    const { status } = readStatus(world.host, '/run/octavo/agent');
    assert.ok(running);
    const [redis, rest] = status.targets;
    assert.deepEqual(
      [redis.name, redis.processes, redis.act, redis.standing, redis.untilMs],
      ['redis', 1, true, 'clear', null],
    );
    assert.deepEqual([redis.totals.met, redis.totals.turns, redis.last?.end], [2, 2, 'nothing-to-do']);
    assert.deepEqual([rest.processes, rest.last], [0, null]);
    assert.equal(status.configuration.file, FILE);
    assert.ok(status.watching.listed >= 2);
  });

  test('keeps budgets and back-offs over a restart', async () => {
    const world = new AgentWorld(TWO.replace('act: true', 'act: true, budgets: { blocksPerHour: 3 }'));
    world.start('redis-server', 'redis.service', 8);
    await world.run(5000);
    await world.run(15_000);
    const met = world.turnsOf('redis').map(({ taken }) => taken?.done?.verdicts.length ?? 0);
    assert.deepEqual(met, [3, 0, 0]);
  });

  test('goes on with the old configuration when the new one is wrong, and tells it', async () => {
    const world = new AgentWorld(TWO);
    world.start('redis-server', 'redis.service', 1);
    const session = await world.run(30_000, {
      5000: (one) => {
        world.configure('wacth: 1s\n');
        one.reload();
      },
      15000: () =>
        assert.match(readStatus(world.host, '/run/octavo/agent').status.configuration.problem, /wacth/),
      16000: (one) => {
        world.configure(`state: /elsewhere\n${TWO}`);
        one.reload();
      },
      18000: () =>
        assert.match(
          readStatus(world.host, '/run/octavo/agent').status.configuration.problem,
          /state cannot change/,
        ),
      20000: (one) => {
        world.configure(TWO.replace('name: redis', 'name: store'));
        one.reload();
      },
    });
    assert.deepEqual(
      session.agent.configuration.targets.map(({ name }) => name),
      ['store', 'rest'],
    );
    assert.equal(session.status().configuration.problem, '');
    assert.ok(world.turnsOf('store').length > 0);
    assert.equal(session.agent.processesOf('store'), 1);
  });

  test('goes on when its state and status cannot be written, and tells it until they can', async () => {
    const world = new AgentWorld(TWO);
    world.start('web', 'web.service', 1);
    const { files } = world.host;
    let full = false;
    const refusing = {
      ...world.host,
      files: new Proxy(files, {
        get: (target, name) =>
          name === 'writeFile' && full
            ? (path: string) => ({ ok: false, error: { errno: 'ENOSPC', call: `write ${path}` } })
            : Reflect.get(target, name).bind(target),
      }),
    };
    let troubles: readonly string[] = [];
    const session = await world.run(
      60_000,
      {
        5000: () => {
          full = true;
        },
        35000: (one) => {
          troubles = one.agent.troubles;
          full = false;
        },
      },
      { host: refusing },
    );
    assert.deepEqual(troubles.map((text) => /(\S+) cannot be written \(ENOSPC\)/.exec(text)?.[1]).sort(), [
      '/run/octavo/agent/status.json',
      '/var/lib/octavo/agent.json',
    ]);
    assert.deepEqual(session.agent.troubles, []);
    assert.ok(world.turnsOf('rest').length >= 3);
  });
});
