// Puts what `npm pack` ships into bundle/: the command line split by command, workers and child programs as files of
// their own, and the library with its types. Everything but koffi, which has a native part, is inside.
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { gzipSync } from 'node:zlib';
import { prepare, root } from './prepare.mjs';
import { preparedTexts } from './prepared-texts.mjs';

/** The program, in one file of its own: what it may not need stays in the others. */
const PROGRAM = { octavo: 'main.js' };
/** Files that are started or imported by name, relative to where the code that names them ends up: all in one folder. */
const ENTRIES = {
  supervised: 'supervised.js',
  'command-thread': 'command-thread.js',
  'worker-entry': 'host/worker-entry.js',
  'foreign-entry': 'host/linux/foreign-entry.js',
  'linux/native': 'host/linux/native.js',
  jobs: 'simulator/run/jobs.js',
};

export async function bundle() {
  // Not there before prepare() has installed it.
  const { build } = await import('esbuild');
  const outdir = join(root, 'bundle');
  rmSync(outdir, { recursive: true, force: true });
  const common = {
    absWorkingDir: root,
    outdir,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    minify: true,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  };
  const program = await build({ ...common, entryPoints: entries(PROGRAM), external: ['./supervised.js'] });
  const rest = await build({
    ...common,
    entryPoints: entries(ENTRIES),
    splitting: true,
    external: ['koffi'],
    // Its modules for browsers are those for Node as ESM, of which what is not used can be left out.
    alias: { yaml: './node_modules/yaml/browser/index.js' },
    chunkNames: '[name]-[hash]',
  });
  const metafile = {
    inputs: { ...program.metafile.inputs, ...rest.metafile.inputs },
    outputs: { ...program.metafile.outputs, ...rest.metafile.outputs },
  };
  writeFileSync(
    join(outdir, 'prepared.json.gz'),
    gzipSync(JSON.stringify(await preparedTexts()), { level: 9 }),
  );
  const launcher = readFileSync(join(root, 'src/octavo.sh'), 'utf8');
  writeFileSync(join(outdir, 'octavo.sh'), launcher.replace('/main.js', '/octavo.js'));
  for (const name of ['octavo.js', 'octavo.sh']) chmodSync(join(outdir, name), 0o755);
  writeFileSync(join(outdir, 'THIRD-PARTY.md'), notices(metafile));
  return metafile;
}

function entries(names) {
  return Object.fromEntries(Object.entries(names).map(([name, path]) => [name, join('dist/src', path)]));
}

/** The licences of the packages that ended up inside, as they ask. */
function notices(metafile) {
  const packages = new Set(
    Object.keys(metafile.inputs)
      .map((path) => /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1])
      .filter((name) => name !== undefined),
  );
  const parts = [...packages].sort().map((name) => {
    const folder = join(root, 'node_modules', name);
    const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'license', 'LICENCE'].find((one) =>
      existsSync(join(folder, one)),
    );
    const text = file === undefined ? `(${license})` : readFileSync(join(folder, file), 'utf8').trim();
    return `## ${name} ${version}\n\n${text}\n`;
  });
  return `# Packages inside this one\n\n${parts.join('\n')}`;
}

if (process.argv[1] && relative(process.argv[1], import.meta.filename) === '') {
  // The build itself calls this with --built.
  if (!process.argv.includes('--built')) prepare();
  const { outputs } = await bundle();
  const bytes = Object.values(outputs).reduce((sum, one) => sum + one.bytes, 0);
  console.log(`octavo: ${Object.keys(outputs).length} files, ${(bytes / 1e6).toFixed(2)} MB in bundle${sep}`);
}
