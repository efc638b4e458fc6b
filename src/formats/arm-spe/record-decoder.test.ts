import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../test/support/properties.js';
import { SpeBuilder } from '../../../test/support/spe-builder.js';
import { hasContext, SpeRecordDecoder } from './record-decoder.js';

interface Found {
  readonly address: bigint;
  readonly operation: number;
  readonly context: number;
}

function decode(bytes: Uint8Array): { found: Found[]; decoder: SpeRecordDecoder } {
  const decoder = new SpeRecordDecoder();
  decoder.attach(bytes);
  const found: Found[] = [];
  let at = 0;
  for (;;) {
    const next = decoder.next(at, bytes.length, true);
    if (next <= 0) return { found, decoder };
    at = next;
    const address = (BigInt(decoder.virtualHigh) << 32n) | BigInt(decoder.virtualLow);
    found.push({ address, operation: decoder.operation, context: decoder.context });
  }
}

const good = (address = 0x5000n) => new SpeBuilder().pc(0x1000n).load().data(address).time(1).done();

test('a bad byte before a record costs that byte, one inside it costs the record', () => {
  const before = decode(Uint8Array.from([0xff, ...good(), ...good()]));
  assert.equal(before.found.length, 2);
  assert.equal(before.decoder.counts.damagedBytes, 1);
  const inside = new SpeBuilder()
    .pc(0x1000n)
    .raw(0xc7)
    .data(0x7000n)
    .time(1)
    .raw(...good(0x9000n))
    .done();
  const after = decode(inside);
  assert.deepEqual(
    after.found.map(({ address }) => address),
    [0x9000n],
  );
  assert.deepEqual(
    [after.decoder.counts.damaged, after.decoder.counts.damagedBytes],
    [1, inside.length - good().length],
  );
});

test('a record without its end is damaged at the end of a buffer, and waits before it', () => {
  const bytes = good().subarray(0, 15);
  const { found, decoder } = decode(bytes);
  assert.equal(found.length, 0);
  assert.deepEqual([decoder.counts.damaged, decoder.counts.damagedBytes], [1, 15]);
  const waiting = new SpeRecordDecoder();
  waiting.attach(bytes);
  assert.equal(-waiting.next(0, bytes.length, false), 0);
  assert.equal(waiting.counts.damaged, 0);
});

test('repeated packets: the last address and context win, operation flags add up', () => {
  const bytes = new SpeBuilder()
    .raw(0x49, 0x04)
    .raw(0x49, 0x01)
    .context(5)
    .data(0x1000n)
    .data(0x2000n)
    .context(6)
    .end()
    .done();
  assert.deepEqual(decode(bytes).found, [{ address: 0x2000n, operation: 5, context: 6 }]);
});

test('extended headers are passed over, reserved addresses are counted, alignment is skipped', () => {
  const extended = new SpeBuilder()
    .load()
    .raw(0x20, 0x98, 9, 0)
    .raw(0x22, 0xb2, 1, 2, 3, 4, 5, 6, 7, 8)
    .data(0x3000n)
    .end();
  const reserved = extended.load().address(5, 0x1234n).data(0x4000n).end();
  const { found, decoder } = decode(reserved.done());
  assert.deepEqual(
    found.map(({ address }) => address),
    [0x3000n, 0x4000n],
  );
  assert.equal(decoder.counts.reservedAddresses, 2);
  const aligned = new SpeBuilder().load().raw(0x22, 0x00).raw(0xff, 0xff, 0xff, 0xff).data(0x6000n).end();
  assert.deepEqual(
    decode(aligned.done()).found.map(({ address }) => address),
    [0x6000n],
  );
});

test('tags are dropped and kernel addresses filled', () => {
  const bytes = new SpeBuilder()
    .load()
    .data(0xffff80001000n, 0x0an)
    .end()
    .load()
    .data(0xffff800080001000n)
    .end()
    .done();
  assert.deepEqual(
    decode(bytes).found.map(({ address }) => address),
    [0xffff80001000n, 0xffff800080001000n],
  );
});

test('context is found among the first records', () => {
  assert.equal(hasContext(good()), false);
  assert.equal(
    hasContext(
      new SpeBuilder()
        .raw(...good())
        .context(7)
        .end()
        .done(),
    ),
    true,
  );
  assert.equal(hasContext(new Uint8Array(64)), undefined);
});

test('any bytes at all end, and every byte is either in a record, padding or counted as damaged', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      const { decoder } = decode(bytes);
      assert.equal(decoder.counts.damagedBytes <= bytes.length, true);
    }),
    { numRuns: 2000 },
  );
});
