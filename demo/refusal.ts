/** What a request cannot be granted for: an errno name, and the call or the condition that it came from. */
export class WorkloadRefusal extends Error {
  readonly errno: string;
  readonly call: string;

  constructor(errno: string, call: string) {
    super(`${call}: ${errno}`);
    this.name = 'WorkloadRefusal';
    this.errno = errno;
    this.call = call;
  }
}
