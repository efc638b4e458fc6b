/** Sends hostile requests to a dashboard: node scripts/fuzz/dashboard.mjs [--requests N] [--seed N]. Half of
 * them go to one that may ask an agent for acts. No crash, no leak, no file. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { dashboard, descriptors, residentBytes, someHeat } from '../support/serving-dashboard.js';
import { attack, HostileRequests } from './hostile-requests.js';

const { values } = parseArgs({ options: { requests: { type: 'string' }, seed: { type: 'string' } } });
const [requests, seed] = [Number(values.requests ?? 100_000), Number(values.seed ?? 1)];
const CLIENTS = 32;
/** Pages that a busy collector of garbage has not given back. */
const MAY_GROW = 64 * 2 ** 20;

const directory = mkdtempSync(join(tmpdir(), 'octavo-fuzz-dashboard-'));
const SECRET = 'this-was-read-from-a-file';
try {
  writeFileSync(join(directory, 'secret'), SECRET);
  await someHeat(join(directory, 'heat.parquet'));
  const own = ['--state', join(directory, 'state'), '--runtime', join(directory, 'run')];
  const strange = [
    ...(await attacked(requests / 2, join(directory, 'heat.parquet'))),
    ...(await attacked(requests / 2, '--allow-actions', ...own)),
  ];
  for (const one of new Set(strange)) console.error(`strange: ${one}`);
  process.exitCode = strange.length > 0 ? 1 : 0;
} finally {
  rmSync(directory, { recursive: true });
}

/** What was strange about a dashboard of these words under so many requests. */
async function attacked(most: number, ...words: string[]): Promise<readonly string[]> {
  const served = await dashboard(...words);
  const sizes: number[] = [];
  const statuses = new Map<number, number>();
  const strange: string[] = [];
  const before = descriptors(served.child);
  for (const count of [Math.min(5000, most / 10), most]) {
    const each = Array.from({ length: CLIENTS }, (_, client) =>
      attack(
        served.open,
        new HostileRequests(seed + client + 100 * sizes.length, served.token),
        Math.ceil(count / CLIENTS),
        [SECRET, 'root:x:0:'],
      ),
    );
    for (const told of await Promise.all(each)) {
      strange.push(...told.strange);
      for (const [code, times] of told.statuses) statuses.set(code, (statuses.get(code) ?? 0) + times);
    }
    sizes.push(residentBytes(served.child));
  }
  const alive = await served.get('/api/overview');
  await new Promise((resolve) => setTimeout(resolve, 6000));
  const left = descriptors(served.child) - before;
  const code = await served.stop();
  const told = [...statuses].sort(([a], [b]) => a - b).map(([status, times]) => `${status}: ${times}`);
  console.log(`${most} requests, seed ${seed}: ${told.join(', ')}`);
  console.log(
    `memory ${sizes.map((bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`).join(' → ')}, ${left} descriptors left, ends with ${code}`,
  );
  if (alive.status !== 200) strange.push(`afterwards it answers ${alive.status}`);
  if (sizes[1] - sizes[0] > MAY_GROW) strange.push('memory grew');
  if (left > 4) strange.push(`${left} descriptors are left open`);
  if (code !== 130) strange.push(`it ended with ${code}`);
  return strange;
}
