/** Sends this process a signal, as a service manager would. */
export function signalSelf(name: 'SIGHUP' | 'SIGTERM'): void {
  process.kill(process.pid, name);
}
