/** What is asked of the mini program, as narrow interfaces: `uni` and `wx` are this, and so is the tests' stand-in. */

import type { Context } from '../room/transport.js';

interface Callbacks<T = unknown> {
  success?: (result: T) => void;
  fail?: (error: { errMsg?: string }) => void;
  complete?: () => void;
}

export interface SocketTask {
  send(options: Callbacks & { data: string }): void;
  close(options: Callbacks & { code?: number }): void;
  onOpen(listener: () => void): void;
  onMessage(listener: (event: { data: unknown }) => void): void;
  onClose(listener: (event: { code?: number }) => void): void;
  onError(listener: (event: { errMsg?: string }) => void): void;
}

export type Scope = 'scope.camera' | 'scope.record';

export interface MiniPlatform {
  /** A function among the options is what makes uni-app give the task instead of a promise. */
  connectSocket(options: Callbacks & { url: string; timeout: number; tcpNoDelay: boolean }): SocketTask | undefined;
  createLivePusherContext(component: unknown): Context;
  createLivePlayerContext(id: string, component: unknown): Context;
  /** hostSDKVersion: uni-app's own name for it. */
  getSystemInfoSync(): { SDKVersion?: string; hostSDKVersion?: string; windowWidth?: number; windowHeight?: number };
  canIUse(schema: string): boolean;
  getSetting(options: Callbacks<{ authSetting: Partial<Record<Scope, boolean>> }>): void;
  authorize(options: Callbacks & { scope: Scope }): void;
  openSetting(options: Callbacks<{ authSetting: Partial<Record<Scope, boolean>> }>): void;
  setKeepScreenOn?(options: Callbacks & { keepScreenOn: boolean }): void;
  onAppShow(listener: () => void): void;
  offAppShow(listener: () => void): void;
  onAppHide(listener: () => void): void;
  offAppHide(listener: () => void): void;
  onMemoryWarning?(listener: (event: { level?: number }) => void): void;
  offMemoryWarning?(listener: (event: { level?: number }) => void): void;
  onNetworkStatusChange(listener: (event: { isConnected: boolean }) => void): void;
  offNetworkStatusChange?(listener: (event: { isConnected: boolean }) => void): void;
  arrayBufferToBase64(data: ArrayBuffer): string;
  base64ToArrayBuffer(text: string): ArrayBuffer;
}
