/** What is wrong in a configuration, all of it, each with its place. */
import { nearest } from '../../base/nearest.js';
import { KINDS, type Kinds, wrongParameter } from '../../config/kinds.js';
import { type Catalogue, type Field, fieldsOf } from '../../vocabulary/kind.js';
import { QUANTITIES } from '../../vocabulary/quantities.js';
import { schemaWords } from '../../vocabulary/schema-words.js';
import { fieldOf, innerOf, keysOf, type Section } from './section.js';
import { CONFIGURATION } from './sections.js';
import { type Branch, overlaid, type Place, type Problem, plainOf, type Tree } from './tree.js';

type Path = readonly (string | number)[];

/** Keys that do not exist and values that no key can have. What must be there may still be missing. */
export function valueProblems(tree: Branch, section = CONFIGURATION, path: Path = []): readonly Problem[] {
  return [...tree.entries].flatMap(([key, value]): readonly Problem[] => {
    const at = [...path, key];
    const field = fieldOf(section, key);
    if (field !== undefined) return fieldProblems(section, field, value, at);
    const inner = innerOf(section, key);
    if (inner === undefined) return [problem(value.at, at, unknownKey(section, key))];
    if (section.lists?.[key] !== undefined) return listProblems(inner, value, at);
    if (value.kind === 'branch') return valueProblems(value, inner, at);
    return isEmpty(value)
      ? []
      : [problem(value.at, at, `must be a set of keys: ${keysOf(inner).join(', ')}`)];
  });
}

function listProblems(inner: Section, value: Tree, path: Path): readonly Problem[] {
  if (isEmpty(value)) return [];
  if (value.kind !== 'list')
    return [problem(value.at, path, `must be a list, each entry with the keys ${keysOf(inner).join(', ')}`)];
  return value.items.flatMap((item, index) =>
    item.kind === 'branch'
      ? valueProblems(item, inner, [...path, index])
      : [problem(item.at, [...path, index], `must be a set of keys: ${keysOf(inner).join(', ')}`)],
  );
}

function isEmpty(tree: Tree): boolean {
  return tree.kind === 'leaf' && tree.value === null;
}

/** Returns the sentence for a key that the section does not have, with the most similar one that it has. */
export function unknownKey(section: Section, key: string): string {
  const known = keysOf(section);
  const meant = nearest(key, known);
  return meant === undefined
    ? `unknown key; there are ${known.join(', ')}`
    : `unknown key; did you mean \`${meant}\`?`;
}

function fieldProblems(section: Section, field: Field, value: Tree, path: Path): readonly Problem[] {
  if (isEmpty(value)) return [problem(value.at, path, `has no value; ${acceptedWords(field)}`)];
  const schema = section.fields.shape[field.name] as { safeParse: typeof section.fields.safeParse };
  const found = schema.safeParse(givenValue(field, plainOf(value)), { error: schemaWords });
  if (found.success) return [];
  return found.error.issues.map((issue) => {
    const [index] = issue.path;
    const item = value.kind === 'list' && typeof index === 'number' ? value.items[index] : undefined;
    return problem(item?.at ?? value.at, [...path, ...issue.path.map(pathPart)], issue.message);
  });
}

const pathPart = (part: PropertyKey) => (typeof part === 'number' ? part : String(part));

/** `must be …`, with every value that a field takes. */
export function acceptedWords({ spelling }: Field): string {
  switch (spelling.type) {
    case 'quantity': {
      const { name, example, show } = QUANTITIES[spelling.unit];
      return `must be a ${name} from ${show(spelling.min)} to ${show(spelling.max)}, such as ${example}`;
    }
    case 'switch':
      return 'must be true or false';
    case 'choice':
      return `must be one of ${spelling.values.join(', ')}`;
    case 'text':
      return `must be ${spelling.parse.accepts}${spelling.isList ? '; one, or a list' : ''}`;
  }
}

/**
 * A value of a file as the field takes it. A number is what the command line would make of it (a duration in seconds), and
 * one value may stand for a list of one.
 */
