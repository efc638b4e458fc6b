/** What is remembered of targets that a reload took out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AgentWorld } from '../../../test/support/agent-world.js';
import { ScriptedHost } from '../../../test/support/scripted-host.js';
import { NO_STOPS, stopped } from '../../guards/back-off.js';
import { Lives, MOST_ABSENT } from './lives.js';
import { keepLives, readLives } from './state-file.js';
import { TargetLife } from './target-life.js';

const USED = { blocks: 1, bytes: 2, lockMs: 3 };

test('of targets that went, those that something binds are kept first, then those that went last', () => {
  const host = new ScriptedHost([]);
  const lives = new Lives(host, '/state');
  lives.of('there').add({ met: 1 });
  lives.of('paused').pausedSinceMs = 5;
  lives.of('stopped').backOff = stopped(NO_STOPS, 0, 'why');
  lives.of('used').allowance.note(host.clock.monotonicNs() / 1e6, USED);
  // One reload after another with a target of another name.
  for (let at = 0; at < 2 * MOST_ABSENT; at++) {
    const name = `t${at}`;
    lives.of(name).add({ met: at });
    lives.keepOnly([{ name: 'there' }, { name }]);
  }
  assert.equal(lives.size, MOST_ABSENT + 2);
  lives.changed();
  assert.equal(lives.keep(), undefined);
  const again = new Lives(host, '/state');
  assert.equal(again.size, MOST_ABSENT + 2);
  assert.equal(again.of('there').totals.met, 1);
  assert.equal(again.of('paused').pausedSinceMs, 5);
  assert.equal(again.of('stopped').backOff.stops.length, 1);
  assert.equal(again.of('used').allowance.entries(host.clock.monotonicNs() / 1e6).length, 1);
  const [last, oldest] = [2 * MOST_ABSENT - 1, MOST_ABSENT + 2];
  assert.deepEqual([again.of(`t${last}`).totals.met, again.of(`t${oldest}`).totals.met], [last, oldest]);
  assert.equal(again.of(`t${oldest - 1}`).totals.met, 0);
});

test('what is not new is not written', () => {
  const host = new ScriptedHost([]);
  const lives = new Lives(host, '/state');
  assert.equal(lives.keep(), undefined);
  assert.equal(host.texts.has('/state/agent.json'), false);
  host.full = true;
  lives.changed();
  assert.match(lives.keep() ?? '', /ENOSPC/);
  host.full = false;
  assert.equal(lives.keep(), undefined);
  assert.equal(host.texts.has('/state/agent.json'), true);
});

test('an agent forgets no pause of a target of its own for names that went', async () => {
  const world = new AgentWorld(
    `targets: [{ name: redis, match: { unit: redis.service }, every: 10s, act: true }]\n`,
  );
  world.start('redis-server', 'redis.service', 1);
  const directory = world.host.identity.stateDirectory;
  const life = (name: string) => new TargetLife(name);
  const redis = life('redis');
  redis.pausedSinceMs = 5;
  const others = Array.from({ length: MOST_ABSENT + 10 }, (_, at) => life(`t${at}`));
  assert.equal(keepLives(world.host, directory, [redis, ...others]), undefined);
  await world.run(12_000);
  const session = await world.run(3000);
  assert.equal(session.status().targets[0].pausedSinceMs, 5);
  assert.equal(readLives(world.host, directory).lives.size, MOST_ABSENT + 1);
});
