/** Where metrics are served, as people write it. Pure. */
import type { ListenPlace } from '../host/host.js';
import type { ValueParser } from '../vocabulary/quantities.js';
import { SOCKET_MODE } from './publisher.js';

const TCP = /^(localhost|127\.0\.0\.1|\[::1\]):(\d{1,5})$/;
/** sun_path of sockaddr_un holds 108 bytes, with the zero at its end. */
const LONGEST_PATH = 107;

/** `unix:/run/octavo/metrics.sock`, `127.0.0.1:9650`, `[::1]:9650`. Other addresses are not served. */
export const parseListenPlace: ValueParser<ListenPlace> = Object.assign(
  (word: string): ListenPlace => {
    const text = word.trim();
    if (text.startsWith('unix:')) return unixPlace(text.slice(5));
    const [, name, digits] = TCP.exec(text) ?? [];
    if (name === undefined)
      throw new SyntaxError(`names no place to serve on; give ${parseListenPlace.accepts}`);
    const port = Number(digits);
    if (port < 1 || port > 65_535) throw new SyntaxError('has no port; give one from 1 to 65535');
    return { kind: 'tcp', address: name === '[::1]' ? '::1' : '127.0.0.1', port };
  },
  { accepts: 'unix:/PATH, 127.0.0.1:PORT, [::1]:PORT or localhost:PORT' },
);

function unixPlace(path: string): ListenPlace {
  if (!path.startsWith('/')) throw new SyntaxError('needs the absolute path of a socket behind unix:');
  if (new TextEncoder().encode(path).length > LONGEST_PATH)
    throw new SyntaxError(`is too long for a socket; ${LONGEST_PATH} bytes are the most`);
  return { kind: 'unix', path, mode: SOCKET_MODE };
}
