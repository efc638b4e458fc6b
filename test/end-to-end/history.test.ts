/** The history on a real disk: killed at random, and with no room left. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { TIERS, type Tier } from '../../src/history/health.js';
import { History } from '../../src/history/history.js';
import { readSpans } from '../../src/history/read-history.js';
import { linuxHost } from '../../src/host/linux/linux-host.js';
import { observed } from '../support/history-host.js';

const directory = mkdtempSync(join(tmpdir(), 'octavo-history-'));
after(() => rmSync(directory, { recursive: true, force: true }));

/** Sum of the splits of a tier, and the sequence numbers that it covers. */
function splitsOf(state: string, tier: Tier, damage: string[]): number {
  const query = {
    signal: new AbortController().signal,
    report: (sentence: string) => void damage.push(sentence),
  };
  let sum = 0;
  for (const { targets } of readSpans({ host: linuxHost(), directory: state }, tier, query))
    for (const { values } of targets) sum += values.splits?.sum ?? 0;
  return sum;
}

/** Appends without end and says after each turn how many are kept. */
const WRITER = `
  const [state, history, linux, host] = process.argv.slice(1);
  const { History } = await import(history);
  const { linuxHost } = await import(linux);
  const { observed } = await import(host);
  const writer = History.open({ host: linuxHost(), directory: state });
  for (let kept = 1; ; kept++) {
    writer.append([observed('db', { splits: 1 }), observed('web', { hugeBytes: kept })]);
    if (writer.health.problem) throw new Error(writer.health.problem);
    process.stdout.write(kept + '\\n');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
`;
const MODULES = [
  '../../src/history/history.js',
  '../../src/host/linux/linux-host.js',
  '../support/history-host.js',
];

async function killedWriter(state: string, afterMs: number): Promise<number> {
  const modules = MODULES.map((path) => new URL(path, import.meta.url).href);
  const writer = spawn(process.execPath, ['--input-type=module', '-e', WRITER, state, ...modules], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  writer.stdout.on('data', (bytes) => {
    said += bytes;
  });
  while (!said.includes('\n')) await sleep(2);
  await sleep(afterMs);
  writer.kill('SIGKILL');
  await new Promise((resolve) => writer.once('close', resolve));
  return Number(said.slice(0, said.lastIndexOf('\n')).split('\n').at(-1));
}

test('killed with SIGKILL again and again, every turn that was kept is there, once, in every tier', async () => {
  const state = join(directory, 'killed');
  let promised = 0;
  for (let kill = 0; kill < 12; kill++) {
    promised += await killedWriter(state, (kill * 37) % 90);
    const damage: string[] = [];
    const [raw, minutes, hours] = TIERS.map((tier) => splitsOf(state, tier, damage));
    // What was written when the signal came may be there without having been promised.
    assert.ok(raw >= promised && raw <= promised + 1, `${raw} of ${promised}`);
    assert.deepEqual([minutes, hours], [raw, raw]);
    assert.deepEqual(damage, []);
    promised = raw;
  }
});

/** Writes until there is no room. */
function fill(path: string): void {
  assert.throws(() => writeFileSync(path, Buffer.alloc(1 << 20)), { code: 'ENOSPC' });
}

test('a disk without room costs the turns that it does not take, and nothing that was kept', (context) => {
  const state = join(directory, 'full');
  spawnSync('mkdir', [state]);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'octavo-test', state]);
  if (mounted.status !== 0) return context.skip('no file system can be mounted here');
  try {
    const history = History.open({ host: linuxHost(), directory: state });
    const keep = (count: number) => {
      for (let turn = 0; turn < count; turn++)
        history.append([observed('db', { splits: 1, hugeBytes: turn })]);
    };
    keep(20);
    assert.equal(history.health.problem, undefined);
    fill(join(state, 'filler'));
    keep(40);
    assert.match(history.health.problem ?? '', /cannot be written \(ENOSPC\)/);
    assert.ok(history.health.dropped > 0);
    const kept = 60 - history.health.dropped;
    rmSync(join(state, 'filler'));
    keep(1);
    assert.equal(history.health.problem, undefined);
    const damage: string[] = [];
    for (const tier of TIERS) assert.equal(splitsOf(state, tier, damage), kept + 1, tier);
    assert.deepEqual(damage, []);
    const files = readdirSync(join(state, 'history'));
    assert.ok(files.every((name) => statSync(join(state, 'history', name)).size > 0));
    history.close();
  } finally {
    spawnSync('umount', ['-l', state]);
  }
  return undefined;
});
