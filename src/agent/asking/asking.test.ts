/** What people may ask of an agent, on a model: pauses, plans, and everything that is refused. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AgentWorld } from '../../../test/support/agent-world.js';
import type { Plan } from '../../vocabulary/plan.js';
import { readStatus, runtimeDirectory } from '../life/status.js';
import type { Session } from '../loop/session.js';
import { FRESH_MS, Inbox, type Letter, letterId, MOST_LETTER_BYTES, writeLetter } from './letter.js';

const TWO = `targets:
  - { name: redis, match: { unit: redis.service }, policy: return-empty, every: 10s, act: true }
  - { name: rest, match: { command: '*' }, every: 20s, policy: return-empty }
`;

function ask(world: AgentWorld, wish: Letter['ask'], change: Partial<Letter> = {}): string {
  const { host } = world;
  const id = letterId(host);
  const letter: Letter = { octavo: 'agent-request', version: 1, id, atMs: host.clock.wallMs(), ask: wish };
  assert.ok(writeLetter(host, runtimeDirectory(host), { ...letter, ...change }).ok);
  return change.id ?? id;
}

const stateOf = (session: Session, id: string) => {
  const row = session.agent.asked.rows.find((one) => one.id === id);
  return row && `${row.state}: ${row.words}`;
};

describe('a pause', () => {
  test('holds a target from its next turn on, over a restart and a reload, until it is resumed', async () => {
    const world = new AgentWorld(TWO);
    world.start('redis-server', 'redis.service', 2);
    let paused = '';
    await world.run(18_000, {
      3000: () => {
        paused = ask(world, { kind: 'pause', target: 'redis' });
        world.start('redis-server', 'redis.service', 3);
      },
      15000: (session) => {
        assert.equal(stateOf(session, paused), 'done: paused: it is observed only');
        session.reload();
      },
    });
    const ends = () => world.turnsOf('redis').map(({ end, why }) => `${end} ${why}`.trim());
    const held = 'held paused by somebody, until it is resumed';
    assert.deepEqual([ends()[0], ends().at(-1)], ['acted', held]);
    const { status } = readStatus(world.host, runtimeDirectory(world.host));
    assert.ok(status.targets[0].pausedSinceMs);
    assert.equal(status.asked?.at(-1)?.id, paused);
    const before = ends().length;
    const session = await world.run(25_000, {
      12000: () => void ask(world, { kind: 'resume', target: 'redis' }),
    });
    assert.deepEqual(ends().slice(before, before + 3), [held, held, 'acted']);
    assert.equal(session.status().targets[0].pausedSinceMs, null);
    assert.ok(world.texts().includes('redis: somebody asked to pause it: paused: it is observed only'));
  });

  test('of what is so already says so; of a target that is not there it is refused', async () => {
    const world = new AgentWorld(TWO);
    const ids: string[] = [];
    const session = await world.run(5000, {
      100: () => ids.push(ask(world, { kind: 'resume', target: 'redis' })),
      200: () => ids.push(ask(world, { kind: 'pause', target: 'nobody' })),
    });
    assert.equal(stateOf(session, ids[0]), 'done: was so already; resumed: it may be acted on as configured');
    assert.equal(stateOf(session, ids[1]), 'refused: there is no target nobody');
  });
});

test('what several people ask is done in the order in which they asked', async () => {
  const world = new AgentWorld(TWO);
  const session = await world.run(3000, {
    100: ({ agent }) => {
      const atMs = agent.host.clock.wallMs();
      // Neither the names nor the order in which a directory got them are the order of times.
      const kinds = ['pause', 'resume', 'pause', 'resume'] as const;
      for (const [at, kind] of kinds.entries())
        ask(world, { kind, target: 'redis' }, { id: `${at}`.repeat(16), atMs: atMs - at });
    },
  });
  assert.deepEqual(
    session.agent.asked.rows.map(({ kind }) => kind),
    ['resume', 'pause', 'resume', 'pause'],
  );
  assert.ok(session.status().targets[0].pausedSinceMs);
});

describe('a plan that somebody asks for', () => {
  /** What the agent did, as a plan for the same blocks. */
  const planOf = (world: AgentWorld, target = 'redis'): Plan => {
    const plan = world.turnsOf(target).find(({ taken }) => (taken?.plan.steps.length ?? 0) > 0)?.taken?.plan;
    assert.ok(plan);
    return plan;
  };

  /** An agent that would split later, asked at once for the plan of a first one that only observed. */
  async function asked(
    configuration: string,
  ): Promise<{ readonly words: string | undefined; readonly session: Session }> {
    const world = new AgentWorld(TWO.replace('act: true', 'act: false'));
    world.start('redis-server', 'redis.service', 3);
    world.start('web', 'web.service', 1);
    // Paused, so that no turn of its own does it before.
    await world.run(2000, { 100: () => void ask(world, { kind: 'pause', target: 'redis' }) });
    const plan = planOf(world);
    world.turns.length = 0;
    world.configure(configuration);
    let id = '';
    const session = await world.run(9000, {
      10: () => {
        id = ask(world, { kind: 'apply', target: 'redis', plan });
      },
    });
    return { words: stateOf(session, id), session };
  }

  test('is carried out by the acting side, journaled, counted against budgets, and told with its run', async () => {
    const { session, words } = await asked(TWO);
    assert.equal(words, 'done: 3 of 3 steps met');
    const [{ run, kind }] = session.agent.asked.rows;
    assert.match(run, /^\d{8}T\d{9}Z-[0-9a-f]{4}$/);
    assert.equal(kind, 'apply');
    const life = session.agent.life('redis');
    assert.equal(life.totals.met >= 3, true);
    assert.equal(life.allowance.entries(session.agent.host.clock.monotonicNs() / 1e6)[0].bytes, 3 * 2 ** 21);
  });

  test('is refused where the target is only watched', async () => {
    const { words } = await asked(TWO.replace('act: true', 'act: false'));
    assert.equal(words, 'refused: redis is only watched (act: false in its configuration)');
  });

  test('is refused outside of its hours', async () => {
    const { words } = await asked(TWO.replace('act: true', "act: true, hours: ['Mon 1:00-1:00 UTC']"));
    assert.equal(words, 'refused: outside its hours');
  });

  test('gets what the budgets of a minute have left, and no more', async () => {
    const { words } = await asked(TWO.replace('act: true', 'act: true, budgets: { blocksPerMinute: 2 }'));
    assert.equal(words, 'done: 2 of 2 steps met; 1 did not fit into what its budgets have left');
  });

  test('is refused for processes that are of another target, whatever it says', async () => {
    const both = TWO.replace('match: { unit: redis.service }', 'match: { unit: other.service }').replace(
      'every: 20s',
      'every: 1h, act: true',
    );
    const { words, session } = await asked(both);
    assert.match(words ?? '', /^refused: process \d+ is not of target redis$/);
    assert.equal(session.agent.life('redis').totals.met, 0);
  });

  test('is refused when the acting side refuses its steps', async () => {
    const { words } = await asked(TWO.replace('act: true', 'act: true, actuators: [damos]'));
    assert.match(
      words ?? '',
      /^refused: step \d+ wants the actuator \w+, which target redis does not allow$/,
    );
  });
});

