import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { linuxHost } from '../host/linux/linux-host.js';
import { OctavoError } from '../vocabulary/errors.js';
import { SAMPLE_KIND } from '../vocabulary/sample.js';
import { PAGE_FAULTS, PerfLiveSource } from './perf-live.js';

/** Waits for a line, touches 4096 pages of a fresh buffer, waits for another. */
const TOUCHER = `
  process.stdin.once('data', () => {
    const memory = new Uint8Array(16 << 20);
    for (let at = 0; at < memory.length; at += 4096) memory[at] = 1;
    console.log(memory.length);
  });
  console.log('ready');
`;

test('page faults of a child arrive from its rings as they happen', async (context) => {
  const host = linuxHost();
  const child = spawn(process.execPath, ['-e', TOUCHER], { stdio: ['pipe', 'pipe', 'inherit'] });
  context.after(() => child.kill('SIGKILL'));
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const pid = child.pid as number;
  const source = new PerfLiveSource({
    event: PAGE_FAULTS,
    pids: [pid],
    durationMs: 1500,
    geometry: host.identity.geometry,
  });
  const stop = new AbortController();
  const pages = new Set<number>();
  child.stdout.once('data', () => setTimeout(() => stop.abort(), 100));
  setTimeout(() => child.stdin.write('go\n'), 100);
  try {
    for await (const batch of source.batches({ host, progress: () => {}, signal: stop.signal })) {
      for (let row = 0; row < batch.count; row++) {
        assert.equal(batch.pid[row], pid);
        assert.equal(batch.kind[row], SAMPLE_KIND.fault);
        pages.add(batch.virtualPage[row]);
      }
    }
  } catch (problem) {
    if (!(problem instanceof OctavoError)) throw problem;
    context.skip(`perf events cannot be opened here: ${problem.message}`);
    return;
  }
  const { losses } = source.account();
  // With huge pages on, one fault may bring 512 pages: 16 MiB are then 8 faults at least.
  assert.ok(pages.size >= 8, `${pages.size} pages, losses ${JSON.stringify(losses)}`);
  assert.equal(losses['damaged bytes'], undefined);
});
