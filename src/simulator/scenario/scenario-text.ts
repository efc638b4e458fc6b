/** Scenario text to a checked scenario. Whatever is wrong is told with file, line and key before anything runs. */

import { isAlias, isCollection, isMap, isSeq, parseDocument } from 'yaml';
import type * as z from 'zod';
import { problemsOfText } from '../../agent/configuration/read.js';
import { isPolicyName, POLICY_NAMES, wrongPolicyParameter } from '../../config/policy-words.js';
import { parseYaml } from '../../formats/yaml.js';
import { CPUS } from '../../model/cpus/catalogue.js';
import { type Architecture, geometryOf } from '../../model/kernel/state/options.js';
import { OctavoError } from '../../vocabulary/errors.js';
import { schemaWords } from '../../vocabulary/schema-words.js';
import { GIB, KIB, MIB } from '../../vocabulary/units.js';
import { isWorkloadName, WORKLOADS } from '../workloads/catalogue.js';
import { unknownTarget } from './damon-text.js';
import { type Scenario, ScenarioSchema } from './scenario.js';
import { absentFile, refusedSetting } from './thp-text.js';

type Path = readonly PropertyKey[];

/** Parses and checks a scenario. `path` names the file in messages. */
export function parseScenario(text: string, path: string): Scenario {
  const yaml = parseYaml(text);
  if (!yaml.ok) throw malformed(path, yaml.error.line, '', yaml.error.problem);
  const { document, lines, value } = yaml.value;
  const lineOf = (key: Path): number => lines.linePos(positionOf(document.contents, key)).line;
  const found = ScenarioSchema.safeParse(value, { error: schemaWords });
  if (!found.success) throw refusal(path, lineOf, deepest(found.error.issues[0]));
  const checks = [
    checkWorkloads,
    checkMemory,
    checkSettings,
    checkNames,
    checkTargets,
    checkAgent,
    checkService,
    checkStops,
    checkTimes,
  ];
  for (const check of checks) {
    const problem = check(found.data);
    if (problem !== undefined) throw refusal(path, lineOf, problem);
  }
  return found.data;
}

/** The text with one key changed: `host.cpu`, `processes.0.with.size`. The key need not be there yet. */
export function withValue(text: string, path: string, key: string, value: string): string {
  const document = parseDocument(text);
  const names = key.split('.').map((name) => (/^\d+$/.test(name) ? Number(name) : name));
  try {
    document.setIn(names, parseDocument(value).toJS());
  } catch {
    throw malformed(
      path,
      1,
      key,
      `cannot be set to \`${value}\`: there is no such place, or that is no value`,
    );
  }
  return document.toString();
}

interface Problem {
  readonly path: Path;
  readonly message: string;
}

/** The innermost key an issue speaks of: unrecognised keys and unions know better than their parents. */
function deepest(issue: z.core.$ZodIssue, prefix: Path = []): Problem {
  const path = [...prefix, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return { path: [...path, issue.keys[0]], message: `unknown key ${issue.keys[0]}` };
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const inner = issue.errors.flat().find((one) => one.path.length > 0);
    if (inner !== undefined) return deepest(inner, path);
  }
  return { path, message: issue.message };
}

function refusal(path: string, lineOf: (key: Path) => number, problem: Problem): OctavoError {
  return malformed(path, lineOf(problem.path), problem.path.map(String).join('.'), problem.message);
}

function malformed(path: string, line: number, key: string, problem: string): OctavoError {
  return new OctavoError('SCENARIO_INVALID', { path, line, key: key === '' ? '(the file)' : key, problem });
}

/** Each workload knows its own parameters; they are checked here, with the scenario's own place names. */
function checkWorkloads(scenario: Scenario): Problem | undefined {
  for (const [index, process] of scenario.processes.entries()) {
    if (!isWorkloadName(process.workload)) {
      const message = `no workload is called ${process.workload}; there are ${Object.keys(WORKLOADS).join(', ')}`;
      return { path: ['processes', index, 'workload'], message };
    }
    const found = WORKLOADS[process.workload].parameters.safeParse(process.with, { error: schemaWords });
    if (!found.success) return deepest(found.error.issues[0], ['processes', index, 'with']);
  }
  return undefined;
}

/** Outcomes, events and targets tell processes apart by their names alone. */
function checkNames({ processes }: Scenario): Problem | undefined {
  const names = processes.map(({ name }) => name);
  const again = names.findIndex((name, index) => names.indexOf(name) < index);
  if (again < 0) return undefined;
  return { path: ['processes', again, 'name'], message: `a second process is called ${names[again]}` };
}

/** Processes that kdamonds, events and the agent speak of. */
function checkTargets(scenario: Scenario): Problem | undefined {
  const names = scenario.processes.map(({ name }) => name);
  const unknown = unknownTarget(scenario.damon, new Set(names)) ?? unknownProcess(scenario, names);
  if (unknown === undefined) return undefined;
  return {
    path: unknown.path,
    message: `no process is called ${unknown.name}; there are ${names.join(', ')}`,
  };
}

function checkAgent({ agent }: Scenario): Problem | undefined {
  if (agent === undefined) return undefined;
  if (!isPolicyName(agent.policy)) {
    const message = `no policy is called ${agent.policy}; there are ${POLICY_NAMES.join(', ')}`;
    return { path: ['agent', 'policy'], message };
  }
  const wrong = wrongPolicyParameter(agent.policy, agent.parameters);
  return wrong && { path: ['agent', 'parameters', wrong.name], message: wrong.problem };
}

