/** sd_notify(3): what a service tells systemd, as datagrams on the socket that it was given. */
import { closeSync } from 'node:fs';
import { failure, success } from '../../base/result.js';
import type { Milliseconds } from '../../vocabulary/units.js';
import type { Answer, ServiceManager } from '../host.js';
import type { Native } from './native.js';

const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
const MSG_NOSIGNAL = 0x4000;
/** sun_path of struct sockaddr_un; texts that are told are short. */
const LONGEST_PATH = 108;
const LONGEST_TEXT = 2048;

/** The service manager of this process; undefined where none started it. */
export function serviceManager(
  environment: Readonly<Record<string, string | undefined>>,
  native: () => Native | string,
): ServiceManager | undefined {
  const path = environment.NOTIFY_SOCKET;
  if (path === undefined || !/^[/@]./.test(path)) return undefined;
  const watchdogMs = watchdogOf(environment);
  return {
    ...(watchdogMs === undefined ? {} : { watchdogMs }),
    tell(text) {
      const found = native();
      const call = `sendto ${path}`;
      if (typeof found === 'string') return failure({ errno: 'ENOSYS', call, unasked: found });
      return send(found, path, text, call);
    },
  };
}

/** WATCHDOG_USEC, where it is meant for this process. */
function watchdogOf({
  WATCHDOG_USEC,
  WATCHDOG_PID,
}: Readonly<Record<string, string | undefined>>): Milliseconds | undefined {
  const micros = Number(WATCHDOG_USEC);
  if (!Number.isFinite(micros) || micros <= 0) return undefined;
  return WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === process.pid ? micros / 1000 : undefined;
}

function send(native: Native, path: string, text: string, call: string): Answer<void> {
  const name = Buffer.from(path);
  const message = Buffer.from(text);
  if (name.length > LONGEST_PATH - 1 || message.length > LONGEST_TEXT)
    return failure({ errno: 'E2BIG', call });
  const opened = native.call('socket', AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
  if (opened.errno) return failure({ errno: opened.errno, call });
  const { address, bytes } = arenaOf(native);
  bytes.fill(0, 0, 2 + LONGEST_PATH);
  new DataView(bytes.buffer, bytes.byteOffset).setUint16(0, AF_UNIX, true);
  bytes.set(name, 2);
  // A name that begins with @ is abstract: its first byte is zero.
  if (name[0] === 0x40) bytes[2] = 0;
  bytes.set(message, TEXT_AT);
  const sent = native.call(
    'sendto',
    ...[opened.value, address + BigInt(TEXT_AT), message.length],
    ...[MSG_NOSIGNAL, address, 2 + name.length],
  );
  closeSync(opened.value);
  return sent.errno ? failure({ errno: sent.errno, call }) : success(undefined);
}

const TEXT_AT = 256;
const ARENAS = new WeakMap<Native, ReturnType<Native['arena']>>();

function arenaOf(native: Native): ReturnType<Native['arena']> {
  const found = ARENAS.get(native) ?? native.arena(4096);
  ARENAS.set(native, found);
  return found;
}
