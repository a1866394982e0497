// TCP connections that carry nothing for a while and then all at once, as in a lift: how soon what they carry is live again.
import { TcpRoad } from './tcp-road.mjs';

const LIVE_MS = 500;
const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** Milliseconds from `since` until pictures come that are no older than LIVE_MS, and stay so for a second; null when they never do. */
function liveAgain(frames, since) {
  const after = frames.filter(({ at, delay }) => at >= since && delay !== null); // null: the clock could not be read
  const good = after.findIndex((f, i) => {
    const second = after.slice(i).filter(({ at }) => at < f.at + 1000);
    return second.length > 5 && second.every(({ delay }) => delay <= LIVE_MS);
  });
  return good < 0 ? null : Math.round(after[good].at - since);
}

/** {publisher, flv_viewer, rtmp_viewer}: ms from the end of the stall until live. */
export async function measureStalls(seconds, withStage) {
  const result = {};
  await withStage({}, async (stage) => {
    // Its own RTMP and FLV ways; the publisher of the stage came directly.
    const rtmp = await TcpRoad.to(stage.server.ports.rtmp);
    const http = await TcpRoad.to(stage.server.ports.http);
    try {
      const viewers = {
        flv_viewer: await stage.view('flv', stage.url('flv').replace(`:${stage.server.ports.http}/`, `:${http.port}/`)),
        rtmp_viewer: await stage.view('rtmp', stage.url('rtmp').replace(`:${stage.server.ports.rtmp}/`, `:${rtmp.port}/`)),
      };
      await pause(3);
      for (const road of [rtmp, http]) road.stop();
      await pause(seconds);
      const end = Date.now();
      for (const road of [rtmp, http]) road.go();
      await pause(6);
      for (const [name, viewer] of Object.entries(viewers)) {
        await viewer.stop();
        result[`${name}_ms`] = liveAgain((await viewer.read()).frames, end);
      }
    } finally {
      rtmp.close();
      http.close();
    }
  });
  await withStage({ stallable: true }, async (stage) => {
    await pause(3);
    stage.road.stop();
    await pause(seconds);
    const end = Date.now();
    stage.road.go();
    await pause(6);
    const shown = await stage.page.page.evaluate(() => window.rig.frames);
    result.publisher_ms = liveAgain(shown.map(([at, delay]) => ({ at, delay })), end);
  });
  return result;
}
