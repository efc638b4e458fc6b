/** The same calls on this machine's own kernel and on the model of its release: every step must look the same. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { linuxHost } from '../../src/host/linux/linux-host.js';
import { skipUnlessLive } from '../live/abilities.js';
import { liveMachine } from './live-machine.js';
import { modelMachine } from './model-machine.js';
import { ROWS, type Row } from './rows.js';
import { perform, type Seen } from './steps.js';
import type { Backing } from './test-machine.js';
import { optionsOf, textOf } from './this-machine.js';

const THP = '/sys/kernel/mm/transparent_hugepage';
const host = linuxHost();

function skip(): false | string {
  const live = skipUnlessLive();
  if (live !== false) return live;
  const release = textOf(host, '/proc/sys/kernel/osrelease') ?? '';
  if (!release.startsWith('6.18.')) return `the rows are those of Linux 6.18, this is ${release}`;
  if (process.arch !== 'x64') return 'the rows are those of 4 KiB pages on x64';
  if (!textOf(host, `${THP}/enabled`)?.includes('[madvise]')) return `${THP}/enabled is not madvise`;
  if ((textOf(host, '/proc/swaps') ?? '').split('\n').length > 1) return 'there is swap here';
  return false;
}

async function onLive(row: Row): Promise<Seen[]> {
  const machine = await liveMachine(row.blocks, backingOf(row));
  try {
    return await perform(machine, row.steps);
  } finally {
    await machine.end();
  }
}

const backingOf = (row: Row): Backing => ({ kind: row.shared ? 'shared' : 'private', offset: 0 });

/** A real kernel has more actors than ours (its khugepaged, other CPUs): what they do once does not come twice. */
const ATTEMPTS = 3;

describe('the model does as this kernel does', { skip: skip() }, () => {
  const options = optionsOf(host);
  for (const row of ROWS) {
    it(row.name, async () => {
      const model = await perform(modelMachine(row.blocks, backingOf(row), options), row.steps);
      let found = differences(model, await onLive(row));
      for (let attempt = 1; attempt < ATTEMPTS && found !== ''; attempt++)
        found = differences(model, await onLive(row));
      assert.equal(found, '');
    });
  }
});

/** The first step after which they differ, with the lines that only one of them has; empty when there is none. */
function differences(model: readonly Seen[], live: readonly Seen[]): string {
  for (const [i, { step, answer, lines }] of model.entries()) {
    const real = live[i];
    const told = [
      ...(answer === real.answer ? [] : [`  model  answers ${answer}`, `  kernel answers ${real.answer}`]),
      ...lines.filter((line) => !real.lines.includes(line)).map((line) => `  model  ${line}`),
      ...real.lines.filter((line) => !lines.includes(line)).map((line) => `  kernel ${line}`),
    ];
    if (told.length > 0) return [`after step ${i + 1}, ${step}:`, ...told].join('\n');
    assert.deepEqual(lines, real.lines);
  }
  return '';
}
