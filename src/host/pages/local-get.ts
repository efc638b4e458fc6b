/** A GET from a service of this machine, bounded in time and size. */
import { request } from 'node:http';
import { failure, success } from '../../base/result.js';
import { type ErrnoName, isErrnoName } from '../../vocabulary/errno.js';
import type { Bytes, Milliseconds } from '../../vocabulary/units.js';
import type { Answer } from '../host.js';

/** How long a GET may take and how much it may bring. */
export interface GetBounds {
  readonly withinMs: Milliseconds;
  readonly mostBytes: Bytes;
}

/** Names of this machine: nothing is ever sent to another. */
const LOCAL = /^(127(\.\d{1,3}){3}|localhost|\[::1\])$/;

/** The body, or EACCES for another machine's address, ETIMEDOUT, EFBIG, ECONNREFUSED …; EIO with the status it tells. */
export function localGet(text: string, { withinMs, mostBytes }: GetBounds): Promise<Answer<string>> {
  const refused = (errno: ErrnoName, more = '') => failure({ errno, call: `GET ${text}${more}` });
  if (!URL.canParse(text)) return Promise.resolve(refused('EINVAL'));
  const url = new URL(text);
  if (url.protocol !== 'http:' || !LOCAL.test(url.hostname)) return Promise.resolve(refused('EACCES'));
  return new Promise((resolve) => {
    const asked = request(url, { agent: false }, (response) => {
      let body = '';
      let bytes = 0;
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        bytes += Buffer.byteLength(piece);
        body += piece;
        if (bytes > mostBytes) end(refused('EFBIG'));
      });
      response.on('end', () => {
        const { statusCode } = response;
        end(statusCode === 200 ? success(body) : refused('EIO', `: status ${statusCode}`));
      });
      response.on('error', () => end(refused('EIO')));
    });
    const timer = setTimeout(() => end(refused('ETIMEDOUT')), withinMs);
    const end = (answer: Answer<string>) => {
      clearTimeout(timer);
      asked.destroy();
      resolve(answer);
    };
    asked.on('error', ({ code = '' }: NodeJS.ErrnoException) =>
      end(refused(isErrnoName(code) ? code : 'EIO')),
    );
    asked.end();
  });
}
