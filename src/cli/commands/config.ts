import { buildRouteMap } from '@stricli/core';
import { effectiveLines } from '../../agent/configuration/effective.js';
import { everyKey, explained, type KeyText } from '../../agent/configuration/explain.js';
import { configurationSchema } from '../../agent/configuration/json-schema.js';
import { loadConfiguration, readConfiguration } from '../../agent/configuration/read.js';
import { unitText } from '../../agent/configuration/unit.js';
import { EXIT } from '../../vocabulary/errors.js';
import { command, jsonFlag, LOOKS } from '../command.js';
import { parseWord } from '../parameters.js';
import { plural } from '../print/units.js';

const fileParameter = {
  kind: 'tuple',
  parameters: [{ placeholder: 'file', brief: 'Configuration of the agent', parse: parseWord }],
} as const;

const EXITS: readonly (readonly [number, string])[] = [
  [EXIT.badInput, 'the configuration is wrong or cannot be read'],
];

type JsonFlag = { readonly json: boolean };

/** `octavo config check FILE`: every problem with file, line, column and key. */
export const configCheckCommand = command<JsonFlag, [string]>(
  {
    brief: 'tell everything that is wrong with a configuration of the agent',
    description: [
      'Reads FILE and its drop-ins, FILE.d/*.yaml in the order of their names. Each problem has file, line, column and key,',
      'and says what the key takes.',
    ].join('\n'),
    examples: [['octavo config check /etc/octavo/agent.yaml', 'before `systemctl reload octavo`']],
    effect: LOOKS,
    exits: EXITS,
  },
  { flags: { json: jsonFlag }, positional: fileParameter },
  function ({ json }, file) {
    const { files, problems, configuration } = readConfiguration(this.host, file);
    if (json) {
      const targets = configuration?.targets.map(({ name, act, policy }) => ({ name, act, policy })) ?? [];
      this.printJson({ octavo: 'config-check', version: 1, files, problems, targets });
    } else {
      for (const { file: where, line, column, key, problem } of problems)
        this.print(`${where}:${line}:${column}: ${key === '' ? '' : `${key} `}${problem}`);
      if (configuration !== undefined) {
        const acting = configuration.targets.filter(({ act }) => act).length;
        const all = plural(configuration.targets.length, 'target');
        this.print(
          `${file}: ${all}, ${acting} of them may be acted on; ${plural(files.length, 'file')}, nothing is wrong`,
        );
      }
    }
    if (problems.length > 0) this.endsWith('badInput');
  },
);

/** `octavo config explain [KEY]`. */
export const configExplainCommand = command<JsonFlag, [string?]>(
  {
    brief: 'tell what a key of the agent’s configuration does and takes',
    description:
      'Without a key it lists all of them. Keys in other keys are written with dots: targets.budgets.lockShare.',
    examples: [['octavo config explain targets.hours', 'what hours are written like']],
    effect: LOOKS,
  },
  {
    flags: { json: jsonFlag },
    positional: {
      kind: 'tuple',
      parameters: [
        { placeholder: 'key', brief: 'Key, with dots for keys in keys', parse: parseWord, optional: true },
      ],
    },
  },
  function ({ json }, key) {
    const keys = key === undefined ? everyKey() : [explained(key)];
    if (json) this.printJson({ octavo: 'config-keys', version: 1, keys });
    else if (key === undefined) for (const one of keys) this.print(`${one.key}: ${one.brief}`);
    else for (const line of keyLines(keys[0])) this.print(line);
  },
);

function keyLines({ key, brief, accepts, fallback, isRequired, keys }: KeyText): readonly string[] {
  const title = `${key === '' ? 'the configuration' : key}: ${brief}`;
  if (keys.length > 0) return [title, `It holds ${keys.join(', ')}.`];
  const absent = isRequired ? 'It must be given.' : 'It need not be given.';
  return [title, `It ${accepts}.`, fallback === undefined ? absent : `Without it: ${fallback}.`];
}

/** `octavo config print FILE`: the configuration in effect, each value with its origin. */
export const configPrintCommand = command<JsonFlag, [string]>(
  {
    brief: 'print a configuration of the agent as it is in effect',
    description:
      'Every key with its value and, behind it, the file and line that it comes from. The output is a configuration, too.',
    examples: [['octavo config print /etc/octavo/agent.yaml', 'what holds after all drop-ins']],
    effect: LOOKS,
    exits: EXITS,
  },
  { flags: { json: jsonFlag }, positional: fileParameter },
  function ({ json }, file) {
    loadConfiguration(this.host, file);
    const { tree, files } = readConfiguration(this.host, file);
    const lines = effectiveLines(tree);
    if (json) {
      this.printJson({ octavo: 'config', version: 1, files, lines });
      return;
    }
    for (const { depth, begins, key, value, origin } of lines) {
      const text = `${'  '.repeat(depth)}${begins ? '- ' : ''}${key}:${value === '' ? '' : ` ${value}`}`;
      this.printExact(origin === '' ? text : `${text.padEnd(47)} # ${origin}`);
    }
  },
);

/** `octavo config schema`: for editors. */
export const configSchemaCommand = command<Record<never, never>, []>(
  {
    brief: 'print the JSON Schema of the agent’s configuration',
    description:
      'For editors: with `# yaml-language-server: $schema=FILE` in the first line they complete and check as you type.',
    examples: [['octavo config schema > octavo-agent.schema.json', 'for editors']],
    effect: LOOKS,
  },
  { flags: {} },
  function () {
    this.printExact(JSON.stringify(configurationSchema(), undefined, 2));
  },
);

type UnitFlags = { readonly program: string; readonly config: string };

/** `octavo config unit`: octavo.service for systemd. */
export const configUnitCommand = command<UnitFlags, []>(
  {
    brief: 'print the systemd unit of the agent',
    description: [
      'With a watchdog, bounds on memory, the fewest capabilities and a closed system around it. Write it to',
      '/etc/systemd/system/octavo.service and read docs/agent.md, which argues its lines.',
    ].join('\n'),
    examples: [
      ['octavo config unit > /etc/systemd/system/octavo.service', 'then `systemctl enable --now octavo`'],
    ],
    effect: LOOKS,
  },
  {
    flags: {
      program: {
        kind: 'parsed',
        parse: parseWord,
        brief: 'How octavo is started, as an absolute path',
        default: '/usr/bin/octavo',
        placeholder: 'path',
      },
      config: {
        kind: 'parsed',
        parse: parseWord,
        brief: 'Configuration of the agent',
        default: '/etc/octavo/agent.yaml',
        placeholder: 'file',
      },
    },
  },
  function ({ program, config }) {
    this.printBytes(new TextEncoder().encode(unitText({ program, configuration: config })));
  },
);

/** The commands below `octavo config`. */
export const configRoutes = buildRouteMap({
  routes: {
    check: configCheckCommand,
    explain: configExplainCommand,
    print: configPrintCommand,
    schema: configSchemaCommand,
    unit: configUnitCommand,
  },
  docs: { brief: 'check, explain and print configurations of the agent' },
});
