// `duet sig` against the published signer tls-sig-api-v2: what it makes is accepted, what was altered is refused with the right cause.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { deflateSync, inflateSync } from 'node:zlib';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const duet = process.env.DUET_BIN ?? join(root, 'build/release/bin/duet');
const { Api } = createRequire(import.meta.url)('tls-sig-api-v2');

const APP = 1400000001;
const KEY = '80a24b18cf6dcf20461f4110601929fb3d0eaad0107748095a5c807f4f9d16f5';
const OTHER_KEY = '5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e';
const HOUR = 3600;
const api = new Api(APP, KEY);

let home;
before(() => {
  assert.ok(existsSync(duet), `${duet} is not built; run scripts/build or set DUET_BIN`);
  home = mkdtempSync(join(tmpdir(), 'duet-usersig-'));
});
after(() => rmSync(home, { recursive: true, force: true }));

/** The key goes through the environment, as it should. */
function run(args, { key = KEY, input } = {}) {
  const { status, stdout, stderr } = spawnSync(duet, args, { encoding: 'utf8', input, env: { HOME: home, DUET_SECRET_KEY: key } });
  return { status, stdout, stderr };
}

function verify(token, { user = 'alice', app = APP, key, more = [] } = {}) {
  const { status, stdout, stderr } = run(['sig', 'verify', '--json', '--app', String(app), '--user', user, ...more, '-'], { key, input: `${token}\n` });
  assert.equal(stderr, '');
  const verdict = JSON.parse(stdout);
  assert.equal(status, verdict.valid ? 0 : 1);
  return verdict;
}

function refused(error, token, options) {
  const verdict = verify(token, options);
  assert.equal(verdict.valid, false, `${error} was expected, but the token was accepted`);
  assert.equal(verdict.error, error, verdict.message);
  return verdict.message;
}

