import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { pageGeometry } from '../../vocabulary/units.js';
import { probeAdvice } from '../features/acting.js';
import { LinuxCalls } from './calls.js';
import { linuxHost } from './linux-host.js';

test('writing a file replaces it whole; a pipe is written into and stays a pipe', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'octavo-files-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const { files } = linuxHost();
  const file = join(folder, 'file');
  writeFileSync(file, 'what was there before, and longer');
  assert.deepEqual(files.writeFile(file, 'new'), { ok: true, value: undefined });
  assert.equal(readFileSync(file, 'utf8'), 'new');
  const pipe = join(folder, 'pipe');
  if (spawnSync('mkfifo', [pipe]).status !== 0) {
    context.skip('no mkfifo here');
    return;
  }
  const reader = promisify(execFile)('cat', [pipe]);
  assert.equal(files.writeFile(pipe, 'through').ok, true);
  assert.equal((await reader).stdout, 'through');
  assert.equal(statSync(pipe).isFIFO(), true);
});

test('without koffi every call says that no kernel was asked, and why', async () => {
  const reason = 'koffi cannot be loaded: wrong ELF class';
  const calls = new LinuxCalls(reason, pageGeometry(65536, 512 * 2 ** 20), process.pid);
  const answers = [
    calls.openProcess(1),
    calls.probeAdvice('MADV_COLD'),
    calls.scanPagemap(process.pid, {
      range: { start: 0, end: 1 },
      inverted: 0,
      mask: 0,
      anyOf: 0,
      report: 0,
    }),
  ];
  for (const answer of answers) assert.equal(!answer.ok && answer.error.unasked, reason);
  await calls.drainLru();
  for (const what of ['calls', 'files'] as const) (await calls.hurry(what))();
  const { fact, needs } = probeAdvice({ ...linuxHost(), calls }, 'MADV_COLD');
  assert.match(fact, /cannot be called: koffi cannot be loaded: wrong ELF class/);
  assert.match(needs, /^koffi/);
  assert.doesNotMatch(`${fact} ${needs}`, /ENOSYS|a kernel with/);
});
