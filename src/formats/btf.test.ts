import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../test/support/properties.js';
import { kernelNames, namesFile, withNames } from './btf.js';

const name = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,20}$/);

test('names are found whole, never as a part of another', () => {
  fc.assert(
    fc.property(fc.array(name, { maxLength: 30 }), name, (names, asked) => {
      const found = kernelNames(namesFile(names));
      assert.ok(found);
      assert.equal(found.has(asked), names.includes(asked));
      for (const known of names) assert.ok(found.has(known), known);
      const prefix = asked.slice(0, 2);
      assert.deepEqual(found.startingWith(prefix), [
        ...new Set(names.filter((known) => known.startsWith(prefix))),
      ]);
    }),
  );
});

test('bytes cut anywhere, of another byte order or at random give no names instead of wrong ones', () => {
  const whole = namesFile(['DAMOS_SPLIT', 'folio_split']);
  for (let length = 0; length < whole.length; length++) {
    assert.equal(kernelNames(whole.subarray(0, length)), undefined, `${length} bytes`);
  }
  const swapped = Uint8Array.from(whole);
  swapped.set([0xeb, 0x9f]);
  assert.equal(kernelNames(swapped), undefined);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void kernelNames(bytes)?.startingWith('a')),
  );
});

test('a view into a larger buffer is read from its own start', () => {
  const whole = namesFile(['DAMOS_SPLIT']);
  const larger = new Uint8Array(whole.length + 13);
  larger.set(whole, 13);
  assert.ok(kernelNames(larger.subarray(13))?.has('DAMOS_SPLIT'));
});

test('a file can be reduced to the names that matter', () => {
  const whole = namesFile(['task_struct', 'DAMOS_SPLIT', 'damon_ctx', 'folio_split', 'page']);
  const reduced = withNames(whole, /damo[ns]|folio/i);
  assert.ok(reduced && reduced.length < whole.length);
  assert.deepEqual(kernelNames(reduced)?.startingWith(''), ['DAMOS_SPLIT', 'damon_ctx', 'folio_split']);
  assert.equal(withNames(whole.subarray(1), /x/), undefined);
});
