import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseYaml } from './yaml.js';

test('YAML and JSON are read as plain data', () => {
  for (const text of ['a: [1, x]\nb: { c: true }\n', '{"a": [1, "x"], "b": {"c": true}}']) {
    const parsed = parseYaml(text);
    assert.deepEqual(parsed.ok && parsed.value.value, { a: [1, 'x'], b: { c: true } });
  }
});

test('an anchor may be used', () => {
  const parsed = parseYaml('a: &one { x: 1 }\nb: *one\n');
  assert.deepEqual(parsed.ok && parsed.value.value, { a: { x: 1 }, b: { x: 1 } });
});

test('whole numbers are exact when asked for', () => {
  const parsed = parseYaml('a: 18446744073709551615\n', { intAsBigInt: true });
  assert.deepEqual(parsed.ok && parsed.value.value, { a: 2n ** 64n - 1n });
});

const bomb = ['a: &a [x,x,x,x,x,x,x,x,x,x]', ...'bcdef'].map((name, index, all) =>
  index === 0
    ? name
    : `${name}: &${name} [${Array(10)
        .fill(`*${all[index - 1][0]}`)
        .join(',')}]`,
);

const WRONG: readonly (readonly [text: string, line: number, problem: RegExp])[] = [
  ['a: 1\n---\nb: 2\n', 2, /^a second document begins here; one file holds one$/],
  ['a: 1\na: 2\n', 2, /^this key is given twice$/],
  ['a: 1\nb: [1, 2\n', 3, /closing quote, bracket|indentation/],
  ['a:\n\t- 1\n', 2, /^indented with a tab/],
  ['a: "x\\q"\n', 1, /^an unknown escape/],
  ['a: 1\n  b: 2\n', 1, /./],
  ['a: *nobody\n', 1, /anchor that is not there/],
  [bomb.join('\n'), 1, /anchors too often/],
];

for (const [text, line, problem] of WRONG) {
  test(`${JSON.stringify(text.slice(0, 30))} is refused in words of its own`, () => {
    const parsed = parseYaml(text);
    assert.ok(!parsed.ok);
    assert.equal(parsed.error.line, line);
    assert.match(parsed.error.problem, problem);
    assert.doesNotMatch(parsed.error.problem, /YAML\.|Alias|resource exhaustion|implicit/);
  });
}
