import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OctavoError } from '../../vocabulary/errors.js';
import { GEOMETRY_4K } from '../../vocabulary/units.js';
import { heatText } from './heat-text.js';

test('text is taken as it is', async () => {
  const text = '# offset, weight\n0,1\n5,2\n';
  assert.equal(await heatText(new TextEncoder().encode(text), 'heat.csv', GEOMETRY_4K), text);
});

test('Parquet that is no heat file is refused', async () => {
  const bytes = new TextEncoder().encode(`PAR1${'x'.repeat(40)}PAR1`);
  await assert.rejects(
    heatText(bytes, 'other.parquet', GEOMETRY_4K),
    (problem: OctavoError) => problem instanceof OctavoError && problem.code === 'FILE_MALFORMED',
  );
});
