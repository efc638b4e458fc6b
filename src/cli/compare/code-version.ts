/** Which program this is: a hash of the code that runs cells, so that cells of another one are never taken for its own. */
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { CELL_JOB_MODULE } from '../../compare/cell-job.js';
import type { Files } from '../../host/host.js';

const CODE = /\.(js|wasm)$/;
const TESTS = /\.test\.js$/;

/** In a package all code stands in one folder; in a build of a checkout in the folders of the rooms. */
export function codeVersion(files: Files): string {
  const here = fileURLToPath(new URL('.', CELL_JOB_MODULE));
  const root = here.endsWith('/compare/') ? here.slice(0, -'compare/'.length) : here;
  const hash = createHash('sha256');
  for (const path of [...codeBelow(files, root)].sort()) {
    const bytes = files.readBytes(path);
    if (bytes.ok) hash.update(path.slice(root.length)).update(bytes.value);
  }
  return hash.digest('hex').slice(0, 16);
}

function* codeBelow(files: Files, folder: string): Generator<string> {
  const names = files.list(folder);
  for (const name of names.ok ? names.value : []) {
    if (CODE.test(name) && !TESTS.test(name)) yield folder + name;
    else if (!name.includes('.')) yield* codeBelow(files, `${folder}${name}/`);
  }
}
