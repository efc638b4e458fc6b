import { toggle } from '../../vocabulary/kind.js';
import { KEEPING as FIELDS } from '../keep-split.js';

/** Parameters of every kind of actuator that splits. */
export const KEEPING = {
  allowSticky: toggle(FIELDS.allowSticky).default(false),
  shareDamon: toggle(FIELDS.shareDamon).default(false),
} as const;
