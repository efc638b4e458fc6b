/** Heat files that break while they are read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DamagedParquet } from '../formats/parquet/read.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';
import * as source from './heat-file.js';

test('damage is told with file and place; a fault of ours stays one', async () => {
  const reading = (fault: Error) => {
    const file = {
      groups() {
        throw fault;
      },
    };
    const fields = { file, path: 'heat.parquet', commands: new Map(), geometry: GEOMETRY_4K };
    return source.HeatFileSource.prototype.groups
      .call(fields as never)
      [Symbol.asyncIterator]()
      .next();
  };
  const facts = { path: 'heat.parquet', problem: 'column x', place: 'byte 9' };
  await assert.rejects(reading(new DamagedParquet('column x', 'byte 9')), { code: 'FILE_MALFORMED', facts });
  await assert.rejects(reading(new RangeError('a fault')), RangeError);
});
