"""Runs a GStreamer pipeline until it ends or is told to (SIGTERM, SIGINT): python3 gst-launch.py PIPELINE"""
import signal
import sys

import gi

gi.require_version('Gst', '1.0')
from gi.repository import GLib, Gst  # noqa: E402

Gst.init(None)
loop = GLib.MainLoop()
status = 0


def on_message(_, message):
    global status
    if message.type == Gst.MessageType.ERROR:
        error, details = message.parse_error()
        print(f'{error.message}\n{details}', file=sys.stderr, flush=True)
        status = 1
        loop.quit()
    elif message.type == Gst.MessageType.EOS:
        loop.quit()


pipeline = Gst.parse_launch(sys.argv[1])
pipeline.get_bus().add_signal_watch()
pipeline.get_bus().connect('message', on_message)
for number in (signal.SIGTERM, signal.SIGINT):
    GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, loop.quit)
pipeline.set_state(Gst.State.PLAYING)
loop.run()
pipeline.set_state(Gst.State.NULL)
sys.exit(status)
