/** Numbers in words people use. */
import { type Bytes, GIB, KIB, MIB } from '../../vocabulary/units.js';

/** `12 KiB`, `3.5 MiB`, `1.25 GiB`; exact when whole. */
export function showBytes(bytes: Bytes): string {
  const size = Math.abs(bytes);
  if (size < KIB) return `${bytes} B`;
  const [unit, name] = size < MIB ? [KIB, 'KiB'] : size < GIB ? [MIB, 'MiB'] : [GIB, 'GiB'];
  const value = bytes / unit;
  return `${Number.isInteger(value) ? value : value.toFixed(value < 10 ? 2 : 1)} ${name}`;
}

/** With a sign, for changes. */
export function showChange(bytes: Bytes): string {
  return bytes > 0 ? `+${showBytes(bytes)}` : bytes < 0 ? `−${showBytes(-bytes)}` : '0 B';
}

export function showMicroseconds(us: number): string {
  if (us < 1000) return `${Math.round(us)} µs`;
  return us < 1e6 ? `${(us / 1000).toFixed(1)} ms` : `${(us / 1e6).toFixed(2)} s`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** Size of a folio of an order: `4 KiB`, `2 MiB`. */
export function showOrder(order: number, pageBytes: Bytes): string {
  return showBytes(pageBytes * 2 ** order);
}
