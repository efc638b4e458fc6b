/** Numbers in words people use: the same for terminals, pages and reports. */
export { plural, showBytes, showChange, showMicroseconds, showOrder } from '../../vocabulary/show.js';
