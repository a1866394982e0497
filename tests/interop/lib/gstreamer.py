#!/usr/bin/python3
"""GStreamer's webrtcbin as a WHIP publisher or a WHEP viewer.

  gstreamer.py publish|watch URL [h264|vp8]

Prints a JSON object a line: {"state": "connected"}, and of a viewer what was decoded so far: {"audio": buffers, "video": frames}.
Ends on SIGTERM, or when its standard input is closed, and deletes its session first."""
import json
import signal
import sys
import urllib.parse
import urllib.request

import gi

gi.require_version('Gst', '1.0')
gi.require_version('GstWebRTC', '1.0')
gi.require_version('GstSdp', '1.0')
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

AUDIO = 'application/x-rtp,media=audio,encoding-name=OPUS,payload=111,clock-rate=48000,encoding-params=(string)2'
CODECS = {
    'h264': ('x264enc tune=zerolatency speed-preset=ultrafast key-int-max=30 bitrate=400 ! video/x-h264,profile=constrained-baseline ! rtph264pay config-interval=-1 aggregate-mode=zero-latency pt=102',
             'application/x-rtp,media=video,encoding-name=H264,payload=102,clock-rate=90000,packetization-mode=(string)1'),
    'vp8': ('vp8enc deadline=1 cpu-used=8 keyframe-max-dist=30 target-bitrate=400000 ! rtpvp8pay pt=96',
            'application/x-rtp,media=video,encoding-name=VP8,payload=96,clock-rate=90000'),
}


def say(**words):
    print(json.dumps(words), flush=True)


class Client:
    def __init__(self, mode, url, codec):
        self.url = url
        self.session = None
        self.counts = {'audio': 0, 'video': 0}
        self.loop = GLib.MainLoop()
        encode, caps = CODECS[codec]
        if mode == 'publish':
            self.pipeline = Gst.parse_launch(
                'webrtcbin name=rtc bundle-policy=max-bundle '
                f'audiotestsrc is-live=true wave=sine ! audioconvert ! audioresample ! opusenc ! rtpopuspay pt=111 ! {AUDIO} ! rtc. '
                f'videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=15/1 ! videoconvert ! {encode} ! {caps} ! rtc.')
        else:
            self.pipeline = Gst.Pipeline.new()
            self.pipeline.add(Gst.parse_launch('webrtcbin name=rtc bundle-policy=max-bundle'))
        self.rtc = self.pipeline.get_by_name('rtc')
        self.rtc.connect('on-negotiation-needed', self.on_negotiation_needed)
        self.rtc.connect('notify::connection-state', self.on_state)
        self.rtc.connect('pad-added', self.on_pad)
        if mode == 'publish':
            for index in range(2):
                self.rtc.emit('get-transceiver', index).set_property('direction', GstWebRTC.WebRTCRTPTransceiverDirection.SENDONLY)
        else:
            for description in (AUDIO, caps):
                self.rtc.emit('add-transceiver', GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY, Gst.Caps.from_string(description))

    def run(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, self.loop.quit)
        GLib.io_add_watch(sys.stdin.fileno(), GLib.PRIORITY_DEFAULT, GLib.IOCondition.HUP, lambda *_: self.loop.quit())
        GLib.timeout_add(100, self.tell)
        bus = self.pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect('message::error', self.on_error)
        self.pipeline.set_state(Gst.State.PLAYING)
        self.loop.run()
        if self.session:
            urllib.request.urlopen(urllib.request.Request(self.session, method='DELETE'))
        self.pipeline.set_state(Gst.State.NULL)

    def tell(self):
        say(**self.counts)
        return True

    def on_error(self, _bus, message):
        say(error=str(message.parse_error()))
        self.loop.quit()

    def on_state(self, rtc, _property):
        say(state=rtc.get_property('connection-state').value_nick)

    def on_negotiation_needed(self, rtc):
        rtc.emit('create-offer', None, Gst.Promise.new_with_change_func(self.on_offer, None))

    def on_offer(self, promise, _):
        promise.wait()
        reply = promise.get_reply()  # the offer lives as long as this
        offer = reply.get_value('offer')
        self.rtc.emit('set-local-description', offer, Gst.Promise.new())
        request = urllib.request.Request(self.url, offer.sdp.as_text().encode(), {'Content-Type': 'application/sdp'}, method='POST')
        try:
            with urllib.request.urlopen(request) as response:
                self.session = urllib.parse.urljoin(self.url, response.headers['Location'])
                text = response.read()
        except urllib.error.HTTPError as error:
            say(error=f'{error.code} {error.read().decode()}')
            return self.loop.quit()
        _, message = GstSdp.SDPMessage.new()
        GstSdp.sdp_message_parse_buffer(text, message)
        answer = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, message)
        self.rtc.emit('set-remote-description', answer, Gst.Promise.new())

    def on_pad(self, _rtc, pad):
        if pad.direction != Gst.PadDirection.SRC:
            return
        decode = Gst.ElementFactory.make('decodebin')
        decode.connect('pad-added', self.on_decoded)
        self.pipeline.add(decode)
        decode.sync_state_with_parent()
        pad.link(decode.get_static_pad('sink'))

    def on_decoded(self, _decode, pad):
        kind = 'audio' if pad.get_current_caps().to_string().startswith('audio') else 'video'
        sink = Gst.ElementFactory.make('fakesink')
        sink.set_property('signal-handoffs', True)
        sink.connect('handoff', self.on_frame, kind)
        self.pipeline.add(sink)
        sink.sync_state_with_parent()
        pad.link(sink.get_static_pad('sink'))

    def on_frame(self, _sink, _buffer, _pad, kind):
        self.counts[kind] += 1


if __name__ == '__main__':
    if len(sys.argv) < 3 or sys.argv[1] not in ('publish', 'watch'):
        sys.exit(__doc__)
    Gst.init(None)
    Client(sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else 'h264').run()
