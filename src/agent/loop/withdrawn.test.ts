/** A turn that goes on while its permission ends: by a configuration that is read again, by hours, or by a guard. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AgentWorld } from '../../../test/support/agent-world.js';
import { readSpans } from '../../history/read-history.js';
import type { TurnRecord } from '../turn/turn-record.js';
import type { Session } from './session.js';

const BLOCKS = 48;
/** A share of locks so small that a run of all blocks takes minutes. */
const budgets = (more = '') => `budgets: { lockShare: 0.1%${more} }`;
const target = (rest: string) => `targets:
  - { name: redis, match: { unit: redis.service }, policy: return-empty, every: 10m, ${rest} }
`;
const FIRST = target(`act: true, ${budgets()}`);

interface Seen {
  readonly world: AgentWorld;
  readonly first: TurnRecord;
  readonly session: Session;
}

/** A run that is under way when `then` is called. */
async function runWith(then: (session: Session, world: AgentWorld) => void, text = FIRST): Promise<Seen> {
  const world = new AgentWorld(text);
  world.start('redis-server', 'redis.service', BLOCKS);
  const session = await world.run(60_000, { 3000: (one) => then(one, world) });
  const [first] = world.turns.filter((turn) => turn.taken?.done !== undefined);
  assert.ok(
    first,
    `${JSON.stringify(world.turns.map(({ end, why }) => [end, why]))}\n${world.texts().join('\n')}`,
  );
  return { world, first, session };
}

const reload = (text: string) => (session: Session, world: AgentWorld) => {
  world.configure(text);
  session.reload();
};

describe('a run that is under way stops at the next boundary between steps', () => {
  const rows: readonly (readonly [string, string, RegExp])[] = [
    ['when its target is not to be acted on any more', target(`act: false, ${budgets()}`), /act: false/],
    [
      'when its target is taken out',
      "targets: [{ name: web, match: { unit: 'web*' } }]\n",
      /no target any more/,
    ],
    ['when its unit is denied', `deny: [{ unit: redis.service }]\n${FIRST}`, /denied/],
    ['when its hours are others', target(`act: true, hours: ['Mon 1:00-1:01 UTC'], ${budgets()}`), /hour/],
    [
      'when it may change fewer blocks in an hour',
      target(`act: true, ${budgets(', blocksPerHour: 2')}`),
      /budgets were lowered/,
    ],
    [
      'when a run may have fewer blocks',
      target(`act: true, ${budgets(', maxBlocks: 1')}`),
      /a run may have no more/,
    ],
  ];
  for (const [when, text, why] of rows)
    test(when, async () => {
      const { world, first } = await runWith(reload(text));
      const verdicts = first.taken?.done?.verdicts.length ?? 0;
      assert.ok(verdicts > 0 && verdicts < BLOCKS / 2, `${verdicts} blocks: ${first.why}`);
      assert.equal(first.end, 'held');
      assert.match(first.why, why);
      assert.ok(
        world.texts().some((line) => /^redis: stopped after \d+ of 48 steps, \d+ met: /.test(line)),
        world.texts().join('\n'),
      );
    });

  test('and history has what it did until then, also of a target that is taken out', async () => {
    const { world, first } = await runWith(reload("targets: [{ name: web, match: { unit: 'web*' } }]\n"));
    const place = { host: world.host, directory: world.host.identity.stateDirectory };
    const query = { signal: new AbortController().signal, report: () => undefined };
    const spans = [...readSpans(place, 'raw', query)];
    const notes = JSON.stringify(spans);
    assert.ok(notes.includes(first.why), notes);
  });

  test('and the next turn goes by the new configuration at once', async () => {
    const { world } = await runWith(reload(target(`act: false, ${budgets()}`)));
    assert.deepEqual(
      world.turnsOf('redis').map(({ end }) => end),
      ['held', 'observed'],
    );
  });

  test('and what is left is done by the next turn where it only has less', async () => {
    const { world } = await runWith(reload(target(`act: true, ${budgets(', maxBlocks: 1')}`)));
    const [, next] = world.turnsOf('redis');
    assert.equal(next.taken?.done?.verdicts.length, 1);
  });
});

test('a run goes on when a configuration is read again that allows it as before', async () => {
  const { first } = await runWith(reload(FIRST.replace('10m', '9m')));
  assert.equal(first.end, 'acted', first.why);
  assert.deepEqual([first.taken?.done?.how, first.taken?.done?.verdicts.length], ['complete', BLOCKS]);
});

test('a run stops when a guard says so while it goes on', async () => {
  const guarded = target(`act: true, ${budgets()}, guards: { memoryPressure: 10 }`);
  const { world, first } = await runWith((_, { host }) => {
    const { readText } = host.files;
    host.files.readText = (path) => {
      const text = readText.call(host.files, path);
      if (path !== '/proc/pressure/memory' || !text.ok) return text;
      return { ok: true, value: text.value.replace(/avg10=[\d.]+/g, 'avg10=50.00') };
    };
  }, guarded);
  const verdicts = first.taken?.done?.verdicts.length ?? 0;
  assert.ok(verdicts > 0 && verdicts < BLOCKS / 2, `${verdicts} blocks: ${world.texts().join('\n')}`);
  assert.equal(first.end, 'held');
  assert.match(first.why, /memory/);
});

test('a run stops when somebody pauses its target while it goes on', async () => {
  const { world, first } = await runWith((session) =>
    session.agent.asked.take({
      ...{ octavo: 'agent-request', version: 1, id: 'p1', atMs: 0 },
      ask: { kind: 'pause', target: 'redis' },
    }),
  );
  const verdicts = first.taken?.done?.verdicts.length ?? 0;
  assert.ok(verdicts > 0 && verdicts < BLOCKS / 2, `${verdicts} blocks: ${world.texts().join('\n')}`);
  assert.deepEqual([first.end, first.why], ['held', 'paused by somebody, until it is resumed']);
});
