/** The page's files, by the paths that they are served under, in the encodings that browsers accept. Read once. */
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Network, WebAnswer, WebRequest } from '../../host/host.js';
import { reply } from './replies.js';

const FILES: Readonly<Record<string, readonly [name: string, type: string]>> = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/app.js': ['app.js', 'text/javascript; charset=utf-8'],
  '/app.css': ['app.css', 'text/css; charset=utf-8'],
};

interface PageFile {
  readonly type: string;
  readonly plain: Uint8Array;
  readonly gzip: Uint8Array;
  readonly br: Uint8Array;
}

/** Files by the path that they are served under. */
export type PageFiles = ReadonlyMap<string, PageFile>;

/** A level that takes milliseconds for what takes a second at the highest, and is a few percent larger. */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 6 } };

/** What was built of the page; where it was not, a page that says so. */
export function readPageFiles(network: Network): PageFiles {
  const files = Object.entries(FILES).map(([path, [name, type]]) => {
    const read = network.pageFile(name);
    const plain = read.ok ? read.value : new TextEncoder().encode(path === '/' ? ABSENT : '');
    return [path, { type, plain, gzip: gzipSync(plain), br: brotliCompressSync(plain, BROTLI) }] as const;
  });
  return new Map(files);
}

const ABSENT =
  '<!doctype html><html lang="en"><meta charset="utf-8"><title>Octavo</title><p>The page was not built: run `npm run build`.</p></html>\n';

/** Whether a path is one of the page’s. */
export const isPagePath = (path: string): boolean => Object.hasOwn(FILES, path);

/** The file of a path; undefined where there is none. */
export function pageReply(files: PageFiles, path: string, request: WebRequest): WebAnswer | undefined {
  const file = files.get(path);
  if (file === undefined) return undefined;
  const accepted = (request.header('accept-encoding') ?? '').toLowerCase();
  const encoding = (['br', 'gzip'] as const).find((name) => accepts(accepted, name));
  if (encoding === undefined) return reply(200, file.type, file.plain, { Vary: 'Accept-Encoding' });
  return reply(200, file.type, file[encoding], { Vary: 'Accept-Encoding', 'Content-Encoding': encoding });
}

/** `br`, `br;q=0.5`; not `br;q=0`. */
function accepts(accepted: string, name: string): boolean {
  return accepted.split(',').some((part) => {
    const [coding, ...parameters] = part.split(';').map((word) => word.trim());
    return coding === name && !parameters.some((word) => /^q=0(\.0*)?$/.test(word));
  });
}
