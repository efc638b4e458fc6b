/** Modules for a guest: what they depend on comes first, once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dependsOf, inOrder } from './modules.js';

const elf = (depends: string) => Buffer.from(`\x7fELF…license=GPL\0depends=${depends}\0name=x\0`, 'latin1');

test('a module names what it depends on in its .modinfo section', () => {
  assert.deepEqual(dependsOf(elf('lz4hc_compress,zsmalloc')), ['lz4hc_compress', 'zsmalloc']);
  assert.deepEqual(dependsOf(elf('')), []);
  assert.deepEqual(dependsOf(Buffer.from('no section')), []);
});

test('modules are loaded after those that they need, each once', () => {
  const depends: Record<string, string> = { top: 'left,right', left: 'base', right: 'base', base: '' };
  const read: string[] = [];
  const modules = inOrder('top', (name) => {
    read.push(name);
    return elf(depends[name]);
  });
  assert.deepEqual(
    modules.map(({ name }) => name),
    ['base', 'left', 'right', 'top'],
  );
  assert.deepEqual([...read].sort(), ['base', 'left', 'right', 'top']);
});
