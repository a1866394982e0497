// Runs inside a page: `window.plugs.pull('camera')` and `.put('camera')` do what a hand does to a plug. `microphone` too.

export function installPlugs() {
  const devices = navigator.mediaDevices;
  const open = devices.getUserMedia.bind(devices);
  const list = devices.enumerateDevices.bind(devices);
  const KINDS = { camera: { member: 'video', input: 'videoinput' }, microphone: { member: 'audio', input: 'audioinput' } };
  const pulled = new Set();
  const live = new Set();
  devices.getUserMedia = async (constraints) => {
    for (const [device, { member }] of Object.entries(KINDS)) {
      if (constraints[member] && pulled.has(device)) throw new DOMException('Requested device not found', 'NotFoundError');
    }
    const stream = await open(constraints);
    for (const track of stream.getTracks()) live.add(track);
    return stream;
  };
  devices.enumerateDevices = async () => (await list()).filter(({ kind }) => !Object.keys(KINDS).some((device) => pulled.has(device) && KINDS[device].input === kind));
  window.plugs = {
    pull(device) {
      pulled.add(device);
      for (const track of live) {
        if (track.kind !== KINDS[device].member) continue;
        live.delete(track);
        track.stop(); // says nothing by itself
        track.dispatchEvent(new Event('ended'));
      }
      devices.dispatchEvent(new Event('devicechange'));
    },
    put(device) {
      pulled.delete(device);
      devices.dispatchEvent(new Event('devicechange'));
    },
  };
}
