import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../test/support/properties.js';
import type { AggregatedRegion } from '../formats/damon-trace.js';
import { overlaid } from './listen.js';

/** `0-4:7 4-8:0`: regions with their counts. */
function snapshot(drawn: string): AggregatedRegion[] {
  return drawn.split(' ').map((word) => {
    const [, start, end, accesses] = /(\d+)-(\d+):(\d+)/.exec(word) as RegExpExecArray;
    const plain = { kdamondPid: 1, seconds: 1, target: 0, regions: 1, age: 0 };
    return { ...plain, start: BigInt(start), end: BigInt(end), accesses: Number(accesses) };
  });
}

const shown = (pieces: ReturnType<typeof overlaid>) =>
  pieces.map(({ start, end, accesses }) => `${start}-${end}:${accesses}`).join(' ');

test('snapshots that cut memory in other places add up piece by piece, and holes stay holes', () => {
  assert.equal(shown(overlaid([snapshot('0-4:7 4-8:0')])), '0-4:7 4-8:0');
  assert.equal(shown(overlaid([snapshot('0-4:7 4-8:1'), snapshot('0-6:2 6-8:9')])), '0-4:9 4-6:3 6-8:10');
  assert.equal(shown(overlaid([snapshot('0-4:1 6-8:1'), snapshot('0-4:1 6-8:2')])), '0-4:2 6-8:3');
});

test('at every address the piece has the sum over all snapshots', () => {
  const drawn = fc
    .array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 0, max: 20 })), {
      minLength: 1,
      maxLength: 8,
    })
    .map((parts) => {
      let at = 0;
      const words = parts.map(([size, count]) => {
        const start = at;
        at += size;
        return `${start}-${at}:${count}`;
      });
      return words.join(' ');
    });
  fc.assert(
    fc.property(fc.array(drawn, { minLength: 1, maxLength: 5 }), (all) => {
      const snapshots = all.map(snapshot);
      const pieces = overlaid(snapshots);
      for (let address = 0n; address < 45n; address++) {
        const holds = (region: { start: bigint; end: bigint }) =>
          region.start <= address && address < region.end;
        const sum = snapshots
          .flat()
          .filter(holds)
          .reduce((total, { accesses }) => total + accesses, 0);
        const found = pieces.filter(holds);
        assert.ok(found.length <= 1);
        assert.equal(found[0]?.accesses ?? 0, sum);
      }
    }),
  );
});