export function givenValue({ spelling }: Field, value: unknown): unknown {
  if (spelling.type === 'quantity' && typeof value === 'number') return String(value);
  if (spelling.type === 'text' && spelling.isList && !Array.isArray(value)) return [textOf(value)];
  if (spelling.type === 'text' && Array.isArray(value)) return value.map(textOf);
  return spelling.type === 'text' ? textOf(value) : value;
}

/** A name that consists of digits is a number to YAML. */
function textOf(value: unknown): unknown {
  return typeof value === 'number' ? String(value) : value;
}

/** What is missing, and what does not fit together. `tree` holds all files. */
export function wholeProblems(tree: Branch): readonly Problem[] {
  const targets = entriesOf(tree, 'targets');
  return [
    ...missingKeys(tree, CONFIGURATION, []),
    ...targets.flatMap((target, index) => targetProblems(tree, target, ['targets', index])),
    ...entriesOf(tree, 'deny').flatMap((one, index) =>
      one.entries.size === 0 ? [problem(one.at, ['deny', index], NOTHING)] : [],
    ),
    ...twice(targets),
    ...unreachable(targets),
  ];
}

const NOTHING = 'matches nothing; give unit, cgroup, container, pod, namespace, vm or command';
/**
 * Most targets of a configuration: each costs a few kilobytes, and a scan of the list for each new process.
 */
export const MOST_TARGETS = 256;

/** Returns the sections in a list of the tree; empty where the key is absent or no list. */
export function entriesOf(tree: Branch, key: string): readonly Branch[] {
  const list = tree.entries.get(key);
  return list?.kind === 'list' ? list.items.filter((item) => item.kind === 'branch') : [];
}

function missingKeys(tree: Branch, section: Section, path: Path): readonly Problem[] {
  const own = fieldsOf(section.fields).flatMap((field) =>
    field.isRequired && !tree.entries.has(field.name)
      ? [problem(tree.at, [...path, field.name], `is missing; it ${acceptedWords(field)}`)]
      : [],
  );
  const inner = Object.entries(section.lists ?? {}).flatMap(([key, item]) =>
    entriesOf(tree, key).flatMap((one, index) => missingKeys(one, item, [...path, key, index])),
  );
  return [...own, ...inner];
}

function targetProblems(tree: Branch, target: Branch, path: Path): readonly Problem[] {
  const match = target.entries.get('match');
  const nothing =
    match?.kind === 'branch' && match.entries.size > 0
      ? []
      : [problem(match?.at ?? target.at, [...path, 'match'], NOTHING)];
  return [...nothing, ...kindProblems(effective(tree, target), target, path, KINDS)];
}

/** A target with what it has from `defaults`. */
export function effective(tree: Branch, target: Branch): Branch {
  const defaults = tree.entries.get('defaults');
  return defaults?.kind === 'branch' ? overlaid(defaults, target) : target;
}

/** Parameters that the target itself names must be those of what it chose. */
function kindProblems(whole: Branch, target: Branch, path: Path, kinds: Kinds): readonly Problem[] {
  const policy = textAt(whole, 'policy') ?? 'chain';
  const chosen: readonly (readonly [keyof typeof ROLES, string, Catalogue])[] = [
    ['parameters', 'policy', picked(kinds.policies, [policy])],
    ['sourceParameters', 'source', picked(kinds.sources, listAt(whole, 'sources') ?? ['occupancy'])],
    ['actuatorParameters', 'actuator', picked(kinds.actuators, listAt(whole, 'actuators'))],
  ];
  const strange = chosen.flatMap(([key, role, some]) => {
    const given = target.entries.get(key);
    if (given?.kind !== 'branch' || Object.keys(some).length === 0) return [];
    return [...given.entries].flatMap(([name, value]) =>
      // What no kind at all has is told already.
      hasParameter(some, name) || !hasParameter(kinds[ROLES[key]], name)
        ? []
        : [
            problem(
              value.at,
              [...path, key, name],
              `is no parameter of ${role} ${Object.keys(some).join(', ')}`,
            ),
          ],
    );
  });
  return [...strange, ...goalProblems(target, path, policy, kinds), ...metricProblems(whole, path)];
}

