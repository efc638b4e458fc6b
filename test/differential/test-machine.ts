/**
 * One process and one region of memory in it, on a real kernel or on the model, with the calls that the process makes
 * itself. What others do to it, and how it looks, goes through `host` on both.
 */
import type { Host } from '../../src/host/host.js';
import type { ErrnoName } from '../../src/vocabulary/errno.js';

/** `ok`, or why the kernel refused. */
export type OwnAnswer = 'ok' | ErrnoName;

/** Pages counted from the start of the region. */
export interface Span {
  readonly from: number;
  readonly pages: number;
}

/** What stands behind the region, and where in its file the region begins. */
export interface Backing {
  readonly kind: 'private' | 'shared' | 'memfd' | 'private-memfd' | 'tmpfs' | 'dev-zero' | 'file';
  /** Pages. */
  readonly offset: number;
}

export interface Machine {
  readonly host: Host;
  readonly pid: number;
  /** First page of the region, aligned to the PMD size. Beyond its end is a hole as long as the region. */
  readonly firstPage: number;
  readonly pages: number;
  /** Reads every `step`-th page. */
  read(span: Span, step: number): Promise<OwnAnswer>;
  /** Writes a word other than zero to every `step`-th page. */
  write(span: Span, step: number): Promise<OwnAnswer>;
  advise(span: Span, advice: string): Promise<OwnAnswer>;
  protect(span: Span, access: 'none' | 'r' | 'rw'): Promise<OwnAnswer>;
  unmap(span: Span): Promise<OwnAnswer>;
  /** mremap(2) to page `to` of the region or of the hole behind it. */
  move(span: Span, to: number): Promise<OwnAnswer>;
  lock(span: Span): Promise<OwnAnswer>;
  unlock(span: Span): Promise<OwnAnswer>;
  /** Extra references on the pages, by vmsplice. */
  pin(span: Span): Promise<OwnAnswer>;
  unpin(): Promise<OwnAnswer>;
  /** A child that sleeps, and its end. */
  fork(): Promise<OwnAnswer>;
  reap(): Promise<OwnAnswer>;
  /** Registers a span with userfaultfd for missing pages. */
  userfault(span: Span): Promise<OwnAnswer>;
  /** process_vm_readv by another process: the bytes read, or the errno. */
  vmRead(span: Span): string;
  thpDisable(how: 'no' | 'complete' | 'except-advised'): Promise<OwnAnswer>;
  /** Folios that wait in per-CPU batches join their LRU lists, so that no look depends on who faulted what before. */
  settle(): Promise<void>;
  end(): Promise<void>;
}
