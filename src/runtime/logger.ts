import type { Clock } from './clock.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export const LOG_LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

export type LogFields = Readonly<Record<string, string | number | boolean | bigint | undefined>>;

/**
 * One JSON line per event: constant messages, values in fields. Errors are logged where they are handled.
 * `error`: someone must act; `warn`: degraded but healing; `info`: state changes; `debug`: the rest.
 */
export interface Logger {
  log(level: LogLevel, message: string, fields?: LogFields): void;
  child(component: string): Logger;
}

export const silentLogger: Logger = { log() {}, child: () => silentLogger };

export function jsonLogger(clock: Clock, minimum: LogLevel, write: (line: string) => void): Logger {
  const threshold = LOG_LEVELS.indexOf(minimum);
  const make = (component: string): Logger => ({
    log(level, message, fields = {}) {
      if (LOG_LEVELS.indexOf(level) < threshold) return;
      const time = new Date(clock.nowMs()).toISOString();
      const line = { level, time, msg: message, component, ...fields };
      write(JSON.stringify(line, (_key, value) => (typeof value === 'bigint' ? value.toString() : value)));
    },
    child: make,
  });
  return make('strait');
}
