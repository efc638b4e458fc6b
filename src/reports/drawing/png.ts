/** PNG (W3C PNG, third edition) of eight bits a channel, without filters: pictures of few colours pack well as they are. */
import { crc32, deflateSync } from 'node:zlib';
import type { PictureOf } from './svg.js';

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Red, green, blue and alpha. */
const CHANNELS = 4;

/** `pixels`: rows from the top, four bytes a pixel. */
export function pngOf(width: number, height: number, pixels: Uint8Array): Uint8Array {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 6, 0, 0, 0], 8);
  const stride = width * CHANNELS;
  const lines = Buffer.alloc(height * (stride + 1));
  for (let row = 0; row < height; row++)
    lines.set(pixels.subarray(row * stride, (row + 1) * stride), row * (stride + 1) + 1);
  return Buffer.concat([
    Buffer.from(SIGNATURE),
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(lines, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** Cells as a data URI. */
export const pngPicture: PictureOf = ({ columns, rows, pixels }) =>
  `data:image/png;base64,${Buffer.from(pngOf(columns, rows, pixels)).toString('base64')}`;

function chunk(name: string, content: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), content]);
  const frame = Buffer.alloc(body.length + 8);
  frame.writeUInt32BE(content.length, 0);
  frame.set(body, 4);
  frame.writeUInt32BE(crc32(body), body.length + 4);
  return frame;
}