/** A metric needs one place where its value is. */
function metricProblems(whole: Branch, path: Path): readonly Problem[] {
  const guards = whole.entries.get('guards');
  const metric = guards?.kind === 'branch' ? guards.entries.get('metric') : undefined;
  if (metric?.kind !== 'branch') return [];
  const one = (keys: readonly string[]) => keys.filter((key) => metric.entries.has(key)).length;
  const at = [...path, 'guards', 'metric'];
  if (one(['file', 'command', 'query']) !== 1)
    return [problem(metric.at, at, 'needs either file, command or query')];
  const controls = ['controlFile', 'controlCommand', 'controlQuery'];
  if (one(controls) > 1) return [problem(metric.at, at, `has two controls: ${controls.join(', ')}`)];
  if (one(['prometheus']) === 0 && one(['query', 'controlQuery']) > 0)
    return [problem(metric.at, at, 'has a query, and no prometheus to ask')];
  return [];
}

const ROLES = {
  parameters: 'policies',
  sourceParameters: 'sources',
  actuatorParameters: 'actuators',
} as const;

function hasParameter(kinds: Catalogue, name: string): boolean {
  return Object.values(kinds).some(({ parameters }) => Object.hasOwn(parameters.shape, name));
}

function goalProblems(target: Branch, path: Path, policy: string, { policies }: Kinds): readonly Problem[] {
  const goal = target.entries.get('goal');
  if (goal === undefined || goal.kind !== 'leaf' || !Object.hasOwn(policies, policy)) return [];
  const kind = policies[policy];
  if (!Object.hasOwn(kind.parameters.shape, 'goal')) {
    const having = Object.keys(policies).filter((name) =>
      Object.hasOwn(policies[name].parameters.shape, 'goal'),
    );
    return [problem(goal.at, [...path, 'goal'], `policy ${policy} has no goal; ${having.join(', ')} has`)];
  }
  const wrong = wrongParameter(kind, { goal: goal.value });
  return wrong?.name === 'goal' ? [problem(goal.at, [...path, 'goal'], wrong.problem)] : [];
}

function picked(kinds: Catalogue, names: readonly string[] | undefined): Catalogue {
  if (names === undefined) return kinds;
  return Object.fromEntries(Object.entries(kinds).filter(([name]) => names.includes(name)));
}

/** Returns the text at a key; undefined where it is absent or no text. */
export function textAt(tree: Branch, key: string): string | undefined {
  const found = tree.entries.get(key);
  return found?.kind === 'leaf' && typeof found.value === 'string' ? found.value : undefined;
}

function listAt(tree: Branch, key: string): readonly string[] | undefined {
  const found = tree.entries.get(key);
  if (found === undefined) return undefined;
  const plain = plainOf(found);
  return (Array.isArray(plain) ? plain : [plain]).map(String);
}

function twice(targets: readonly Branch[]): readonly Problem[] {
  const seen = new Map<string, Place>();
  const found: Problem[] = [];
  targets.forEach((target, index) => {
    const name = textAt(target, 'name');
    if (name === undefined) return;
    const first = seen.get(name);
    if (first !== undefined)
      found.push(
        problem(
          target.at,
          ['targets', index, 'name'],
          `\`${name}\` is the name of the target at ${first.file}:${first.line} as well`,
        ),
      );
    else seen.set(name, target.at);
  });
  const surplus = targets[MOST_TARGETS];
  if (surplus !== undefined)
    found.push(
      problem(surplus.at, ['targets', MOST_TARGETS], `is one too many: at most ${MOST_TARGETS} targets`),
    );
  return found;
}

/** Behind a target that takes everything no other is reached. */
function unreachable(targets: readonly Branch[]): readonly Problem[] {
  const all = targets.findIndex((target) => {
    const match = target.entries.get('match');
    if (match?.kind !== 'branch' || match.entries.size !== 1) return false;
    return (
      listAt(match, 'command')?.includes('*') === true || listAt(match, 'cgroup')?.includes('/**') === true
    );
  });
  if (all < 0) return [];
  const name = textAt(targets[all], 'name') ?? `number ${all + 1}`;
  return targets
    .slice(all + 1)
    .map((target, index) =>
      problem(
        target.at,
        ['targets', all + 1 + index],
        `is never reached: target ${name} before it takes every process`,
      ),
    );
}

function problem({ file, line, column }: Place, path: Path, text: string): Problem {
  return { file, line, column, key: path.join('.'), problem: text };
}
