import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OctavoError } from '../vocabulary/errors.js';
import { ifRecorded } from './if-recorded.js';

test('what a recording lacks is unknown; every other failure is one', () => {
  assert.equal(
    ifRecorded(() => 7),
    7,
  );
  const lacks = () => {
    throw new OctavoError('RECORDING_LACKS', { folder: '/recording', call: 'read /x' });
  };
  assert.equal(ifRecorded(lacks), undefined);
  const gone = () => {
    throw new OctavoError('TARGET_GONE', { pid: 7 });
  };
  assert.throws(
    () => ifRecorded(gone),
    (problem: OctavoError) => problem.code === 'TARGET_GONE',
  );
  assert.throws(
    () =>
      ifRecorded(() => {
        throw new RangeError('a bug');
      }),
    RangeError,
  );
});
