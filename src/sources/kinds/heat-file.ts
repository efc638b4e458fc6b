import * as z from 'zod';
import type { Host } from '../../host/host.js';
import { OctavoError } from '../../vocabulary/errors.js';
import { isText, listField, WORD } from '../../vocabulary/field.js';
import { parsedList } from '../../vocabulary/kind.js';
import { HeatFileSource } from '../heat-file.js';
import { recordingKind } from '../source.js';

/** The kind of recording behind `--heat`. */
export const heatFile = recordingKind({
  brief: 'heat that was counted before, by octavo import or octavo probe',
  files: 'heat',
  parameters: z.strictObject({
    heat: parsedList(
      listField(WORD, isText, {
        brief: 'heat from this file of octavo import',
        placeholder: 'file',
      }),
    ),
  }),
  make: ({ heat }, { host }) => heat.map((path) => openHere(host, path)),
});

/** Heat counted in other page sizes than this host's means nothing here. */
function openHere(host: Host, path: string): HeatFileSource {
  const file = HeatFileSource.open(host.files, path);
  const { pageBytes, blockBytes } = host.identity.geometry;
  if (file.geometry.pageBytes !== pageBytes || file.geometry.blockBytes !== blockBytes) {
    const problem = `was recorded with ${file.geometry.pageBytes} byte pages, this host has ${pageBytes}`;
    throw new OctavoError('FILE_MALFORMED', { path, problem, place: 'its page geometry' });
  }
  return file;
}
