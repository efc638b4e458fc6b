/** The exposition: what the table says, of every target, bounded, and as promtool and a reader of OpenMetrics take it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { observed } from '../../test/support/history-host.js';
import { FIELD_NAMES, FIELDS, valuesOf } from '../history/observation.js';
import type { AgentReading } from './agent-reading.js';
import { CONTENT_TYPES, exposition } from './exposition.js';
import { Metrics, OTHER } from './metrics.js';
import { METRICS, TARGET_METRICS } from './table.js';

const AGENT: AgentReading = {
  version: '1.2.3',
  startedAtMs: 1_700_000_000_500,
  lastTurnAtMs: 1_700_000_100_000,
  lastTurnMs: 250,
  turns: 12,
  turnsFailed: 1,
  cpuNs: 2_500_000_000,
  residentBytes: 40_000_000,
  configOk: true,
  configLoadedAtMs: 1_700_000_000_000,
  targets: 2,
  guards: [{ name: 'pressure', targets: 3 }],
  history: { bytes: { raw: 10, '5m': 20, '1h': 30 }, dropped: 4, problem: undefined, damage: [] },
};

const everyValue = valuesOf(Object.fromEntries(FIELD_NAMES.map((name, index) => [name, 1000 + index])));
const everything = (target: string) => observed(target, everyValue);

/** Value of a series in Prometheus text; undefined without it. */
function value(text: string, series: string): number | undefined {
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

function plain(metrics: Metrics, agent = AGENT): string {
  return metrics.render(agent).prometheus;
}

/** Takes in a turn of all targets. */
function turn(metrics: Metrics, ...observations: readonly ReturnType<typeof observed>[]): void {
  for (const observation of observations) metrics.observe(observation);
}

const HOUR = 3_600_000;

describe('values', () => {
  test('gauges are those of the last turn, counters add up, nanoseconds are seconds', () => {
    const metrics = new Metrics();
    turn(metrics, observed('db', { hugeBytes: 5, splits: 2, lockNs: 1_500_000_000, returnedBytes: 7 }));
    turn(metrics, observed('db', { hugeBytes: 3, splits: 4, lockNs: 500_000_000, returnedBytes: -9 }));
    const text = plain(metrics);
    assert.equal(value(text, 'octavo_target_huge_bytes{target="db"}'), 3);
    assert.equal(value(text, 'octavo_target_splits_total{target="db"}'), 6);
    assert.equal(value(text, 'octavo_target_lock_seconds_total{target="db"}'), 2);
    assert.equal(value(text, 'octavo_target_returned_bytes_total{target="db"}'), 7);
    assert.equal(value(text, 'octavo_target_info{target="db",policy="octavo"}'), 1);
    assert.equal(value(text, 'octavo_target_state{target="db",state="acting"}'), 1);
    assert.equal(value(text, 'octavo_target_state{target="db",state="stopped"}'), 0);
  });

  test('what is not known has no series, and a counter that was known stays', () => {
    const metrics = new Metrics();
    turn(metrics, observed('db', { splits: 2 }));
    turn(metrics, observed('db', {}));
    const text = plain(metrics);
    assert.equal(value(text, 'octavo_target_cold_bytes{target="db"}'), undefined);
    assert.equal(value(text, 'octavo_target_collapses_total{target="db"}'), undefined);
    assert.equal(value(text, 'octavo_target_splits_total{target="db"}'), 2);
    assert.ok(!text.includes('octavo_target_cold_bytes'));
  });

  test('a target that is away has no gauges and no state, and after an hour nothing', () => {
    const metrics = new Metrics();
    turn(metrics, observed('db', { hugeBytes: 5, splits: 2 }), observed('web', { hugeBytes: 1 }));
    metrics.keepOnly(['db', 'web', 'never seen'], 0);
    assert.equal(value(plain(metrics), 'octavo_target_huge_bytes{target="db"}'), 5);
    metrics.keepOnly(['web'], 1000);
    const text = plain(metrics);
    assert.equal(value(text, 'octavo_target_huge_bytes{target="db"}'), undefined);
    assert.equal(value(text, 'octavo_target_huge_bytes{target="web"}'), 1);
    assert.equal(value(text, 'octavo_target_state{target="db",state="acting"}'), undefined);
    assert.equal(value(text, 'octavo_target_info{target="db",policy="octavo"}'), undefined);
    metrics.keepOnly(['web'], HOUR);
    assert.equal(value(plain(metrics), 'octavo_target_splits_total{target="db"}'), 2);
    metrics.keepOnly(['web'], HOUR + 1);
    assert.equal(value(plain(metrics), 'octavo_target_splits_total{target="db"}'), undefined);
    assert.equal(value(plain(metrics), 'octavo_target_huge_bytes{target="web"}'), 1);
  });

  test('of the agent, each as its row says', () => {
    const text = plain(new Metrics());
    const expected = {
      'octavo_build_info{version="1.2.3"}': 1,
      octavo_agent_start_time_seconds: 1_700_000_000.5,
      octavo_agent_cpu_seconds_total: 2.5,
      octavo_agent_resident_memory_bytes: 40_000_000,
      octavo_agent_turns_total: 12,
      octavo_agent_turns_failed_total: 1,
      octavo_agent_last_turn_timestamp_seconds: 1_700_000_100,
      octavo_agent_last_turn_duration_seconds: 0.25,
      octavo_agent_config_last_reload_successful: 1,
      octavo_agent_config_last_reload_success_timestamp_seconds: 1_700_000_000,
      octavo_agent_targets: 2,
      'octavo_agent_guard_objections{guard="pressure"}': 3,
      'octavo_agent_history_bytes{tier="raw"}': 10,
      'octavo_agent_history_bytes{tier="5m"}': 20,
      'octavo_agent_history_bytes{tier="1h"}': 30,
      octavo_agent_history_dropped_total: 4,
      octavo_agent_history_writable: 1,
    };
    for (const [series, number] of Object.entries(expected))
      assert.equal(value(text, series), number, series);
  });

  test('of an agent that knows little', () => {
    const unknown = { lastTurnAtMs: null, lastTurnMs: null, cpuNs: null, residentBytes: null };
    const text = plain(new Metrics(), { ...AGENT, ...unknown, configOk: false, history: undefined });
    assert.equal(value(text, 'octavo_agent_config_last_reload_successful'), 0);
    assert.doesNotMatch(text, /history|last_turn|agent_cpu|resident_memory|NaN|undefined|null/);
    const full = { bytes: { raw: 1, '5m': 0, '1h': 0 }, dropped: 9, problem: 'no room', damage: [] };
    assert.equal(
      value(plain(new Metrics(), { ...AGENT, history: full }), 'octavo_agent_history_writable'),
      0,
    );
  });
});

describe('bounds', () => {
  test('targets beyond the bound are added up, those within keep their series', () => {
    const metrics = new Metrics(3);
    const names = ['a', 'b', 'c', 'd', 'e', OTHER];
    for (let round = 0; round < 2; round++)
      for (const [index, name] of names.entries()) {
        const state = index === 3 ? ({ state: 'stopped' } as const) : {};
        turn(metrics, observed(name, { hugeBytes: 10 + index, splits: 1 }, state));
      }
    const text = plain(metrics);
    const series = text.split('\n').filter((line) => line.startsWith('octavo_target_huge_bytes{'));
    assert.equal(series.length, 4);
    assert.equal(value(text, 'octavo_target_huge_bytes{target="c"}'), 12);
    assert.equal(value(text, 'octavo_target_huge_bytes{target="other"}'), 13 + 14 + 15);
    assert.equal(value(text, 'octavo_target_splits_total{target="other"}'), 6);
    assert.equal(value(text, 'octavo_target_state{target="other",state="stopped"}'), 1);
    assert.ok(!text.includes('octavo_target_info{target="other"'));
    metrics.keepOnly(names.slice(1), 2 * HOUR);
    turn(metrics, observed('e', { hugeBytes: 99, splits: 5 }));
    assert.equal(value(plain(metrics), 'octavo_target_huge_bytes{target="e"}'), 99);
    assert.equal(value(plain(metrics), 'octavo_target_splits_total{target="e"}'), 5);
    assert.equal(value(plain(metrics), 'octavo_target_huge_bytes{target="other"}'), 13 + 15);
  });

  test('ten thousand targets that come and go leave no more text than the bound', () => {
    const metrics = new Metrics();
    for (let round = 0; round < 100; round++) {
      const names = Array.from({ length: 100 }, (_, index) => `unit-${round}-${index}`);
      turn(metrics, ...names.map(everything));
      metrics.keepOnly(names, round * 1000);
    }
    const targets = new Set([...plain(metrics).matchAll(/target="([^"]*)"/g)].map(([, name]) => name));
    assert.equal(targets.size, 201);
  });
});

describe('text', () => {
  const metrics = new Metrics();
  turn(metrics, everything('db.service'), everything('odd "name"\\with\nall'));
  const texts = metrics.render(AGENT);

  test('names and units follow the conventions', () => {
    for (const { name, type, unit, help } of METRICS) {
      assert.match(name, /^octavo_[a-z0-9_]+$/);
      assert.equal(type === 'counter', name.endsWith('_total'), name);
      assert.equal(type === 'info', name.endsWith('_info'), name);
      if (unit !== '') assert.ok(name.replace(/_total$/, '').endsWith(`_${unit}`), name);
      assert.match(help, /^[A-Z].*\.$/s, name);
    }
    assert.equal(new Set(METRICS.map(({ name }) => name)).size, METRICS.length);
    assert.ok(METRICS.every(({ labels }) => !labels.includes('pid')));
  });

  test('every field of an observation has a metric, and every metric is in the text', () => {
    assert.deepEqual(TARGET_METRICS.map(({ field }) => field).sort(), Object.keys(FIELDS).sort());
    for (const { name, type } of METRICS) {
      const shown = type === 'info' ? 'gauge' : type;
      assert.ok(texts.prometheus.includes(`\n# TYPE ${name} ${shown}\n`) || texts.prometheus.includes(name));
      assert.match(texts.prometheus, new RegExp(`^${name}(\\{.*\\})? [0-9.e+]+$`, 'm'));
    }
  });

  test('labels and help are escaped', () => {
    assert.ok(
      texts.prometheus.includes('octavo_target_huge_bytes{target="odd \\"name\\"\\\\with\\nall"} 1002\n'),
    );
    const kind = { name: 'octavo_x', type: 'gauge', unit: '', labels: [], help: 'A "b" \\ c\nd.' } as const;
    const families = [{ kind, samples: [{ labels: [], value: 1 }] }];
    assert.equal(
      exposition(families, 'prometheus'),
      '# HELP octavo_x A "b" \\\\ c\\nd.\n# TYPE octavo_x gauge\noctavo_x 1\n',
    );
    assert.equal(
      exposition(families, 'openmetrics'),
      '# TYPE octavo_x gauge\n# HELP octavo_x A \\"b\\" \\\\ c\\nd.\noctavo_x 1\n# EOF\n',
    );
  });

  test('OpenMetrics names families without what their samples have behind them', () => {
    assert.match(
      texts.openmetrics,
      /^# TYPE octavo_build info\n# HELP octavo_build .*\noctavo_build_info\{/m,
    );
    assert.match(
      texts.openmetrics,
      /^# TYPE octavo_target_lock_seconds counter\n# UNIT octavo_target_lock_seconds seconds\n# HELP .*\noctavo_target_lock_seconds_total\{target="db.service"\} /m,
    );
    assert.ok(texts.openmetrics.endsWith('\n# EOF\n'));
    assert.ok(!texts.prometheus.includes('# EOF'));
    assert.match(CONTENT_TYPES.openmetrics, /^application\/openmetrics-text; version=1\.0\.0/);
  });

  const promtool = spawnSync('promtool', ['--version']).status === 0;
  test('promtool finds nothing to say', {
    skip: promtool ? false : 'promtool is not installed (Debian package prometheus)',
  }, () => {
    const checked = spawnSync('promtool', ['check', 'metrics'], { input: texts.prometheus });
    assert.equal(`${checked.stdout}${checked.stderr}`, '');
    assert.equal(checked.status, 0);
    const wrong = spawnSync('promtool', ['check', 'metrics'], { input: 'octavo_x_total{ 1\n' });
    assert.notEqual(wrong.status, 0);
  });

  const reader = spawnSync('/usr/bin/python3', ['-c', 'import prometheus_client.openmetrics.parser']);
  test('a reader of OpenMetrics finds the same values', {
    skip: reader.status === 0 ? false : 'needs Debian’s python3-prometheus-client',
  }, () => {
    const program = [
      'import sys, json',
      'from prometheus_client.openmetrics.parser import text_string_to_metric_families as read',
      'print(json.dumps([[f.name, f.type, f.unit, s.name, s.labels, s.value] for f in read(sys.stdin.read()) for s in f.samples]))',
    ].join('\n');
    const read = spawnSync('/usr/bin/python3', ['-c', program], { input: texts.openmetrics });
    assert.equal(read.status, 0, String(read.stderr));
    const samples = JSON.parse(String(read.stdout)) as [string, string, string, string, object, number][];
    assert.equal(samples.length, texts.prometheus.split('\n').filter((line) => /^[^#]/.test(line)).length);
    for (const { name, type, unit } of METRICS) {
      const found = samples.find((sample) => sample[3] === name);
      assert.deepEqual([found?.[1], found?.[2]], [type, unit], name);
    }
    const odd = samples.find(([, , , name]) => name === 'octavo_target_cpu_seconds_total');
    assert.equal(odd?.[5], value(texts.prometheus, 'octavo_target_cpu_seconds_total{target="db.service"}'));
  });
});
