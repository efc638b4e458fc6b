/**
 * Who may ask. A request carries the token, or a cookie that was given for it: the time it holds until, signed with the
 * token. So nothing is remembered of clients, and a cookie survives a restart that keeps the token. Comparisons take the same
 * time whatever they compare.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Milliseconds } from '../../vocabulary/units.js';

/** A cookie holds so long. */
export const SESSION_MS: Milliseconds = 12 * 3_600_000;
/** Letters of a token: 256 bits as base64url; one from a file may be shorter or longer. */
export const LEAST_TOKEN = 16;
/** Longer ones do not fit into a header beside a cookie. */
export const MOST_TOKEN = 512;
/** What a token may be made of: no header or address gives another letter back as it was. */
export const TOKEN_LETTERS = /^[\w.~+/=-]+$/;

/** 256 random bits as base64url. */
export function newToken(uint32: () => number): string {
  return Buffer.from(Uint32Array.from({ length: 8 }, uint32).buffer).toString('base64url');
}

/** Checks tokens and cookies, and makes cookies. */
export class Access {
  readonly #token: Buffer;
  readonly #key: string;
  /** Cookies know no ports: several dashboards of a machine have one each. */
  readonly cookieName: string;

  constructor(token: string) {
    this.#token = digest(token);
    this.#key = token;
    this.cookieName = `octavo_${digest(`name ${token}`).toString('hex').slice(0, 8)}`;
  }

  /** Whether a request with these headers may ask. */
  isAllowed(authorization: string | undefined, cookie: string | undefined, nowMs: Milliseconds): boolean {
    return this.hasToken(authorization) || this.#hasCookie(cookie, nowMs);
  }

  hasToken(authorization: string | undefined): boolean {
    const [, given = ''] = /^Bearer +(\S+) *$/i.exec(authorization ?? '') ?? [];
    return timingSafeEqual(digest(given), this.#token);
  }

  #hasCookie(cookie: string | undefined, nowMs: Milliseconds): boolean {
    const pairs = (cookie ?? '').split(';').map((pair) => pair.trim());
    const value = pairs
      .find((pair) => pair.startsWith(`${this.cookieName}=`))
      ?.slice(this.cookieName.length + 1);
    const [, until = '', signature = ''] = /^(\d{1,16})\.([\w-]{1,64})$/.exec(value ?? '') ?? [];
    const isSigned = timingSafeEqual(digest(signature), digest(this.#sign(until)));
    const leftMs = Number(until) - nowMs;
    return isSigned && leftMs > 0 && leftMs <= SESSION_MS;
  }

  /** Value of a Set-Cookie header. */
  cookie(nowMs: Milliseconds): string {
    const until = String(Math.round(nowMs + SESSION_MS));
    const value = `${until}.${this.#sign(until)}`;
    return `${this.cookieName}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${SESSION_MS / 1000}`;
  }

  #sign(until: string): string {
    return createHmac('sha256', this.#key).update(`octavo session ${until}`).digest('base64url');
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
