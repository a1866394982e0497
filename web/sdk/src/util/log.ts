/** The SDK's console output, filtered by one level for the whole page. */

import type { LogLevel } from '../types.js';

let threshold: LogLevel = 3;

export function setLogLevel(level: LogLevel): void {
  threshold = level;
}

function write(level: LogLevel, method: 'debug' | 'info' | 'warn' | 'error', args: unknown[]): void {
  if (level >= threshold) console[method]('Duet:', ...args);
}

export const log = {
  debug: (...args: unknown[]): void => write(1, 'debug', args),
  info: (...args: unknown[]): void => write(2, 'info', args),
  warn: (...args: unknown[]): void => write(3, 'warn', args),
  error: (...args: unknown[]): void => write(4, 'error', args),
};