const unescape = (token) => token.replace(/_/g, '=').replace(/-/g, '/').replace(/\*/g, '+');
const escape = (text) => text.replace(/\+/g, '*').replace(/\//g, '-').replace(/=/g, '_');
const read = (token) => JSON.parse(inflateSync(Buffer.from(unescape(token), 'base64')));
const write = (json, level = 6) => escape(deflateSync(typeof json === 'string' ? json : JSON.stringify(json), { level }).toString('base64'));
const altered = (token, change) => write({ ...read(token), ...change });

/** What the signer makes when its clock is `seconds` ahead. */
function signedAt(seconds, sign) {
  const now = Date.now;
  Date.now = () => now() + seconds * 1000;
  try {
    return sign();
  } finally {
    Date.now = now;
  }
}

describe('UserSigs of tls-sig-api-v2', () => {
  for (const user of ['alice', 'user_1-2', '张三', 'x'.repeat(128), 'with space']) {
    test(`are accepted for ${user.length > 20 ? `${user.length} bytes` : user}`, () => {
      const token = api.genUserSig(user, HOUR);
      const verdict = verify(token, { user });
      assert.equal(verdict.valid, true, verdict.message);
      assert.equal(verdict.expiresAt, read(token)['TLS.time'] + HOUR);
    });
  }

  test('are accepted in standard base64, at every compression level, in any member order and with numbers as strings', () => {
    const token = api.genUserSig('alice', HOUR);
    assert.equal(verify(unescape(token)).valid, true);
    const json = read(token);
    for (let level = 0; level <= 9; level++) assert.equal(verify(write(json, level)).valid, true, `level ${level}`);
    assert.equal(verify(write(Object.fromEntries(Object.entries(json).reverse()))).valid, true);
    const texts = { 'TLS.sdkappid': String(APP), 'TLS.time': String(json['TLS.time']), 'TLS.expire': String(HOUR) };
    assert.equal(verify(altered(token, texts)).valid, true);
  });

  test('of many users and lengths are accepted', () => {
    for (let i = 0; i < 40; i++) {
      const user = `user-${i}-${'abc'.repeat(i % 7)}`;
      assert.equal(verify(api.genUserSig(user, HOUR + i), { user }).valid, true, user);
    }
  });
});

describe('altered UserSigs are refused', () => {
  const token = api.genUserSig('alice', HOUR);

  test('another user, time, expiry, signature or userbuf: sig_bad_signature', () => {
    const json = read(token);
    for (const change of [
      { 'TLS.identifier': 'alicf' },
      { 'TLS.time': json['TLS.time'] - 1 },
      { 'TLS.expire': HOUR * 1000 },
      { 'TLS.sig': Buffer.alloc(32, 7).toString('base64') },
      { 'TLS.userbuf': 'AAAA' },
    ]) {
      refused('sig_bad_signature', altered(token, change));
    }
    refused('sig_bad_signature', altered(token, { 'TLS.identifier': 'bob' }), { user: 'bob' });
  });

  test('another app: sig_wrong_app, which names both', () => {
    assert.match(refused('sig_wrong_app', altered(token, { 'TLS.sdkappid': 7 })), /sdkAppID 7, not for 1400000001/);
    refused('sig_wrong_app', new Api(7, KEY).genUserSig('alice', HOUR));
  });

  test('another user: sig_wrong_user, which names both', () => {
    assert.match(refused('sig_wrong_user', token, { user: 'bob' }), /"alice", not for "bob"/);
  });

  test('another key: sig_bad_signature', () => {
    refused('sig_bad_signature', token, { key: OTHER_KEY });
    refused('sig_bad_signature', new Api(APP, OTHER_KEY).genUserSig('alice', HOUR));
  });

  test('over: sig_expired, which says since when', () => {
    const old = signedAt(-3 * HOUR, () => api.genUserSig('alice', HOUR));
    const end = new Date((read(old)['TLS.time'] + HOUR) * 1000).toISOString().replace('T', ' ').replace('.000Z', ' UTC');
    assert.match(refused('sig_expired', old), new RegExp(`expired at ${end}, 2 hours ago`));
  });

  test('from the future: sig_from_future; five minutes are allowed', () => {
    refused('sig_from_future', signedAt(HOUR, () => api.genUserSig('alice', HOUR)));
    assert.equal(verify(signedAt(240, () => api.genUserSig('alice', HOUR))).valid, true);
  });

  test('unreadable: sig_malformed, which says what', () => {
    const json = read(token);
    const { 'TLS.time': _, ...withoutTime } = json;
    const cases = [
      [token.slice(0, -8), /cut|ends too early/],
      [`${token.slice(0, 20)} ${token.slice(20)}`, /white space/],
      [encodeURIComponent(unescape(token)), /URL encoding/],
      [write('not json'), /not JSON/],
      [write([]), /not an object/],
      [write(withoutTime), /TLS\.time is missing/],
      [write({ ...json, 'TLS.ver': '1.0' }), /version "1\.0"/],
      [write({ ...json, 'TLS.sdkappid': 1.5 }), /TLS\.sdkappid is not a number/],
      [escape(Buffer.from(JSON.stringify(json)).toString('base64')), /not zlib/],
      ['A'.repeat(4100), /longer than 4096/],
      [write(' '.repeat(1_500_000)), /more than 16384 bytes/],
    ];
    for (const [bad, words] of cases) assert.match(refused('sig_malformed', bad), words);
  });

  test('one changed character at a time', () => {
    // One process each: every ninth character here, every one of them in src/auth/usersig_test.cc.
    const original = read(token);
    for (let i = 0; i < token.length; i += 9) {
      const bad = token.slice(0, i) + (token[i] === 'Q' ? 'R' : 'Q') + token.slice(i + 1);
      const verdict = verify(bad);
      // Deflate can say the same in two ways; then the content must be the same.
      if (verdict.valid) assert.deepEqual(read(bad), original);
      else assert.ok(['sig_malformed', 'sig_bad_signature', 'sig_wrong_app'].includes(verdict.error), verdict.error);
    }
  });
});

describe('privateMapKeys of tls-sig-api-v2', () => {
  const inRoom = (room) => ({ more: ['--room', String(room)] });

  test('for a numeric room', () => {
    const key = api.genPrivateMapKey('alice', HOUR, 1234, 42);
    const verdict = verify(key, inRoom(1234));
    assert.equal(verdict.valid, true, verdict.message);
    assert.equal(verdict.rights, 42);
    refused('map_key_wrong_room', key, inRoom(1235));
    refused('map_key_wrong_room', key, inRoom('"1234"'));
  });

  test('for the greatest numeric room', () => {
    assert.equal(verify(api.genPrivateMapKey('alice', HOUR, 4294967295, 255), inRoom(4294967295)).valid, true);
  });

  test('for a string room', () => {
    const key = api.genPrivateMapKeyWithStringRoomID('alice', HOUR, 'consult-42', 255);
    assert.equal(verify(key, inRoom('consult-42')).rights, 255);
    refused('map_key_wrong_room', key, inRoom('consult-43'));
  });

  test('for a user whose name is not ASCII', () => {
    assert.equal(verify(api.genPrivateMapKey('张三', HOUR, 7, 255), { user: '张三', ...inRoom(7) }).valid, true);
  });

  test('are UserSigs too', () => {
    assert.equal(verify(api.genPrivateMapKey('alice', HOUR, 1234, 255)).valid, true);
  });

  test('are refused with their own causes', () => {
    const key = api.genPrivateMapKey('alice', HOUR, 1234, 255);
    refused('map_key_malformed', api.genUserSig('alice', HOUR), inRoom(1234));
    refused('map_key_wrong_user', key, { user: 'bob', ...inRoom(1234) });
    refused('map_key_wrong_app', new Api(7, KEY).genPrivateMapKey('alice', HOUR, 1234, 255), inRoom(1234));
    refused('map_key_bad_signature', key, { key: OTHER_KEY, ...inRoom(1234) });
    refused('map_key_expired', signedAt(-2 * HOUR, () => api.genPrivateMapKey('alice', HOUR, 1234, 255)), inRoom(1234));
    refused('map_key_privilege', api.genPrivateMapKey('alice', HOUR, 1234, 255 - 2), inRoom(1234));
    const userbuf = Buffer.from(read(key)['TLS.userbuf'], 'base64');
    refused('map_key_bad_signature', altered(key, { 'TLS.userbuf': Buffer.alloc(28).toString('base64') }), inRoom(1234));
    // A rightly signed userbuf that is cut short.
    refused('map_key_malformed', api.genSig('alice', HOUR, userbuf.subarray(0, -1)), inRoom(1234));
  });
});

describe('the other direction', () => {
  // The signer has no verifier: its own signature over what we wrote, compared, is one.
  const signedByThem = (token) => {
    const json = read(token);
    return json['TLS.sig'] === api._hmacsha256(json['TLS.identifier'], json['TLS.time'], json['TLS.expire'], json['TLS.userbuf']);
  };

  test('a UserSig of duet has the signature that the signer would give it', () => {
    const token = run(['sig', 'create', '--app', String(APP), '--user', 'alice', '--expire', '60']).stdout.trim();
    assert.match(token, /^[A-Za-z0-9*_-]+$/);
    assert.ok(signedByThem(token));
    assert.deepEqual(Object.keys(read(token)).sort(), ['TLS.expire', 'TLS.identifier', 'TLS.sdkappid', 'TLS.sig', 'TLS.time', 'TLS.ver']);
  });

  test('a privateMapKey of duet has the same userbuf', () => {
    for (const room of [1234, 'consult-42']) {
      const token = run(['sig', 'create', '--app', String(APP), '--user', 'alice', '--expire', '60', '--room', String(room), '--rights', '42']).stdout.trim();
      assert.ok(signedByThem(token));
      const json = read(token);
      const now = Date.now;
      Date.now = () => json['TLS.time'] * 1000;
      const theirs = typeof room === 'number' ? api._genUserbuf('alice', room, 60, 42, 0, null) : api._genUserbuf('alice', 0, 60, 42, 0, room);
      Date.now = now;
      assert.equal(json['TLS.userbuf'], theirs.toString('base64'));
    }
  });
});

test('explain names what is wrong, and exits with 1', () => {
  const token = api.genUserSig('alice', HOUR);
  const good = run(['sig', 'explain', token]);
  assert.equal(good.status, 0);
  assert.match(good.stdout, /user +alice\n.*sdkAppID +1400000001\n/);
  assert.match(good.stdout, /Nothing is wrong with it/);
  const bad = run(['sig', 'explain', '--user', 'bob', token], { key: OTHER_KEY });
  assert.equal(bad.status, 1);
  assert.match(bad.stdout, /sig_bad_signature: .*\nsig_wrong_user: /);
});

test('wrong usage exits with 2', () => {
  assert.equal(run(['sig', 'verify', '--app', String(APP)]).status, 2);
  assert.throws(() => execFileSync(duet, ['sig', 'nonsense'], { stdio: 'ignore' }), { status: 2 });
});