/** The configuration is held against its own schema; the first problem is told with the scenario's own key. */
function checkService({ agent, service }: Scenario): Problem | undefined {
  if (service === undefined) return undefined;
  if (agent !== undefined) return { path: ['service'], message: 'cannot stand beside `agent`' };
  const [problem] = problemsOfText(JSON.stringify(service.configuration));
  if (problem === undefined) return undefined;
  const key = problem.key.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  return { path: ['service', 'configuration', ...key], message: problem.problem };
}

function checkStops({ processes }: Scenario): Problem | undefined {
  for (const [index, { start, stop, repeat }] of processes.entries()) {
    if (stop !== undefined && stop <= start)
      return { path: ['processes', index, 'stop'], message: 'must come after the start' };
    if (repeat !== undefined && (stop === undefined || repeat < stop - start))
      return {
        path: ['processes', index, 'repeat'],
        message: 'needs a stop that comes before it starts again',
      };
  }
  return undefined;
}

/** More rows than this cannot be read and take longer than the simulation. */
const MOST_ROWS = 100_000;

/** What lies beyond the end would silently not happen. */
function checkTimes({ duration, report, warmUp, processes, events, damon }: Scenario): Problem | undefined {
  const rows = Math.ceil(duration / report);
  if (rows > MOST_ROWS)
    return { path: ['report'], message: `makes ${rows} rows of the timeline; at most ${MOST_ROWS}` };
  if (warmUp >= duration) return { path: ['warmUp'], message: 'must end before the duration does' };
  const late = [
    ...processes.map(({ start }, index) => ({ path: ['processes', index, 'start'], at: start })),
    ...events.map(({ at }, index) => ({ path: ['events', index, 'at'], at })),
    ...damon.map(({ at }, index) => ({ path: ['damon', index, 'at'], at })),
  ].find(({ at }) => at > duration);
  return late && { path: late.path, message: 'lies beyond the duration' };
}

function unknownProcess(
  { events, agent }: Scenario,
  names: readonly string[],
): { path: Path; name: string } | undefined {
  for (const [index, event] of events.entries()) {
    for (const kind of ['advise', 'split'] as const) {
      const name = event[kind]?.process;
      if (name !== undefined && !names.includes(name))
        return { path: ['events', index, kind, 'process'], name };
    }
  }
  for (const [index, name] of (agent?.targets ?? []).entries())
    if (!names.includes(name)) return { path: ['agent', 'targets', index], name };
  return undefined;
}

const SMALLEST_MEMORY = 64 * MIB;
const LARGEST_MEMORY = 4096 * GIB;

function checkMemory({ host }: Scenario): Problem | undefined {
  const { architecture } = CPUS[host.cpu];
  const geometry = geometryOf(architecture, host.pageSize);
  if (geometry === undefined)
    return {
      path: ['host', 'pageSize'],
      message: `${architecture} has base pages of ${pageSizesOf(architecture)}`,
    };
  const { blockBytes } = geometry;
  const least = Math.max(SMALLEST_MEMORY, 2 * blockBytes);
  if (host.memory >= least && host.memory <= LARGEST_MEMORY && host.memory % blockBytes === 0)
    return undefined;
  const [block, smallest] = [blockBytes, least].map((bytes) => `${bytes / MIB} MiB`);
  return {
    path: ['host', 'memory'],
    message: `memory must be a multiple of ${block} between ${smallest} and 4 TiB`,
  };
}

function pageSizesOf(architecture: Architecture): string {
  return ['4KiB', '16KiB', '64KiB']
    .filter((size) => geometryOf(architecture, Number.parseInt(size, 10) * KIB) !== undefined)
    .join(', ');
}

/** Files are the kernel's own: those of the scenario's release, which also judges what is written to THP's. */
function checkSettings(scenario: Scenario): Problem | undefined {
  const refused = refusedSetting(scenario);
  if (refused !== undefined) {
    const { name, value, errno } = refused;
    const message =
      errno === 'ENOENT'
        ? 'this kernel has no such file below transparent_hugepage'
        : `the kernel refuses ${JSON.stringify(value)} with ${errno}`;
    return { path: ['host', 'thp', name], message };
  }
  const absent = absentFile(scenario);
  return absent === undefined
    ? undefined
    : { path: ['events', absent, 'write', 'path'], message: 'this kernel has no such file' };
}

/** Where a key stands in the text; for a missing one, where its parent stands. */
function positionOf(node: unknown, key: Path): number {
  if (key.length > 0 && isCollection(node) && !isAlias(node)) {
    const pair = isMap(node) ? node.items.find((item) => String(item.key) === String(key[0])) : undefined;
    if (pair !== undefined) {
      const named = (pair.key as { range?: [number, number, number] }).range?.[0] ?? 0;
      return key.length === 1 || pair.value === null ? named : positionOf(pair.value, key.slice(1));
    }
    if (isSeq(node) && typeof key[0] === 'number' && node.items[key[0]] !== undefined) {
      return positionOf(node.items[key[0]], key.slice(1));
    }
  }
  return (node as { range?: [number, number, number] } | null)?.range?.[0] ?? 0;
}
