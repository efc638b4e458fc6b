/** The board and the rules of monitoring/: every query names metrics and labels of the table, and promtool agrees. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { METRICS } from './table.js';

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), '../../../monitoring');
const read = (name: string) => readFileSync(join(FOLDER, name), 'utf8');

interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly annotations?: Readonly<Record<string, string>>;
}
const rules: readonly Rule[] = parse(read('octavo-rules.yml')).groups.flatMap(
  ({ rules }: { readonly rules: readonly Rule[] }) => rules,
);

interface Panel {
  readonly title: string;
  readonly type: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}
const board: {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: string }[] };
} = JSON.parse(read('octavo-board.json'));

/** What Prometheus itself adds to every series. */
const ADDED = ['instance', 'job'];
/** Labels by metric; those of recordings are at most those of targets. */
const LABELS = new Map<string, readonly string[]>([
  ...METRICS.map(({ name, labels }) => [name, [...labels, ...ADDED]] as const),
  ...rules.flatMap(({ record }) => (record === undefined ? [] : [[record, ['target', ...ADDED]] as const])),
]);

const WORDS = new Set([
  'and',
  'or',
  'unless',
  'on',
  'ignoring',
  'by',
  'without',
  'bool',
  'offset',
  'group_left',
  'group_right',
]);

/** What is wrong with the names of a query; and the metrics that it names. */
function check(query: string): { readonly problems: readonly string[]; readonly metrics: readonly string[] } {
  const problems: string[] = [];
  const metrics: string[] = [];
  const known = new Set<string>();
  const bare = query.replace(/"(?:[^"\\]|\\.)*"/g, '""');
  const grouped = [...bare.matchAll(/\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)/g)];
  const series = bare.replace(/\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, ' ');
  for (const [, name, selector = ''] of series
    .replace(/\[[^\]]*\]/g, '')
    .matchAll(/(?<![\w:.$])([a-zA-Z_:][\w:]*)\s*(?!\s*[\w(])(\{[^}]*\})?/g)) {
    if (WORDS.has(name)) continue;
    const labels = LABELS.get(name);
    if (labels === undefined) {
      problems.push(`no metric ${name}`);
      continue;
    }
    metrics.push(name);
    for (const label of labels) known.add(label);
    for (const [, label] of selector.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g))
      if (!labels.includes(label)) problems.push(`${name} has no label ${label}`);
  }
  for (const [, list] of grouped)
    for (const label of list.split(',').map((word) => word.trim()))
      if (!known.has(label)) problems.push(`no metric of it has the label ${label}`);
  return { problems, metrics };
}

const queries = [
  ...rules.map(({ record, alert, expr }) => ({ of: record ?? alert, expr, legend: '' })),
  ...board.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, legendFormat }) => ({ of: title, expr, legend: legendFormat })),
  ),
  ...board.templating.list
    .filter(({ query }) => query.startsWith('label_values'))
    .map(({ name, query }) => ({
      of: name,
      expr: query.replace(/label_values\((.*), \w+\)/, '$1'),
      legend: query.replace(/.*, (\w+)\)/, '{{$1}}'),
    })),
];

describe('names', () => {
  test('of every query are of the table', () => {
    assert.ok(queries.length > 45);
    for (const { of, expr, legend } of queries) {
      const { problems, metrics } = check(expr);
      assert.deepEqual(problems, [], `${of}: ${expr}`);
      assert.ok(metrics.length > 0, `${of}: ${expr} names no metric`);
      const labels = metrics.flatMap((name) => LABELS.get(name) ?? []);
      for (const [, label] of legend.matchAll(/\{\{(\w+)\}\}/g))
        assert.ok(labels.includes(label), `${of}: ${label}`);
    }
  });

  test('of labels in annotations are those of the alert’s query', () => {
    for (const { alert, expr, annotations = {} } of rules) {
      const labels = check(expr).metrics.flatMap((name) => LABELS.get(name) ?? []);
      for (const text of Object.values(annotations))
        for (const [, label] of text.matchAll(/\$labels\.(\w+)/g))
          assert.ok(labels.includes(label), `${alert}: ${label}`);
    }
  });

  test('that are none are noticed', () => {
    assert.deepEqual(check('rate(octavo_target_huge[5m])').problems, ['no metric octavo_target_huge']);
    assert.deepEqual(check('octavo_target_huge_bytes{pid="1"}').problems, [
      'octavo_target_huge_bytes has no label pid',
    ]);
    assert.deepEqual(check('sum by (tier) (octavo_target_huge_bytes)').problems, [
      'no metric of it has the label tier',
    ]);
    assert.deepEqual(check('sum(octavo_target_splits_total{target=~"$target"}) > 0 and octavo_up').problems, [
      'no metric octavo_up',
    ]);
  });

  test('of the table are all on the board or in a rule', () => {
    const used = new Set(queries.flatMap(({ expr }) => check(expr).metrics));
    const unused = METRICS.map(({ name }) => name).filter((name) => !used.has(name));
    assert.deepEqual(unused, []);
  });
});

test('panels lie beside each other, within the board, and say what they show', () => {
  const places = new Set<string>();
  for (const { title, type, description = '', gridPos } of board.panels) {
    assert.ok(gridPos.x + gridPos.w <= 24, title);
    if (type !== 'row') assert.match(description, /\.$/, title);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        assert.ok(!places.has(`${x}/${y}`), `${title} lies on another`);
        places.add(`${x}/${y}`);
      }
  }
});

test('each alert has a test of when it fires and when not', () => {
  const tests: readonly {
    readonly alert_rule_test?: readonly { alertname: string; exp_alerts: unknown[] }[];
  }[] = parse(read('octavo-rules-test.yml')).tests;
  const tried = tests.flatMap(({ alert_rule_test = [] }) => alert_rule_test);
  for (const { alert } of rules) {
    if (alert === undefined) continue;
    const own = tried.filter(({ alertname }) => alertname === alert);
    assert.ok(
      own.some(({ exp_alerts }) => exp_alerts.length > 0),
      `${alert} never fires`,
    );
    assert.ok(
      own.some(({ exp_alerts }) => exp_alerts.length === 0),
      `${alert} always fires`,
    );
  }
});

describe('promtool', {
  skip:
    spawnSync('promtool', ['--version']).status === 0
      ? false
      : 'promtool is not installed (Debian package prometheus)',
}, () => {
  const directory = mkdtempSync(join(tmpdir(), 'octavo-rules-'));
  after(() => rmSync(directory, { recursive: true }));

  test('takes the rules, and their tests pass', () => {
    for (const words of [
      ['check', 'rules', join(FOLDER, 'octavo-rules.yml')],
      ['test', 'rules', join(FOLDER, 'octavo-rules-test.yml')],
    ]) {
      const checked = spawnSync('promtool', words);
      assert.equal(checked.status, 0, `${checked.stdout}${checked.stderr}`);
    }
  });

  test('would notice a changed bound', () => {
    cpSync(FOLDER, directory, { recursive: true });
    const changed = read('octavo-rules.yml').replace('< 0.9', '< 0.4').replace('> 0.05', '> 0.2');
    writeFileSync(join(directory, 'octavo-rules.yml'), changed);
    const checked = spawnSync('promtool', ['test', 'rules', join(directory, 'octavo-rules-test.yml')]);
    assert.notEqual(checked.status, 0);
    assert.match(String(checked.stdout) + String(checked.stderr), /OctavoVerdictsNotMet/);
  });
});
