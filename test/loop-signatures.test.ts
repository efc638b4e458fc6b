/** Signatures of the WebAssembly loops are written from their sources: held here against the compiled loops. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from './support/corpus.js';

const { signatures } = (await import(join(ROOT, 'scripts/loop-signatures.mjs'))) as {
  signatures(name: string, offered: string, host: string | undefined): string;
};
const ROOMS = [
  'formats/sample-loop',
  'hotness/heat-loop',
  'formats/perf-data/tally-loop',
  'formats/parquet/encode-loop',
];

for (const room of ROOMS) {
  test(`${room} offers what its declaration says`, async () => {
    const text = readFileSync(join(ROOT, 'src', room, 'binary.d.ts'), 'utf8');
    const { BINARY } = (await import(join(ROOT, 'dist/src', room, 'binary.js'))) as { BINARY: string };
    const memory = new WebAssembly.Memory({ initial: 100, maximum: 65536 });
    const host = new Proxy({}, { get: () => () => 0 });
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(BINARY, 'base64')), {
      env: { memory },
      host,
    });
    const offered = Object.entries(exports).map(([name, one]) =>
      typeof one === 'function' ? `${name} ${one.length}` : name,
    );
    assert.deepEqual(declared(text).sort(), offered.filter((name) => name !== 'memory').sort());
  });
}

/** Names in LoopExports, functions with the number of their parameters. */
function declared(text: string): string[] {
  const [, members] = /interface LoopExports \{\n(.*?)\n\}/s.exec(text) ?? [];
  const globals = [...members.matchAll(/readonly (\w+): WebAssembly\.Global/g)].map(([, name]) => name);
  const functions = [...members.matchAll(/^ {2}(\w+)\(([^)]*)\)/gm)].map(
    ([, name, list]) => `${name} ${list.split(': ').length - 1}`,
  );
  return [...globals, ...functions];
}

test('types of the loop become those of JavaScript, and long lists are broken', () => {
  const folder = mkdtempSync(join(tmpdir(), 'octavo-signatures-'));
  const host = join(folder, 'host.ts');
  writeFileSync(host, 'export declare function asks(a: u32, b: i64): bool;\n');
  const names = Array.from({ length: 9 }, (_, at) => `parameter${at}`);
  const offered = `export const AT: {
  get value(): number };
export function none(): void;
export function big(a: bigint, b: number): bigint;
export function long(${names.map((name) => `${name}: number`).join(', ')}): number;`;
  const text = signatures('some', offered, host);
  rmSync(folder, { recursive: true });
  const lines = [
    '  readonly AT: WebAssembly.Global;',
    '  none(): void;',
    '  big(a: bigint, b: number): bigint;',
    '  asks(a: number, b: bigint): number;',
    ...names.map((name) => `    ${name}: number,`),
  ];
  for (const line of lines) assert.ok(text.split('\n').includes(line), line);
  assert.equal(signatures('some', offered, undefined).includes('LoopHost'), false);
});