describe('a file that is no request', () => {
  const inbox = (world: AgentWorld) => runtimeDirectory(world.host);
  const put = (world: AgentWorld, id: string, text: string) => {
    world.host.files.makeDirectory(inbox(world));
    return world.host.files.writeFile(`${inbox(world)}/ask-${id}.json`, text);
  };
  const whys = (world: AgentWorld) => new Inbox(world.host, inbox(world)).take().unfit.map(({ why }) => why);

  test('is taken away, and told', async () => {
    const world = new AgentWorld(TWO);
    let [session, id] = [undefined as Session | undefined, 'f'.repeat(16)];
    session = await world.run(3000, { 100: () => void put(world, id, '{') });
    assert.equal(stateOf(session, id), 'refused: it cannot be read');
    assert.deepEqual(new Inbox(world.host, inbox(world)).take(), { letters: [], unfit: [] });
    id = 'e'.repeat(16);
    session = await world.run(3000, { 100: () => void put(world, id, '{"octavo":"agent-request"}') });
    assert.match(stateOf(session, id) ?? '', /^refused: version: /);
  });

  test('too old, ahead of time, under the name of another, too large, or with control characters', () => {
    const world = new AgentWorld(TWO);
    const { host } = world;
    host.files.makeDirectory(inbox(world));
    const wish = { kind: 'pause', target: 'redis' } as const;
    const now = host.clock.wallMs();
    ask(world, wish, { atMs: now - FRESH_MS - 1 });
    assert.deepEqual(whys(world), ['it was written too long ago']);
    ask(world, wish, { atMs: now + FRESH_MS + 1 });
    assert.deepEqual(whys(world), ['it was written too long ago']);
    ask(world, wish, { atMs: now - FRESH_MS });
    assert.deepEqual(whys(world), []);
    const letter = { octavo: 'agent-request', version: 1, id: 'a'.repeat(16), atMs: now, ask: wish };
    put(world, 'b'.repeat(16), JSON.stringify(letter));
    assert.deepEqual(whys(world), ['it has the name of another']);
    put(world, 'a'.repeat(16), `"${' '.repeat(MOST_LETTER_BYTES)}"`);
    assert.deepEqual(whys(world), [`it has ${MOST_LETTER_BYTES + 2} bytes`]);
    put(world, 'a'.repeat(16), JSON.stringify({ ...letter, ask: { ...wish, target: 'a\u001b' } }));
    assert.deepEqual(whys(world), ['a text with control characters']);
    host.files.writeFile(`${inbox(world)}/ask-none.json`, '{}');
    assert.deepEqual(new Inbox(host, inbox(world)).take(), { letters: [], unfit: [] });
  });

  test('that cannot be taken away is refused, once, and keeps no other waiting', () => {
    const world = new AgentWorld(TWO);
    const { host } = world;
    host.files.makeDirectory(inbox(world));
    const remove = host.files.remove.bind(host.files);
    host.files.remove = () => ({ ok: false, error: { errno: 'EROFS', call: 'unlink' } });
    for (let at = 0; at < 8; at++) ask(world, { kind: 'pause', target: 'redis' });
    const letters = new Inbox(host, inbox(world));
    const { letters: taken, unfit } = letters.take();
    assert.equal(taken.length, 0);
    assert.deepEqual(new Set(unfit.map(({ why }) => why)), new Set(['it cannot be taken away (EROFS)']));
    assert.equal(unfit.length, 8);
    assert.deepEqual(letters.take(), { letters: [], unfit: [] });
    host.files.remove = remove;
    const id = ask(world, { kind: 'resume', target: 'redis' });
    assert.deepEqual(
      letters.take().letters.map((letter) => letter.id),
      [id],
    );
  });

  test('eight are taken at a time, and the rest stays', () => {
    const world = new AgentWorld(TWO);
    world.host.files.makeDirectory(inbox(world));
    for (let at = 0; at < 10; at++) ask(world, { kind: 'pause', target: 'redis' });
    const letters = new Inbox(world.host, inbox(world));
    const counts = [0, 1, 2].map(() => letters.take().letters.length);
    assert.deepEqual(counts, [8, 2, 0]);
  });
});
