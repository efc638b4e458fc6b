import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const DEMO = fileURLToPath(new URL('../../demo/demo.js', import.meta.url));
const RECORDING = fileURLToPath(new URL('../../../test/fixtures/demo', import.meta.url));

describe('the demonstration without rights', () => {
  it('says so plainly, works on the recording, and ends with the table', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [DEMO, RECORDING, '--recorded']);
    assert.match(stdout, /^Octavo cannot be shown on live memory here: asked for with --recorded\.$/m);
    assert.match(
      stdout,
      /^What follows works on a recording: Linux .*Nothing on this machine is looked at\.$/m,
    );
    // Commands that fail would show an error code; dry runs show the calls that were not made.
    assert.doesNotMatch(stdout, /octavo: [A-Z_]+:/);
    assert.match(stdout, /policy return-empty, 32 steps/);
    assert.match(stdout, /process_madvise\(pidfd of \d+, \[0x[0-9a-f]+, \+2097152\), MADV_COLD\)/);
    // On the model the main job is played to its end, with the same commands and the same table as on live memory.
    assert.match(stdout, /policy return-empty, 256 steps/);
    assert.match(stdout, /Verdicts by page sizes: 256 met; resident memory −460\.8 MiB/);
    assert.match(stdout, /AnonHugePages \(smaps\)\s+524288 kB\s+0 kB\s+524288 kB/);
    assert.match(stdout, /in folios of 2048 kB \(order 9\)\s+65536 kB\s+0 kB\s+65536 kB/);
    assert.match(stdout, /checksum of all pages\s+intact\s+intact\s+intact/);
  });
});
