/** The signalling's socket over connectSocket. */

import type { LinkPlatform } from '@duet/sdk/signal';
import type { MiniPlatform } from './platform.js';

/** The platform's own is a minute. */
export const CONNECT_TIMEOUT_MS = 10_000;
const ABNORMAL = 1006;

/** `failed` gets the platform's words about a socket that could not be opened or broke. */
export function linkPlatform(mini: Pick<MiniPlatform, 'connectSocket'>, failed: (errMsg: string) => void): LinkPlatform {
  return {
    setTimer: (delay_ms, fire) => {
      const handle = setTimeout(fire, delay_ms);
      return () => clearTimeout(handle);
    },
    openSocket: (url, handlers) => {
      let over = false;
      const end = (code: number, errMsg?: string): void => {
        if (over) return;
        over = true;
        if (errMsg) failed(errMsg);
        handlers.closed(code);
      };
      const task = mini.connectSocket({
        url, timeout: CONNECT_TIMEOUT_MS, tcpNoDelay: true,
        success: () => undefined,
        fail: ({ errMsg }) => end(ABNORMAL, errMsg ?? 'connectSocket:fail'),
      });
      task?.onOpen(() => {
        if (over) task.close({ fail: () => undefined }); // closed while it was opening, which not every platform does
        else handlers.open();
      });
      task?.onMessage(({ data }) => {
        if (!over && typeof data === 'string') handlers.message(data);
      });
      task?.onClose(({ code }) => end(code ?? ABNORMAL));
      task?.onError(({ errMsg }) => end(ABNORMAL, errMsg ?? ''));
      return {
        send: (data) => task?.send({ data, fail: () => undefined }),
        close: () => {
          over = true;
          task?.close({ fail: () => undefined });
        },
      };
    },
  };
}

/** `https://host:8443` -> `wss://host:8443/v1/signal`; null = it is no http(s) address. The platform has no URL class. */
export function signalAddress(server: string): string | null {
  const [, scheme, host] = /^(https?|wss?):\/\/([^/?#]+)/.exec(server) ?? [];
  return scheme === undefined ? null : `${scheme === 'https' || scheme === 'wss' ? 'wss' : 'ws'}://${host}/v1/signal`;
}
