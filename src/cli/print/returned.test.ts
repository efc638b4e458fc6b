import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Regret } from '../../planning/regret.js';
import { emptyBlock } from '../../verification/block-rows.js';
import type { SystemMemory, Verdict } from '../../vocabulary/plan.js';
import { MIB } from '../../vocabulary/units.js';
import { cameBackNotes, returnedBytes, showReturned, showSystemMemory } from './returned.js';

function verdict(bytes: number | null | undefined): Verdict {
  return {
    step: 0,
    outcome: 'met',
    cause: 'none',
    why: '',
    before: emptyBlock(1),
    after: emptyBlock(1),
    residentDelta: 0,
    ...(bytes === undefined ? {} : { returnedBytes: bytes }),
  };
}

function memory(fell: number, freed?: number): SystemMemory {
  return {
    cgroups: [{ path: '/db', beforeBytes: 1000 * MIB, afterBytes: (1000 - fell) * MIB }],
    free: freed === undefined ? null : { beforeBytes: 0, afterBytes: freed * MIB },
  };
}

test('what nobody knows is unknown, what is known is summed', () => {
  assert.equal(returnedBytes([]), undefined);
  assert.equal(returnedBytes([verdict(null), verdict(undefined)]), undefined);
  assert.equal(returnedBytes([verdict(null), verdict(5), verdict(-2)]), 3);
  assert.equal(returnedBytes([verdict(0)]), 0);
});

test('returned, taken, nothing and unknown are told apart', () => {
  assert.equal(showReturned([verdict(3 * MIB)]), 'returned to the system 3 MiB');
  assert.equal(showReturned([verdict(-3 * MIB)]), 'taken from the system 3 MiB');
  assert.equal(showReturned([verdict(0)]), 'returned to the system 0 B');
  assert.equal(showReturned([verdict(null)]), 'returned to the system: unknown');
});

test('the system’s own numbers stand beside it, as far as there are any', () => {
  assert.equal(
    showSystemMemory(memory(500, 480), 500 * MIB),
    'The system says: charge of cgroup /db −500 MiB, free memory of the host +480 MiB',
  );
  assert.equal(showSystemMemory(memory(500), 500 * MIB), 'The system says: charge of cgroup /db −500 MiB');
  const { free } = memory(0, 7);
  assert.equal(
    showSystemMemory({ cgroups: [], free }, 9 * MIB),
    'The system says: free memory of the host +7 MiB',
  );
  assert.equal(showSystemMemory({ cgroups: [], free: null }, 9 * MIB), '');
});

test('a charge that fell by less is explained beyond 2 % and 4 MiB, and only for memory that was returned', () => {
  const missing = (fell: number, returned: number | undefined) =>
    /; (.*) were taken again/.exec(
      showSystemMemory(memory(fell), returned === undefined ? undefined : returned * MIB),
    )?.[1];
  assert.equal(missing(300, 500), '200 MiB');
  assert.equal(missing(490, 500), undefined);
  assert.equal(missing(489, 500), '11 MiB');
  assert.equal(missing(6, 10), undefined);
  assert.equal(missing(5, 10), '5 MiB');
  assert.equal(missing(0, 0), undefined);
  assert.equal(missing(-50, -10), undefined);
  assert.equal(missing(0, undefined), undefined);
});

test('what came back is a note, with what follows from it', () => {
  const regret: Regret = {
    pid: 7,
    startTicks: 1,
    returnedBytes: 100 * MIB,
    cameBackBytes: 93 * MIB,
    run: 'a',
    afterMs: 30_400,
    times: 1,
    until: 5,
  };
  assert.deepEqual(cameBackNotes([regret]), [
    '93 MiB of 100 MiB (93 %) that earlier splits returned are in use again by process 7, 30 s after the last run; its zero-filled blocks are left alone for a while',
  ]);
  const [bearable] = cameBackNotes([{ ...regret, cameBackBytes: 10 * MIB, times: 0 }]);
  assert.match(bearable, /^10 MiB of 100 MiB \(10 %\) .* after the last run$/);
  assert.deepEqual(cameBackNotes([{ ...regret, cameBackBytes: 0 }]), []);
});
