import { describe, expect, it } from 'vitest';
import { fetchConfig, getCredentials, readConfig } from '../src/logic/credentials.js';
import type { Fetch } from '../src/logic/credentials.js';
import { PageError } from '../src/logic/errors.js';
import { parsePageParams } from '../src/logic/params.js';

const CONFIG = readConfig({
  version: '0.1.0', protocol: 1, dev: true, sdkAppId: 1400000001,
  environments: [{ name: 'DEV', sdkAppId: 1400000001 }, { name: 'PRO', sdkAppId: 1400000009 }], lanUrls: ['https://192.168.1.5:8443/'],
});
const REAL = { ...CONFIG, dev: false };

function answering(status: number, body: unknown): { fetch: Fetch; asked: Array<[string, RequestInit | undefined]> } {
  const asked: Array<[string, RequestInit | undefined]> = [];
  const fetch: Fetch = async (url, init) => {
    asked.push([url, init]);
    return new Response(typeof body === 'string' ? body : JSON.stringify(body), { status });
  };
  return { fetch, asked };
}
const unreachable: Fetch = () => Promise.reject(new TypeError('failed to fetch'));
const nobody: Fetch = () => Promise.reject(new Error('must not be asked'));

async function failure(promise: Promise<unknown>): Promise<PageError> {
  const error: unknown = await promise.then(() => null, (cause: unknown) => cause);
  expect(error).toBeInstanceOf(PageError);
  return error as PageError;
}

describe('readConfig', () => {
  it.each([null, 7, 'x', [], {}, { dev: 'yes', sdkAppId: '1', environments: [{}, null, { name: 'A' }], lanUrls: [1, null] }])('survives %j', (json) => {
    expect(readConfig(json)).toEqual({ dev: false, sdkAppId: null, environments: [], lanUrls: [] });
  });
});

describe('fetchConfig', () => {
  it('reads the answer', async () => {
    const { fetch, asked } = answering(200, { dev: true, sdkAppId: 5 });
    expect(await fetchConfig(fetch)).toMatchObject({ dev: true, sdkAppId: 5 });
    expect(asked[0]?.[0]).toBe('/v1/config');
  });
  it.each([['no server', unreachable], ['an error', answering(500, '').fetch]])('tells of %s', async (_, fetch) => {
    expect((await failure(fetchConfig(fetch))).causeName).toBe('config_unreachable');
  });
});

describe('getCredentials', () => {
  it.each([
    ['?userSig=S&sdkAppID=7', 7],
    ['?userSig=S&cloudenv=PRO', 1400000009],
    ['?userSig=S&cloudenv=pro', 1400000009],
    ['?userSig=S&cloudenv=UAT', 1400000001],
    ['?userSig=S', 1400000001],
  ])('of the address %s', async (search, sdkAppId) => {
    expect(await getCredentials(parsePageParams(search), REAL, 'alice', nobody)).toEqual({ sdkAppId, userSig: 'S' });
  });

  it('says when the application number is missing', async () => {
    const error = await failure(getCredentials(parsePageParams('?userSig=S'), { ...REAL, sdkAppId: null }, 'alice', nobody));
    expect(error.causeName).toBe('app_id_missing');
  });

  it('are made by a development server', async () => {
    const { fetch, asked } = answering(200, { sdkAppId: 1400000001, userId: '小明', userSig: 'made', expire: 86400 });
    expect(await getCredentials(parsePageParams(''), CONFIG, '小明', fetch)).toEqual({ sdkAppId: 1400000001, userSig: 'made' });
    expect(asked[0]?.[0]).toBe('/v1/dev/usersig');
    expect(asked[0]?.[1]).toMatchObject({ method: 'POST', body: JSON.stringify({ userId: '小明' }) });
  });

  it('must come from the back end of a real app', async () => {
    expect((await failure(getCredentials(parsePageParams(''), REAL, 'a', nobody))).causeName).toBe('signature_missing');
  });
  it('are not made for another app than the development one', async () => {
    const error = await failure(getCredentials(parsePageParams('?sdkAppID=5'), CONFIG, 'a', nobody));
    expect(error.causeName).toBe('signature_missing');
  });
  it.each([
    ['no endpoint', answering(404, {}).fetch, 'signature_missing', ''],
    ['no server', unreachable, 'config_unreachable', ''],
    ['a refusal', answering(400, { title: 'no', detail: 'user ID too long' }).fetch, 'sign_failed', 'user ID too long'],
    ['nonsense', answering(200, 'not json').fetch, 'sign_failed', 'HTTP 200'],
    ['half an answer', answering(200, { userSig: 5 }).fetch, 'sign_failed', ''],
  ])('fail in words: %s', async (_, fetch, name, detail) => {
    const error = await failure(getCredentials(parsePageParams(''), CONFIG, 'a', fetch));
    expect([error.causeName, error.detail]).toEqual([name, detail]);
  });
});
