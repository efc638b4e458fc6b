/** Where metrics are served, as a configuration writes it. */
import type { ListenPlace } from '../../host/host.js';
import type { ValueParser } from '../../vocabulary/quantities.js';

/** Who has the group of the socket may read it. */
const SOCKET_MODE = 0o660;
/** Longest path of a Unix socket (sun_path). */
const LONGEST_PATH = 107;

/** Throws a SyntaxError. */
export const parseListenPlace: ValueParser<ListenPlace> = Object.assign(
  (text: string): ListenPlace => {
    const path = /^unix:(\/.+)$/.exec(text)?.[1];
    if (path !== undefined) {
      if (path.length > LONGEST_PATH)
        throw new SyntaxError(`is longer than a socket’s path may be (${LONGEST_PATH})`);
      return { kind: 'unix', path, mode: SOCKET_MODE };
    }
    const found = /^(127\.0\.0\.1|\[::1\]):(\d{1,5})$/.exec(text);
    if (found === null || Number(found[2]) > 65_535) throw new SyntaxError('is no place to listen at');
    return { kind: 'tcp', address: found[1] === '127.0.0.1' ? '127.0.0.1' : '::1', port: Number(found[2]) };
  },
  {
    accepts:
      'a socket such as unix:/run/octavo/agent/metrics.sock, or a loopback port such as 127.0.0.1:9650',
  },
);
