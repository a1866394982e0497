import { describe, expect, it } from 'vitest';
import { dataset, playerAttributes, PUSHER_ATTRIBUTES, pusherAttributes } from '../src/core/attributes.js';

describe('attributes', () => {
  const defaults = pusherAttributes({});

  it.each([undefined, null, Number.NaN])('%s means the default, for every one', (value) => {
    const raw = Object.fromEntries(Object.keys(PUSHER_ATTRIBUTES).map((name) => [name, value]));
    expect(pusherAttributes(raw)).toEqual(defaults);
  });

  it('have the documented defaults', () => {
    expect(defaults).toMatchObject({ enableCamera: true, enableMic: true, autopush: false, videoWidth: 360, videoHeight: 640, localMirror: 'auto' });
    expect(playerAttributes({})).toMatchObject({ objectFit: 'fillCrop', muteVideo: false, soundMode: 'speaker', autoplay: false });
  });

  it('are read in kebab and in camel case, and from strings', () => {
    expect(pusherAttributes({ 'enable-camera': false, enableMic: 'false', 'max-bitrate': '1500', autopush: '' }))
      .toMatchObject({ enableCamera: false, enableMic: false, maxBitrate: 1500, autopush: true });
  });

  it('of no use are the default, and numbers stay in their range', () => {
    expect(pusherAttributes({ beauty: 12, whiteness: -3, 'video-width': 'wide', 'device-position': 'left' }))
      .toMatchObject({ beauty: 9, whiteness: 0, videoWidth: 360, devicePosition: 'front' });
    expect(playerAttributes({ 'object-fit': 'stretch' }).objectFit).toBe('fillCrop');
    expect(playerAttributes({ 'object-fit': 'auto' }).objectFit).toBe('auto');
  });

  it('of data become a dataset', () => {
    expect(dataset({ 'data-userid': 'bob', 'data-stream-type': 'main', dataStreamid: 'x', src: 'y' }))
      .toEqual({ userid: 'bob', streamType: 'main', streamid: 'x' });
  });
});
