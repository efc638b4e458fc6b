import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OctavoError } from '../../vocabulary/errors.js';
import { parseScenario } from './scenario-text.js';

const scenario = (more: string, process = '') => `octavo: scenario
version: 1
about: a test of what is refused
duration: 10s
host: { cpu: zen3, memory: 64MiB }
processes:
  - { name: a, workload: zipf, with: { size: 1MiB }${process} }
${more}
`;

function refusal(text: string): string {
  try {
    parseScenario(text, 's.yaml');
  } catch (problem) {
    assert.ok(problem instanceof OctavoError && problem.code === 'SCENARIO_INVALID');
    return problem.message;
  }
  return '';
}

test('the configuration of a service is checked as that of an agent, with the place in the scenario', () => {
  const service = (keys: string) =>
    scenario(`service:\n  configuration:\n    octavo: agent\n    version: 1\n${keys}`);
  assert.equal(refusal(service('')), '');
  assert.match(refusal(service('    wacth: 1s')), /s.yaml:12.*wacth.*did you mean `watch`/);
  assert.match(refusal(service('    targets: [{ name: a, match: {} }]')), /targets.0.match.*matches nothing/);
  assert.match(
    refusal(`${service('')}agent: { policy: chain, targets: [a] }\n`),
    /service.*cannot stand beside `agent`/,
  );
});

test('a process ends after it starts, and starts again after it ended', () => {
  assert.equal(refusal(scenario('', ', start: 1s, stop: 2s, repeat: 1s')), '');
  assert.match(refusal(scenario('', ', start: 2s, stop: 2s')), /stop.*must come after the start/);
  assert.match(refusal(scenario('', ', repeat: 5s')), /repeat.*needs a stop/);
  assert.match(refusal(scenario('', ', start: 1s, stop: 4s, repeat: 2s')), /repeat.*needs a stop/);
  assert.match(refusal(scenario('', ', cgroup: nowhere')), /cgroup.*a path such as/);
  assert.match(refusal(scenario('slice: 61s')), /slice.*at most 60s/);
});
