/** From files to a configuration, or to everything that is wrong with them. */
import type { Host } from '../../host/host.js';
import { OctavoError } from '../../vocabulary/errors.js';
import { valueProblems, wholeProblems } from './check.js';
import { compiled } from './compile.js';
import type { Configuration } from './configuration.js';
import { type Branch, overlaid, type Problem, readTree } from './tree.js';

/**
 * What reading came to: the tree for `config print`, the problems for `config check`, the configuration for
 * the agent.
 */
export interface ReadConfiguration {
  /** All files laid over each other; what could not be parsed is left out. */
  readonly tree: Branch;
  readonly files: readonly string[];
  readonly problems: readonly Problem[];
  /** Undefined when there is any problem. */
  readonly configuration: Configuration | undefined;
}

/** Larger files are a mistake. */
const MOST_BYTES = 2 ** 20;

/** A configuration file with its drop-ins, `FILE.d/*.yaml` in the order of their names. Throws FILE_UNREADABLE. */
export function readConfiguration(host: Host, path: string): ReadConfiguration {
  const files = [path, ...dropIns(host, path)];
  const problems: Problem[] = [];
  let tree: Branch = { kind: 'branch', at: { file: path, line: 1, column: 1 }, entries: new Map() };
  for (const file of files) {
    const read = readTree(textOf(host, file), file);
    if (!read.ok) {
      problems.push(read.problem);
      continue;
    }
    problems.push(...valueProblems(read.tree));
    tree = overlaid(tree, read.tree);
  }
  // What is missing is told of whole files only: it may stand in the part that could not be read.
  if (problems.every(({ key }) => key !== '')) problems.push(...wholeProblems(tree));
  const configuration = problems.length === 0 ? compiled(tree, files) : undefined;
  return { tree, files, problems, configuration };
}

/** Everything that is wrong with a text that stands for a whole configuration. */
export function problemsOfText(text: string): readonly Problem[] {
  const read = readTree(text, '');
  if (!read.ok) return [read.problem];
  const problems = valueProblems(read.tree);
  return problems.length > 0 ? problems : wholeProblems(read.tree);
}

function dropIns(host: Host, path: string): readonly string[] {
  const listed = host.files.list(`${path}.d`);
  if (!listed.ok) return [];
  return listed.value
    .filter((name) => /^[^.].*\.ya?ml$/.test(name))
    .sort()
    .map((name) => `${path}.d/${name}`);
}

function textOf(host: Host, path: string): string {
  const text = host.files.readText(path);
  if (!text.ok) throw new OctavoError('FILE_UNREADABLE', { path, errno: text.error.errno });
  if (text.value.length > MOST_BYTES) throw new OctavoError('FILE_UNREADABLE', { path, errno: 'EFBIG' });
  return text.value;
}

/** The configuration. Throws CONFIGURATION_INVALID that names the first problem, and FILE_UNREADABLE. */
export function loadConfiguration(host: Host, path: string): Configuration {
  const { configuration, problems } = readConfiguration(host, path);
  if (configuration !== undefined) return configuration;
  const [{ file, line, column, key, problem }] = problems;
  throw new OctavoError('CONFIGURATION_INVALID', {
    ...{ file, line, column, key: key === '' ? '(the file)' : key, problem },
    more: problems.length === 1 ? '' : `, and ${problems.length - 1} more`,
    path,
  });
}
