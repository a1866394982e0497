// What a page gets before its own scripts run, so that a test can measure it: a camera with a clock in the picture, a
// microphone whose tone tells the time, and a way round through the relay. Everything is in `window.rig`.

/** The clock is two rows of CLOCK.columns bits in the first lines of the picture: time and frame number with a check. */
export const CLOCK = { columns: 24, rows: 2, blockHeight: 16 };

/** Runs inside the page (Playwright serialises it): uses nothing from outside but its argument. */
export function installRig({ mediaPort, camera, clock, ownDevices }) {
  const rig = (window.rig = { connections: [], frames: [], tones: [], states: [] });
  const now = () => performance.timeOrigin + performance.now();

  // --- the way round ---

  const Native = window.RTCPeerConnection;
  // One UDP candidate, the relay's, in the place of those of the server.
  const throughRelay = (sdp) => {
    const seen = new Set();
    return sdp.replace(/(m=[\s\S]*?)(?=\r\nm=|$)/g, (section) => {
      seen.clear();
      return section.replace(/a=candidate:(\S+) (\d) udp (\d+) \S+ \d+ typ host.*\r\n|a=candidate:.*\r\n/gi, (line, foundation, component, priority) => {
        if (!foundation || seen.has('one')) return '';
        seen.add('one');
        return `a=candidate:${foundation} ${component} udp ${priority} 127.0.0.1 ${mediaPort} typ host\r\n`;
      });
    });
  };
  window.RTCPeerConnection = class extends Native {
    constructor(...args) {
      super(...args);
      rig.connections.push(this);
      this.addEventListener('connectionstatechange', () => rig.states.push([now(), this.connectionState]));
    }
    setRemoteDescription(description) {
      const sdp = mediaPort && description.sdp ? throughRelay(description.sdp) : description.sdp;
      return super.setRemoteDescription({ type: description.type, sdp });
    }
  };
  rig.connection = () => rig.connections.filter((pc) => pc.connectionState === 'connected').at(-1) ?? null;

  // --- the camera: drawn in a worker, whose timers go on while a page is hidden ---

  const cameraWorker = () => {
    self.onmessage = ({ data: { writable, width, height, fps, clock: { columns, blockHeight } } }) => {
      const canvas = new OffscreenCanvas(width, height);
      const context = canvas.getContext('2d', { alpha: false, willReadFrequently: true });
      const writer = writable.getWriter();
      // Something that costs bits: coarse noise that moves and turns into other noise.
      const noise = [0, 1].map(() => {
        const tile = new OffscreenCanvas(width, height);
        const t = tile.getContext('2d');
        for (let y = 0; y < height; y += 12) {
          for (let x = 0; x < width; x += 12) {
            t.fillStyle = `hsl(${Math.random() * 360} 45% ${25 + Math.random() * 50}%)`;
            t.fillRect(x, y, 12, 12);
          }
        }
        return tile;
      });
      let frame = 0;
      const bits = (value, row) => {
        for (let i = 0; i < columns; i++) {
          context.fillStyle = (value >>> (columns - 1 - i)) & 1 ? '#fff' : '#000';
          context.fillRect(Math.round((i * width) / columns), row * blockHeight, Math.ceil(width / columns), blockHeight);
        }
      };
      const draw = () => {
        const at = performance.timeOrigin + performance.now();
        frame = (frame + 1) & 0xffff;
        const shift = (frame * 3) % width;
        context.globalAlpha = 1;
        context.drawImage(noise[0], -shift, 0);
        context.drawImage(noise[0], width - shift, 0);
        context.globalAlpha = 0.5 + 0.5 * Math.sin(frame / 20);
        context.drawImage(noise[1], 0, (frame * 2) % height);
        context.globalAlpha = 1;
        const time = Math.floor(at) & 0xffffff;
        const check = (time ^ (time >>> 8) ^ (time >>> 16) ^ frame ^ (frame >>> 8)) & 0xff;
        bits(time, 0);
        bits(((frame << 8) | check) >>> 0, 1);
        const picture = new VideoFrame(canvas, { timestamp: Math.round(performance.now() * 1000) });
        writer.write(picture).catch(() => undefined);
        self.postMessage(frame);
      };
      setInterval(draw, 1000 / fps);
    };
  };
  rig.drawn = 0;
  const openCamera = () => {
    const generator = new MediaStreamTrackGenerator({ kind: 'video' });
    const worker = new Worker(URL.createObjectURL(new Blob([`(${cameraWorker})()`], { type: 'text/javascript' })));
    worker.onmessage = () => rig.drawn++;
    worker.postMessage({ writable: generator.writable, clock, ...camera }, [generator.writable]);
    const stop = generator.stop.bind(generator);
    generator.stop = () => { worker.terminate(); stop(); };
    // Belongs to no device, so it has none of a device's settings to change.
    generator.applyConstraints = async () => undefined;
    return generator;
  };

  // --- the microphone: high in every even second of the clock, low in every odd one ---

  const TONES = { low: 500, high: 1500 };
  const openMicrophone = () => {
    const context = new AudioContext({ sampleRate: 48000 });
    const oscillator = new OscillatorNode(context, { frequency: TONES.low });
    const gain = new GainNode(context, { gain: 0.3 });
    const out = new MediaStreamAudioDestinationNode(context);
    oscillator.connect(gain).connect(out);
    oscillator.start();
    // currentTime stands still while a block is made: the smallest difference is the true one.
    let lead = Infinity;
    setInterval(() => {
      lead = Math.min(lead, now() - context.currentTime * 1000);
    }, 7);
    setInterval(() => {
      if (lead === Infinity) return;
      const second = Math.floor(now() / 1000) + 1;
      const at = (second * 1000 - lead) / 1000;
      oscillator.frequency.cancelScheduledValues(context.currentTime);
      oscillator.frequency.setValueAtTime(second % 2 === 0 ? TONES.high : TONES.low, at);
      lead += 0.05; // clocks drift
    }, 400);
    return out.stream.getAudioTracks()[0];
  };

  if (ownDevices) {
    const devices = navigator.mediaDevices;
    devices.getUserMedia = async ({ audio, video }) => new MediaStream([...(audio ? [openMicrophone()] : []), ...(video ? [openCamera()] : [])]);
  }

  // --- what is seen ---

  const LONGEST_DELAY_MS = 60_000;
  const strip = document.createElement('canvas');
  const SCALE = 4;
  strip.width = clock.columns * SCALE;
  strip.height = clock.rows * SCALE;
  const pixels = strip.getContext('2d', { willReadFrequently: true });
  const readClock = (video) => {
    const lines = (clock.rows * clock.blockHeight * video.videoHeight) / camera.height;
    pixels.drawImage(video, 0, 0, video.videoWidth, lines, 0, 0, strip.width, strip.height);
    const { data } = pixels.getImageData(0, 0, strip.width, strip.height);
    const bit = (column, row) => {
      let sum = 0;
      for (const dy of [1, 2]) for (const dx of [1, 2]) sum += data[4 * ((row * SCALE + dy) * strip.width + column * SCALE + dx) + 1];
      return sum > 4 * 127 ? 1 : 0;
    };
    const [time, rest] = [0, 1].map((row) => {
      let value = 0;
      for (let i = 0; i < clock.columns; i++) value = value * 2 + bit(i, row);
      return value;
    });
    const frame = rest >>> 8;
    const check = (time ^ (time >>> 8) ^ (time >>> 16) ^ frame ^ (frame >>> 8)) & 0xff;
    return check === (rest & 0xff) ? { time, frame } : null;
  };
  const watched = new WeakSet();
  const watch = (video) => {
    watched.add(video);
    const seen = () => {
      const at = now();
      const read = video.videoWidth > 0 ? readClock(video) : null;
      // The clock in the picture has 24 bits: its difference to now is right modulo 4.6 hours. A check of 8 bits lets some misreadings pass.
      const age = read ? ((Math.floor(at) & 0xffffff) - read.time + 0x1000000) % 0x1000000 : Infinity;
      const right = age < LONGEST_DELAY_MS;
      rig.frames.push([at, right ? age : null, right ? read.frame : null, video.videoWidth, video.videoHeight]);
      video.requestVideoFrameCallback(seen);
    };
    video.requestVideoFrameCallback(seen);
  };

  // --- what is heard ---

  let ear = null;
  const listen = (pc) => {
    const track = pc.getReceivers().map((receiver) => receiver.track).find((t) => t.kind === 'audio' && t.readyState === 'live' && !t.muted);
    if (!track || ear?.track === track) return;
    ear?.context.close();
    const context = new AudioContext({ sampleRate: 48000 });
    const analyser = new AnalyserNode(context, { fftSize: 512 });
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    ear = { track, context, analyser, samples: new Float32Array(512), tone: null };
  };
  // Goertzel's algorithm: the power of one frequency.
  const power = (samples, frequency) => {
    const k = 2 * Math.cos((2 * Math.PI * frequency) / 48000);
    let [a, b] = [0, 0];
    for (const sample of samples) [a, b] = [sample + k * a - b, a];
    return a * a + b * b - k * a * b;
  };
  const hear = () => {
    if (!ear) return;
    ear.analyser.getFloatTimeDomainData(ear.samples);
    const [low, high] = [power(ear.samples, TONES.low), power(ear.samples, TONES.high)];
    if (low + high < 1) return;
    const tone = high > low ? 'high' : 'low';
    if (ear.tone && tone !== ear.tone) {
      // The change lies in the middle of the 10.7 ms that were looked at. It was made at a whole second of the clock.
      const at = now() - 5;
      const changed = (2000 + at - (tone === 'high' ? 0 : 1000)) % 2000;
      rig.tones.push([at, changed]);
    }
    ear.tone = tone;
  };
  if (ownDevices) setInterval(hear, 5);

  setInterval(() => {
    for (const video of document.querySelectorAll('[data-testid^="remote-"] video')) if (!watched.has(video)) watch(video);
    const pc = rig.connection();
    if (pc && ownDevices) listen(pc);
  }, 50);

  // --- figures ---

  const NUMBERS = {
    'outbound-rtp': ['bytesSent', 'framesEncoded', 'framesSent', 'totalEncodeTime', 'retransmittedPacketsSent', 'packetsSent', 'nackCount', 'pliCount', 'keyFramesEncoded', 'frameWidth', 'frameHeight', 'targetBitrate'],
    'inbound-rtp': ['bytesReceived', 'packetsReceived', 'packetsLost', 'framesDecoded', 'framesReceived', 'framesDropped', 'keyFramesDecoded', 'freezeCount', 'totalFreezesDuration', 'jitterBufferDelay', 'jitterBufferEmittedCount',
      'concealedSamples', 'silentConcealedSamples', 'concealmentEvents', 'totalSamplesReceived', 'totalDecodeTime', 'nackCount', 'pliCount', 'fecPacketsReceived', 'fecPacketsDiscarded', 'packetsDiscarded', 'retransmittedPacketsReceived', 'frameWidth', 'frameHeight'],
  };
  /** Cumulative counts of the connection that is in use; kinds with several streams are added up. */
  rig.stats = async () => {
    const pc = rig.connection();
    if (!pc) return null;
    const out = { at: now(), connection: rig.connections.indexOf(pc), drawn: rig.drawn, rtt: 0, available: 0, sent: {}, received: {}, limited: '', codec: '', soundBehind: null };
    const playing = {};
    (await pc.getStats()).forEach((s) => {
      if (s.type === 'candidate-pair' && s.nominated) {
        out.rtt = (s.currentRoundTripTime ?? 0) * 1000;
        out.available = (s.availableOutgoingBitrate ?? 0) / 1000;
      }
      if (!(s.type in NUMBERS)) return;
      // There only where the browser keeps the two together.
      if (s.estimatedPlayoutTimestamp) playing[s.kind] = s.estimatedPlayoutTimestamp;
      const side = s.type === 'inbound-rtp' ? out.received : out.sent;
      const sum = (side[s.kind] ??= {});
      for (const name of NUMBERS[s.type]) sum[name] = (sum[name] ?? 0) + (s[name] ?? 0);
      if (s.type === 'outbound-rtp' && s.kind === 'video' && s.framesSent > 0) out.limited = s.qualityLimitationReason;
    });
    if (playing.audio && playing.video) out.soundBehind = playing.video - playing.audio;
    return out;
  };
}
