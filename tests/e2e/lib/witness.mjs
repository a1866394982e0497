// Tests that end by themselves, and that say what was on the screens when they fail.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from './server.mjs';

/** A page that hangs must not hang the whole run: what is asked of it has no limit of its own. */
export const TEST_LIMIT_MS = 600_000;
/** Of hooks that build. */
export const BUILD_LIMIT_MS = 1_800_000;

const shots = join(root, 'build/test-logs');

function inTime(work, ms) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`this took longer than ${ms / 1000} s`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** The end of what a person's page wrote to its console, and where its picture is. */
async function testimony({ name, page, log }, label) {
  const picture = join(shots, `failed-${label}-${name}.png`.replace(/[^\w.-]+/g, '-'));
  const shot = page ? page.screenshot({ path: picture, timeout: 10_000 }).then(() => picture, (error) => `no picture: ${error.message.split('\n')[0]}`) : 'no page';
  return `--- ${name}: ${await shot}\n${log.slice(-20).join('\n')}`;
}

/** `test` of node:test, for tests with `people()` at pages of `server()`. */
export function witnessed({ people, server = () => undefined }) {
  return (name, run) => test(name, { timeout: TEST_LIMIT_MS + 30_000 }, async (context) => {
    try {
      await inTime(run(context), TEST_LIMIT_MS);
    } catch (error) {
      mkdirSync(shots, { recursive: true });
      const seen = await Promise.all(people().map((person) => testimony(person, name.slice(0, 40))));
      const said = server()?.output.split('\n').slice(-15).join('\n');
      error.stack = [error.stack, ...seen, ...(said ? [`--- the server\n${said}`] : [])].join('\n'); // what reporters show
      throw error;
    }
  });
}
