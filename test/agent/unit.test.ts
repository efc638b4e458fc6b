/** The unit of the agent against systemd's own checks. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { CAPABILITIES, unitText } from '../../src/agent/configuration/unit.js';
import { ACTING_CAPABILITIES } from '../../src/agent/live/two-sides.js';

const folder = mkdtempSync(join(tmpdir(), 'octavo-unit-'));
const path = join(folder, 'octavo.service');
writeFileSync(path, unitText({ program: process.execPath, configuration: '/etc/octavo/agent.yaml' }));
after(() => rmSync(folder, { recursive: true, force: true }));

/** `--offline` came with systemd 250. */
const version = Number(
  /^systemd (\d+)/.exec(
    spawnSync('systemd-analyze', ['--version'], { encoding: 'utf8' }).stdout ?? '',
  )?.[1] ?? 0,
);
const skip = version >= 250 ? false : 'no systemd-analyze of 250 or later';

test('systemd finds nothing wrong with it', { skip }, () => {
  const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', path], { encoding: 'utf8' });
  assert.equal(status, 0, stdout + stderr);
  assert.equal(
    stderr
      .split('\n')
      .filter((line) => line.includes('octavo.service'))
      .join('\n'),
    '',
  );
});

test('its exposure is at most 3.0', { skip }, () => {
  const { stdout } = spawnSync('systemd-analyze', ['security', '--offline=true', path], { encoding: 'utf8' });
  const level = Number(/exposure level for octavo\.service: ([\d.]+)/.exec(stdout)?.[1]);
  assert.ok(level <= 3, stdout);
});

test('it has the capabilities that the acting side keeps, and those that the start needs', () => {
  const start = ['CAP_CHOWN', 'CAP_FOWNER', 'CAP_SETUID', 'CAP_SETGID', 'CAP_SETPCAP'];
  assert.deepEqual([...CAPABILITIES].sort(), [...ACTING_CAPABILITIES, ...start].sort());
});
