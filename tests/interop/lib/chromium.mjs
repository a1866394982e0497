// Chromium as a publisher and as a viewer with nothing but RTCPeerConnection and fetch, on a page of another origin.
import { createServer } from 'node:http';
import { until } from '../../e2e/lib/server.mjs';

const IN_PAGE = () => {
  const open = async (peer, url) => {
    await peer.setLocalDescription();
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/sdp', authorization: 'Bearer unsigned' }, body: peer.localDescription.sdp });
    const answer = await response.text();
    if (response.status !== 201) throw new Error(`${response.status} ${answer}`);
    const session = { url: new URL(response.headers.get('location'), url).href, etag: response.headers.get('etag') };
    await peer.setRemoteDescription({ type: 'answer', sdp: answer });
    return session;
  };

  window.publish = async (url, codec) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 240 });
    const paint = canvas.getContext('2d');
    setInterval(() => {
      paint.fillStyle = `hsl(${Math.floor(performance.now() / 10) % 360} 80% 50%)`;
      paint.fillRect(0, 0, 320, 240);
      paint.fillStyle = 'white';
      paint.fillText(String(performance.now()), 20, 40);
    }, 50);
    const sound = new AudioContext();
    const tone = sound.createOscillator();
    const destination = sound.createMediaStreamDestination();
    tone.connect(destination);
    tone.start();
    const stream = new MediaStream([...destination.stream.getAudioTracks(), ...canvas.captureStream(20).getVideoTracks()]);
    const peer = new RTCPeerConnection();
    for (const track of stream.getTracks()) {
      const transceiver = peer.addTransceiver(track, { direction: 'sendonly', streams: [stream] });
      if (track.kind !== 'video') continue;
      const all = RTCRtpSender.getCapabilities('video').codecs;
      transceiver.setCodecPreferences([...all.filter((c) => c.mimeType === codec), ...all.filter((c) => c.mimeType.endsWith('/rtx'))]);
    }
    window.peer = peer;
    window.session = await open(peer, url);
  };

  window.watch = async (url) => {
    const peer = new RTCPeerConnection();
    for (const kind of ['audio', 'video']) {
      const { receiver } = peer.addTransceiver(kind, { direction: 'recvonly' });
      const element = document.body.appendChild(document.createElement(kind));
      element.muted = true;
      element.srcObject = new MediaStream([receiver.track]);
      element.play();
    }
    window.peer = peer;
    window.session = await open(peer, url);
  };

  // The mean colour of the picture and the strongest tone, now.
  window.look = async () => {
    const video = document.querySelector('video');
    const canvas = (window.canvas ??= Object.assign(document.createElement('canvas'), { width: 1, height: 1 }));
    const paint = canvas.getContext('2d', { willReadFrequently: true });
    paint.drawImage(video, 0, 0, 1, 1);
    if (!window.analyser) {
      const sound = new AudioContext();
      window.analyser = sound.createAnalyser();
      window.analyser.fftSize = 8192;
      sound.createMediaStreamSource(document.querySelector('audio').srcObject).connect(window.analyser);
      await sound.resume();
    }
    const bins = new Float32Array(window.analyser.frequencyBinCount);
    window.analyser.getFloatFrequencyData(bins);
    const strongest = bins.indexOf(Math.max(...bins));
    return {
      color: [...paint.getImageData(0, 0, 1, 1).data.slice(0, 3)],
      size: [video.videoWidth, video.videoHeight],
      tone: (strongest * window.analyser.context.sampleRate) / window.analyser.fftSize,
      level: bins[strongest],
    };
  };

  window.counts = async () => {
    const counts = { state: window.peer.connectionState, audio: 0, video: 0, lost: 0 };
    for (const report of (await window.peer.getStats()).values()) {
      if (report.type !== 'inbound-rtp') continue;
      counts[report.kind] = report.kind === 'video' ? report.framesDecoded : report.packetsReceived;
      counts.lost += report.packetsLost;
    }
    return counts;
  };

  // RFC 9725 section 4.3.2: new credentials in a PATCH, the answer's into the description that was there.
  window.restartIce = async () => {
    window.peer.restartIce();
    await window.peer.setLocalDescription();
    const field = (sdp, name) => new RegExp(`a=${name}:(.*)\r\n`).exec(sdp)[1];
    const local = window.peer.localDescription.sdp;
    const response = await fetch(window.session.url, {
      method: 'PATCH',
      headers: { 'content-type': 'application/trickle-ice-sdpfrag', 'if-match': '*' },
      body: `a=ice-ufrag:${field(local, 'ice-ufrag')}\r\na=ice-pwd:${field(local, 'ice-pwd')}\r\n`,
    });
    const fragment = await response.text();
    if (response.status !== 200) throw new Error(`${response.status} ${fragment}`);
    const remote = window.peer.remoteDescription.sdp
      .replace(/a=ice-ufrag:.*/g, `a=ice-ufrag:${field(fragment, 'ice-ufrag')}`)
      .replace(/a=ice-pwd:.*/g, `a=ice-pwd:${field(fragment, 'ice-pwd')}`);
    await window.peer.setRemoteDescription({ type: 'answer', sdp: remote });
    return response.headers.get('etag');
  };

  window.leave = async () => {
    const { status } = await fetch(window.session.url, { method: 'DELETE' });
    window.peer.close();
    return status;
  };
};

/** An empty page that is not the server's. */
export function emptySite() {
  return new Promise((resolve) => {
    const site = createServer((request, response) => response.end('<!doctype html><title>elsewhere</title>'));
    site.unref();
    site.listen(0, '127.0.0.1', () => resolve(`http://localhost:${site.address().port}/`));
  });
}
let elsewhere;

class ChromiumClient {
  static async open(browser) {
    const self = new this();
    self.page = await browser.newPage();
    await self.page.goto(await (elsewhere ??= emptySite()));
    await self.page.evaluate(IN_PAGE);
    return self;
  }
  counts() { return this.page.evaluate(() => window.counts()); }
  look() { return this.page.evaluate(() => window.look()); }
  restartIce() { return this.page.evaluate(() => window.restartIce()); }
  async close() {
    await this.page.evaluate(() => window.leave());
    await this.page.close();
  }
}

export class ChromiumPublisher extends ChromiumClient {
  /** `codec`: "video/H264" or "video/VP8". */
  static async start(browser, url, { codec = 'video/H264' } = {}) {
    const self = await this.open(browser);
    await self.page.evaluate(([to, what]) => window.publish(to, what), [String(url), codec]);
    await until('the publisher to be connected', async () => (await self.counts()).state === 'connected');
    return self;
  }
}

export class ChromiumViewer extends ChromiumClient {
  static async start(browser, url) {
    const self = await this.open(browser);
    await self.page.evaluate((to) => window.watch(to), String(url));
    await until('the viewer to be connected', async () => (await self.counts()).state === 'connected');
    return self;
  }
}
