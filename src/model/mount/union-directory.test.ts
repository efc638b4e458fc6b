/** What a joined /proc shows: the model's entries first, the machine's behind them, and what nobody shall see. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ModelNode, StaticDirectory } from '../kernel/state/file-tree.js';
import { type MachineDirectory, UnionDirectory } from './union-directory.js';

const file = (text: string): ModelNode => ({ kind: 'file', mode: 0o444, read: () => text });
const textOf = (node: ModelNode | undefined) => (node?.kind === 'file' ? node.read?.() : node);

function machine(names: readonly string[], folders: Record<string, MachineDirectory> = {}): MachineDirectory {
  return { names: () => names, has: (name) => names.includes(name), enter: (name) => folders[name] };
}

function joined(options: Partial<ConstructorParameters<typeof UnionDirectory>[2]> = {}): UnionDirectory {
  const model = new StaticDirectory();
  for (const name of ['meminfo', '1']) model.set(name, file(`model ${name}`));
  return new UnionDirectory(model, machine(['1', '77', 'meminfo', 'self']), { behind: '/real', ...options });
}

test('the model comes first, everything else is a link to the machine', () => {
  const union = joined();
  assert.deepEqual([...union.names()].sort(), ['1', '77', 'meminfo', 'self']);
  assert.equal(textOf(union.lookup('meminfo')), 'model meminfo');
  assert.deepEqual(union.lookup('77'), { kind: 'symlink', target: '/real/77' });
  assert.equal(union.lookup('78'), undefined);
});

test('what is hidden is neither listed nor found; the model’s own of that name is', () => {
  const union = joined({ hides: (name) => name === '77' || name === 'meminfo' });
  assert.deepEqual([...union.names()].sort(), ['1', 'meminfo', 'self']);
  assert.equal(union.lookup('77'), undefined);
  assert.equal(textOf(union.lookup('meminfo')), 'model meminfo');
});

test('what is the machine’s own is taken from the model only where the machine does not show it', () => {
  assert.deepEqual(joined({ machineFirst: new Set(['1']) }).lookup('1'), {
    kind: 'symlink',
    target: '/real/1',
  });
  const model = new StaticDirectory();
  model.set('1', file('model 1'));
  const union = new UnionDirectory(model, machine([]), { behind: '/real', machineFirst: new Set(['1']) });
  assert.equal(textOf(union.lookup('1')), 'model 1');
});

test('directories of both are joined; what stands instead wins', () => {
  const sys = new StaticDirectory();
  sys.set('vm', file('model vm'));
  const model = new StaticDirectory();
  model.set('sys', sys);
  const instead = new Map([['mounts', file('table')]]);
  const host = machine(['sys', 'mounts'], { sys: machine(['kernel']) });
  const union = new UnionDirectory(model, host, { behind: '/real', instead });
  assert.equal(textOf(union.lookup('mounts')), 'table');
  const inner = union.lookup('sys');
  assert.ok(inner?.kind === 'directory');
  assert.deepEqual(inner.names(), ['vm', 'kernel']);
  assert.deepEqual(inner.lookup('kernel'), { kind: 'symlink', target: '/real/sys/kernel' });
});
