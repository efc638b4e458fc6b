/** Where the page begins. */
import { App } from './app.js';

void new App().start();
