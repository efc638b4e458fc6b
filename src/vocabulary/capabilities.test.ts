import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capabilityNames } from './capabilities.js';

test('bits of CapEff by name', () => {
  assert.deepEqual(capabilityNames('0000000000880000'), ['CAP_SYS_PTRACE', 'CAP_SYS_NICE']);
  assert.deepEqual(capabilityNames('0000004000200000'), ['CAP_SYS_ADMIN', 'CAP_PERFMON']);
  assert.deepEqual(capabilityNames('0000000000000000'), []);
  assert.equal(capabilityNames('000001ffffffffff').length, 41);
  assert.equal(capabilityNames('ffffffffffffffff').length, 41, 'bits without a name are left out');
});

test('text that is no mask has no names', () => {
  for (const text of ['', 'xyz', '0x1', '00000000000000001']) assert.deepEqual(capabilityNames(text), []);
});
