/** Scenario text to a checked scenario. Whatever is wrong is told with file, line and key before anything runs. */
import { isAlias, isCollection, isMap, isSeq, LineCounter, parseDocument } from 'yaml';
import type * as z from 'zod';
import { OctavoError } from '../vocabulary/errors.js';
import { unknownTarget } from './damon-runs.js';
import { type Scenario, ScenarioSchema } from './scenario.js';
import { refusedSetting } from './thp-settings.js';
import { isWorkloadName, WORKLOADS } from './workloads/catalogue.js';

type Path = readonly PropertyKey[];

/** Parses and checks a scenario. `path` names the file in messages. */
export function parseScenario(text: string, path: string): Scenario {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const broken = document.errors[0];
  if (broken !== undefined) {
    const line = lines.linePos(broken.pos[0]).line;
    throw malformed(path, line, '', broken.message.split('\n')[0]);
  }
  const lineOf = (key: Path): number => lines.linePos(positionOf(document.contents, key)).line;
  const raw: unknown = document.toJS({ maxAliasCount: 100 });
  const found = ScenarioSchema.safeParse(raw);
  if (!found.success) throw refusal(path, lineOf, deepest(found.error.issues[0]));
  checkWorkloads(found.data, path, lineOf);
  checkMemory(found.data, path, lineOf);
  checkSettings(found.data, path, lineOf);
  checkTargets(found.data, path, lineOf);
  return found.data;
}

/** The text with one key changed: `host.cpu`, `processes.0.with.size`. The key need not be there yet. */
export function withValue(text: string, path: string, key: string, value: string): string {
  const document = parseDocument(text);
  const names = key.split('.').map((name) => (/^\d+$/.test(name) ? Number(name) : name));
  try {
    document.setIn(names, parseDocument(value).toJS());
  } catch (problem) {
    throw malformed(path, 1, key, problem instanceof Error ? problem.message : 'cannot be set');
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
function checkWorkloads(scenario: Scenario, path: string, lineOf: (key: Path) => number): void {
  for (const [index, process] of scenario.processes.entries()) {
    if (!isWorkloadName(process.workload)) {
      const key = ['processes', index, 'workload'];
      const message = `no workload is called ${process.workload}; there are ${Object.keys(WORKLOADS).join(', ')}`;
      throw refusal(path, lineOf, { path: key, message });
    }
    const found = WORKLOADS[process.workload].parameters.safeParse(process.with);
    if (!found.success)
      throw refusal(path, lineOf, deepest(found.error.issues[0], ['processes', index, 'with']));
  }
}

/** Processes that kdamonds, events and the agent speak of. */
function checkTargets(scenario: Scenario, path: string, lineOf: (key: Path) => number): void {
  const names = scenario.processes.map(({ name }) => name);
  const unknown = unknownTarget(scenario.damon, new Set(names)) ?? unknownProcess(scenario, names);
  if (unknown === undefined) return;
  const message = `no process is called ${unknown.name}; there are ${names.join(', ')}`;
  throw refusal(path, lineOf, { path: unknown.path, message });
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

const SMALLEST_MEMORY = 64 * 2 ** 20;
const LARGEST_MEMORY = 4 * 2 ** 40;

function checkMemory(scenario: Scenario, path: string, lineOf: (key: Path) => number): void {
  const { memory } = scenario.host;
  if (memory >= SMALLEST_MEMORY && memory <= LARGEST_MEMORY && memory % (2 * 2 ** 20) === 0) return;
  const message = 'memory must be a multiple of 2 MiB between 64 MiB and 4 TiB';
  throw refusal(path, lineOf, { path: ['host', 'memory'], message });
}

/** THP files are the kernel's own: those of the scenario's release, which also judges what is written. */
function checkSettings(scenario: Scenario, path: string, lineOf: (key: Path) => number): void {
  const refused = refusedSetting(scenario);
  if (refused === undefined) return;
  const { name, value, errno } = refused;
  const message =
    errno === 'ENOENT'
      ? 'this kernel has no such file below transparent_hugepage'
      : `the kernel refuses ${JSON.stringify(value)} with ${errno}`;
  throw refusal(path, lineOf, { path: ['host', 'thp', name], message });
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
