// Documents that follow from code, and what documents say of files and commands. `--write` writes what is made from code.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { boardDocument } from './board.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const problems = [];

const { ERRORS, EXIT, EXIT_MEANINGS } = await built('src/vocabulary/errors.js');
const { COMMANDS, routes } = await built('src/cli/application/catalogue.js');
const { DOCUMENTS } = await built('src/cli/documents.js');
const write = process.argv.includes('--write');
keepErrors(join(root, 'docs', 'errors.md'), write);
keepKinds(join(root, 'docs', 'using.md'), write);
const { KINDS } = await built('src/config/kinds.js');
const { kindTable } = await built('src/cli/kind-table.js');
keepEffects(
  'docs/using.md',
  /(?<=## Policies\n\n)(\|[^\n]*\n)+/,
  `${kindTable('policy', KINDS.policies)}\n`,
  write,
);
keepEffects(
  'docs/using.md',
  /(?<=<!-- sources -->\n)(\|[^\n]*\n)+/,
  `${kindTable('source', { ...KINDS.sources, ...KINDS.recordings })}\n`,
  write,
);
keepEffects(
  'docs/using.md',
  /(?<=<!-- actuators -->\n)(\|[^\n]*\n)+/,
  `${kindTable('actuator', KINDS.actuators)}\n`,
  write,
);
const { actingCommands } = await built('src/cli/effects.js');
keepEffects('docs/using.md', /(?<=## What changes anything\n[^|]*)(\|[^\n]*\n)+/, effectsTable(), write);
keepEffects('README.md', /(?<=nothing else does: )[^(]*(?= \()/, effectsList(), write);
const { everyKey } = await built('src/agent/configuration/explain.js');
keepEffects('docs/agent.md', /(?<=<!-- keys -->\n)(\|[^\n]*\n)+/, keysTable(), write);
const { METRICS } = await built('src/metrics/table.js');
keepWhole('docs/metrics.md', metricsDocument());
keepWhole('monitoring/octavo-board.json', boardDocument());
for (const path of documents(root)) {
  const text = readFileSync(path, 'utf8');
  checkLinks(path, text);
  checkCommands(path, text);
}
if (problems.length > 0) {
  console.error(problems.join('\n'));
  console.error(`${problems.length} problems in documents (scripts/check-docs.mjs)`);
  process.exit(1);
}
console.log('documents: as the code says');

async function built(path) {
  const file = join(root, 'dist', path);
  if (existsSync(file)) return import(pathToFileURL(file).href);
  console.error(`octavo: dist/${path} is missing, run \`npm run build\` first`);
  process.exit(1);
}

function keepErrors(path, write) {
  const wanted = errorsDocument();
  if (write) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, wanted);
  } else if (!existsSync(path) || readFileSync(path, 'utf8') !== wanted) {
    problems.push(
      'docs/errors.md differs from src/vocabulary/errors.ts; `node scripts/check-docs.mjs --write`',
    );
  }
}

/** A document that is made from code as a whole. */
function keepWhole(path, wanted) {
  const file = join(root, path);
  if (write) writeFileSync(file, wanted);
  else if (!existsSync(file) || readFileSync(file, 'utf8') !== wanted)
    problems.push(`${path} differs from the code; \`node scripts/check-docs.mjs --write\``);
}

function metricsDocument() {
  const rows = METRICS.map(
    ({ name, type, labels, help }) =>
      `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`,
  );
  return `# Metrics

What \`octavo agent\` tells Prometheus, in its text format and as OpenMetrics. Where it is given out is configured: on a Unix socket or a loopback port
(\`/metrics\`, and \`/-/healthy\`, which fails when no turn ended for too long), or as a file for node_exporter's textfile collector. Board, alerts and
how to install them: [Monitoring](monitoring.md).

What is not known has no series. The label \`target\` has at most 200 values; all further targets are added up as \`other\`. A target that is gone loses
its gauges at once and its counters after an hour. No label holds a pid.

This page is made from \`src/metrics/table.ts\` by \`node scripts/check-docs.mjs --write\`.

| metric | type | labels | what it tells |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}

/** The table of JSON kinds between its marks. */
function keepKinds(path, write) {
  const text = readFileSync(path, 'utf8');
  const wanted = text.replace(
    /(<!-- kinds: [^\n]*-->\n)[\s\S]*?(<!-- end of kinds -->)/,
    (_, begin, end) => `${begin}${kindsTable()}\n${end}`,
  );
  if (wanted === text && text.includes(kindsTable())) return;
  if (write) writeFileSync(path, wanted);
  else
    problems.push(
      'docs/using.md: the kinds differ from src/cli/documents.ts; `node scripts/check-docs.mjs --write`',
    );
}

function kindsTable() {
  const rows = Object.entries(DOCUMENTS).map(
    ([kind, { from, holds }]) => `| \`${kind}\` | ${from} | ${holds} |`,
  );
  return ['', '| kind | from | holds |', '| --- | --- | --- |', ...rows, ''].join('\n');
}

/** What the code declares, in place of what `pattern` finds. */
function keepEffects(path, pattern, wanted, write) {
  const file = join(root, path);
  const text = readFileSync(file, 'utf8');
  const [found] = pattern.exec(text) ?? [];
  if (found === wanted) return;
  if (found !== undefined && write)
    writeFileSync(
      file,
      text.replace(pattern, () => wanted),
    );
  else problems.push(`${path}: a table differs from the code; \`node scripts/check-docs.mjs --write\``);
}

function effectsList() {
  return actingCommands(routes)
    .map(({ words }) => `\`${words}\``)
    .join(', ');
}

function keysTable() {
  // `defaults` has the keys of a target.
  const own = everyKey().filter(({ key }) => !key.startsWith('defaults.'));
  const rows = own.map(({ key, brief, accepts, fallback, isRequired }) => [
    `\`${key}\``,
    brief,
    accepts.replace(/^must be /, ''),
    fallback ?? (isRequired ? 'must be given' : ''),
  ]);
  return textTable([['key', 'what it does', 'takes', 'default'], ...rows]);
}

function effectsTable() {
  const rows = actingCommands(routes).map(({ words, what, when }) => [`\`${words}\``, what, when]);
  return textTable([['command', 'changes', 'when'], ...rows]);
}

/** Not padded: where cells are long, blanks would be most of the file, and the package has a bound. */
function textTable(all) {
  const line = (row) => `| ${row.join(' | ')} |\n`;
  return [line(all[0]), line(all[0].map(() => '---')), ...all.slice(1).map(line)].join('');
}

function errorsDocument() {
  const codes = Object.entries(ERRORS).sort(([left], [right]) => (left < right ? -1 : 1));
  return `# Errors

Every failure that is not a bug has a code, says what went wrong and where, and what to do about it. With \`--json\`
it is a document on standard output as well: \`{"octavo": "failure", "code", "exitCode", "message", "advice", "facts"}\`.
A refusal by the kernel in the middle of a plan is no error but a receipt, and the verdict says what came of it.

This page is made from \`src/vocabulary/errors.ts\` by \`node scripts/check-docs.mjs --write\`; the tests compare the two.

## Exit codes

| code | meaning | errors |
| --- | --- | --- |
${Object.entries(EXIT)
  .map(([name, code]) => `| ${code} | ${EXIT_MEANINGS[name]} | ${codesWith(name)} |`)
  .join('\n')}

## Codes

Words in braces are facts of the occurrence.

${codes.map(errorSection).join('\n\n')}
`;
}

function errorSection([code, { exit, says, advice }]) {
  return `### ${code}\n\nSays: ${literal(says)}\n\n${literal(advice)}\n\nExit code ${EXIT[exit]}.`;
}

/** Text as it is printed: what looks like markup in it is code anyway. */
function literal(text) {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}

function codesWith(name) {
  const codes = Object.keys(ERRORS).filter((code) => ERRORS[code].exit === name);
  return codes.sort().join(', ');
}

function* documents(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!/^(node_modules|dist|\..*)$/.test(entry.name)) yield* documents(path);
    } else if (entry.name.endsWith('.md')) yield path;
  }
}

/** Links within the repository must lead somewhere. */
function checkLinks(path, text) {
  for (const [, target] of withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^(https?:|mailto:|#)/.test(target)) continue;
    const file = resolve(dirname(path), decodeURI(target.replace(/#.*$/, '')));
    if (!existsSync(file)) problems.push(`${show(path)}: link to ${target}, which is not there`);
  }
}

/** `octavo WORD` at the start of a line of code, or of a code span, must name a command. */
function checkCommands(path, text) {
  const code = [...text.matchAll(/^```[a-z]*\n([\s\S]*?)^```/gm)].flatMap(([, block]) => block.split('\n'));
  const spans = [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/`([^`\n]+)`/g)].map(([, span]) => span);
  for (const line of [...code, ...spans]) {
    const match = /^\s*(?:\$ |# )?(?:sudo |npx )*octavo (?:--host[ =]\S+ )?([a-z][a-z-]*)/.exec(line);
    if (match && !Object.hasOwn(COMMANDS, match[1])) {
      problems.push(`${show(path)}: \`octavo ${match[1]}\` is no command`);
    }
  }
}

function withoutCode(text) {
  return text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '');
}

function show(path) {
  return relative(root, path);
}
