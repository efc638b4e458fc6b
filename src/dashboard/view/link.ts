/** Where the reader is, as what stands behind # in the address: to be bookmarked, sent, and gone back to. Pure. */

/** Views of the page, in the order of their keys. */
export const PAGE_VIEWS = [
  ...(['overview', 'map', 'bytes', 'orders'] as const),
  ...(['events', 'pingpong', 'compare'] as const),
] as const;
/** One of the views. */
export type PageView = (typeof PAGE_VIEWS)[number];

/** What cells can be coloured by. */
export const PLANES = ['heat', 'touched', 'huge', 'order'] as const;
/** One of them. */
export type Plane = (typeof PLANES)[number];

/** What a link says; what it does not say is as the page begins. */
export interface Link {
  readonly view: PageView;
  /** Id of a target. */
  readonly target?: string;
  /** Of the map: its upper and lower end as `PID@0xADDRESS`, its left and right end in milliseconds of the clock. */
  readonly top?: string;
  readonly bottom?: string;
  readonly from?: number;
  readonly to?: number;
  readonly plane?: Plane;
  /** Whether outlines of huge pages, and marks of splits and collapses, are shown. */
  readonly outlines?: boolean;
  readonly marks?: boolean;
  /** What is asked about: `PID@0xADDRESS`. */
  readonly at?: string;
  /** Filters of decisions. */
  readonly kind?: string;
  readonly text?: string;
  readonly name?: string;
  readonly run?: string;
}

const PLACE = /^\d{1,10}@0x[0-9a-f]{1,16}$/;
const LONGEST = 200;

/** What a hash says. What it says wrongly is left out: an old link still leads somewhere. */
export function readLink(hash: string): Link {
  const said = new URLSearchParams(hash.replace(/^#/, ''));
  const text = (name: string) => said.get(name)?.slice(0, LONGEST) || undefined;
  const place = (name: string) => (PLACE.test(said.get(name) ?? '') ? text(name) : undefined);
  const number = (name: string) => {
    const value = Number(text(name) ?? Number.NaN);
    return Number.isFinite(value) ? value : undefined;
  };
  const flag = (name: string) => ({ on: true, off: false })[said.get(name) ?? ''];
  const oneOf = <Word extends string>(name: string, words: readonly Word[]) =>
    words.find((word) => word === said.get(name));
  return withoutUndefined({
    view: oneOf('view', PAGE_VIEWS) ?? 'overview',
    ...{ target: text('target'), top: place('top'), bottom: place('bottom') },
    ...{ from: number('from'), to: number('to'), plane: oneOf('plane', PLANES) },
    ...{ outlines: flag('outlines'), marks: flag('marks'), at: place('at') },
    ...{ kind: text('kind'), text: text('text'), name: text('name'), run: text('run') },
  });
}

/** The hash that says so. */
export function writeLink(link: Link): string {
  const said = new URLSearchParams();
  for (const [name, value] of Object.entries(link)) {
    if (value === undefined || value === '') continue;
    said.set(name, typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value));
  }
  // Readable where it may be: these letters stand for themselves behind #.
  return `#${said.toString().replaceAll('%40', '@').replaceAll('%2C', ',')}`;
}

/** A token behind #, which is to be used once and taken away. */
export function tokenOf(hash: string): string | undefined {
  return new URLSearchParams(hash.replace(/^#/, '')).get('token') ?? undefined;
}

/** Optional keys that are not said are absent. */
function withoutUndefined(given: { view: PageView } & Record<string, unknown>): Link {
  return Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  ) as unknown as Link;
}
