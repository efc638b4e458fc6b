// Puts the dashboard's page together: one script, one style, one document. In dist/page as they are, in the package packed.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';
import { root } from './prepare.mjs';

const SOURCE = join(root, 'src/dashboard/page');

/** `build`: that of rolldown. `out`: the folder of the package. */
export async function bundlePage(build, out) {
  const { dashboardStyle } = await import(pathToFileURL(join(root, 'dist/src/dashboard/view/style.js')).href);
  const files = {
    'index.html': readFileSync(join(SOURCE, 'index.html'), 'utf8'),
    'app.css': `${dashboardStyle()}\n`,
    'app.js': await script(build),
  };
  for (const folder of [join(root, 'dist/page'), join(out, 'page')]) mkdirSync(folder, { recursive: true });
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(root, 'dist/page', name), text);
    writeFileSync(join(out, 'page', `${name}.br`), brotliCompressSync(text, quality));
  }
}

async function script(build) {
  const { output } = await build({
    cwd: root,
    input: join(SOURCE, 'main.ts'),
    platform: 'browser',
    resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
    plugins: [widthsAlone()],
    logLevel: 'warn',
    write: false,
    output: { format: 'es', minify: true, comments: false, codeSplitting: false },
  });
  return output[0].code;
}

/** Browsers have letters of their own: of the outlines (reports/drawing/glyph-outlines.ts) only the widths are needed. */
function widthsAlone() {
  return {
    name: 'widths-alone',
    async load(id) {
      if (!id.endsWith('/glyph-outlines.ts')) return null;
      const path = join(root, 'dist/src/reports/drawing/glyph-outlines.js');
      const tables = await import(pathToFileURL(path).href);
      const widths = (letters) =>
        `Object.fromEntries(${JSON.stringify(Object.keys(letters).join(''))}.split('').map((one, at) => [one, [${JSON.stringify(Object.values(letters).map(([width]) => width))}[at], '']]))`;
      const code = Object.entries(tables).map(
        ([name, letters]) => `export const ${name} = ${widths(letters)};`,
      );
      return { code: code.join('\n'), moduleType: 'js' };
    },
  };
}
