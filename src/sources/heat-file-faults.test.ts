/** Heat files that break while they are read. */
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { success } from '../base/result.js';
import { HeatFile } from '../formats/heat-file/read.js';
import { DamagedParquet } from '../formats/parquet/read.js';
import { HeatFileSource } from './heat-file.js';

test('damage is told with file and place; a fault of ours stays one', async () => {
  const reading = (fault: Error) => {
    const file = {
      facts: { page_bytes: 4096, block_bytes: 2 ** 21 },
      groups() {
        throw fault;
      },
    };
    const opened = mock.method(HeatFile, 'open', () => file as never);
    const files = { readBytes: () => success(new Uint8Array(1)) };
    const source = HeatFileSource.open(files as never, 'heat.parquet');
    opened.mock.restore();
    return source.groups()[Symbol.asyncIterator]().next();
  };
  const facts = { path: 'heat.parquet', problem: 'column x', place: 'byte 9' };
  await assert.rejects(reading(new DamagedParquet('column x', 'byte 9')), { code: 'FILE_MALFORMED', facts });
  await assert.rejects(reading(new RangeError('a fault')), RangeError);
});
