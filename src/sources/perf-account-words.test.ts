/** What a reader of perf.data says of what it could not use: each loss by its own words. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PerfSession } from '../formats/perf-data/session.js';
import { damagedBytes, lossesOf, lostOf, notesOf, unseenShareOf } from './perf-account.js';

/** A session in which every loss has a number of its own, 0 unless given. */
function session(
  given: Readonly<Record<string, number>> = {},
  more: { readFormat?: number; idle?: number } = {},
) {
  const of = (...names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, given[name] ?? 0]));
  const { readFormat = 0, idle = 0 } = more;
  const bytes = given.damage ?? 0;
  const told = {
    state: {
      losses: of('records', 'samples', 'auxTruncated', 'auxPartial', 'auxCollisions', 'throttled'),
      mappings: { ignored: given.mappings ?? 0 },
      auxBuffers: given.auxBuffers ?? 0,
      running: {
        idleShare: (first: number, last: number, counts: (event: number) => boolean) =>
          first === 3 && last === 9 && counts(0) && counts(7) && !counts(1) ? idle : 1,
      },
    },
    samples: {
      seen: given.seen ?? 0,
      losses: of(
        'unknownId',
        'damaged',
        'damagedBytes',
        'otherProcess',
        'otherPlace',
        'otherPlaceBytes',
        'regions',
        'doubtfulPhysical',
      ),
    },
    trace: {
      ...of('unknownThreads', 'unconvertedTimes', 'ignoredBytes', 'guessedThreads'),
      records: {
        counts: {
          records: given.speRecords ?? 0,
          damaged: given.speDamaged ?? 0,
          reservedAddresses: given.reserved ?? 0,
          damagedBytes: given.speBytes ?? 0,
        },
      },
    },
    events: {
      ignored: given.events ?? 0,
      events: [
        { attr: { readFormat }, nature: { nature: 'loads' } },
        { attr: { readFormat: 0 }, nature: { nature: 'nothing' } },
      ],
    },
    foreignAuxBytes: given.foreign ?? 0,
    damage: { bytes, places: bytes === 0 ? [] : [{ offset: 99, bytes, reason: 'torn' }] },
  };
  return told as unknown as PerfSession;
}

const WORDS: Readonly<Record<string, string>> = {
  records: 'records lost by the kernel',
  samples: 'samples lost by the kernel',
  auxTruncated: 'AUX buffers truncated',
  auxPartial: 'AUX buffers with a gap',
  auxCollisions: 'AUX buffers with collided samples',
  throttled: 'times throttled',
  unknownId: 'samples of an unknown event',
  damaged: 'damaged samples',
  otherProcess: 'samples of processes not asked for',
  otherPlace: 'samples of CPUs or cgroups not asked for',
  otherPlaceBytes: 'bytes of AUX data of CPUs or cgroups not asked for',
  regions: 'DAMON regions too many to keep',
  doubtfulPhysical: 'physical addresses without a valid linear one',
  speDamaged: 'damaged SPE records',
  unknownThreads: 'SPE records of a thread not known',
  unconvertedTimes: 'SPE times without a conversion',
  reserved: 'SPE address packets of reserved index',
  foreign: 'bytes of AUX data of another kind',
  ignoredBytes: 'bytes of AUX data in too many queues',
  mappings: 'mappings too many to keep',
  events: 'events or ids too many to keep',
  damage: 'damaged bytes',
};

for (const [loss, words] of Object.entries(WORDS))
  test(`${words}: counted from 1 on, and alone`, () => {
    assert.deepEqual(lossesOf(session({ [loss]: 1 })), { [words]: 1 });
  });

test('nothing lost is an empty account without notes', () => {
  assert.deepEqual([lossesOf(session()), notesOf(session())], [{}, []]);
});

test('damaged bytes are those of the container, of samples and of AUX data', () => {
  assert.equal(damagedBytes(session({ damage: 1, damagedBytes: 20, speBytes: 300 })), 321);
});

test('each loss that biases has its sentence', () => {
  const cases: readonly (readonly [Record<string, number>, RegExp])[] = [
    [{ damage: 7 }, /^7 bytes are damaged, from byte 99 on: torn\.$/],
    [{ records: 1 }, /^The kernel lost samples/],
    [{ samples: 1 }, /^The kernel lost samples/],
    [{ auxTruncated: 1 }, /^AUX buffers were truncated/],
    [{ auxCollisions: 1 }, /^SPE samples collided/],
    [{ guessedThreads: 1 }, /^SPE records carry no context packets/],
  ];
  for (const [given, words] of cases) {
    const notes = notesOf(session(given));
    assert.equal(notes.length, 1);
    assert.match(notes[0], words);
  }
  assert.deepEqual(notesOf(session({ auxPartial: 3, throttled: 2 })), []);
});

test('counts that perf adds up at the end are the larger of both, else both', () => {
  assert.deepEqual([lostOf(session({ records: 3, samples: 5 })), lostOf(session({ records: 3, samples: 5 }, { readFormat: 16 }))], [8, 5]); // biome-ignore format: one row
  assert.equal(lostOf(session({ records: 3, samples: 5 }, { readFormat: 15 })), 8);
});

const unseen = (given: Record<string, number>, idle = 0) =>
  Math.round(1e6 * unseenShareOf(session(given, { idle }), { first: 3, last: 9 })) / 1e6;

test('the unseen share is what was lost of all, what was cut of the buffers, and the idle time, as independent shares', () => {
  assert.equal(unseen({}), 0);
  assert.equal(unseen({ seen: 3, records: 1 }), 0.25);
  assert.equal(unseen({ speRecords: 3, records: 1 }), 0.25);
  assert.equal(unseen({ records: 1 }), 1);
  assert.equal(unseen({ auxBuffers: 4, auxTruncated: 1 }), 0.2);
  assert.equal(
    unseen({ auxBuffers: 4, auxPartial: 3, auxTruncated: 3 }),
    0.5,
    'no more buffers are cut than there are',
  );
  assert.equal(unseen({}, 0.3), 0.3);
  assert.equal(unseen({ seen: 1, records: 1, auxBuffers: 1, auxTruncated: 1 }, 0.5), 0.875);
});
