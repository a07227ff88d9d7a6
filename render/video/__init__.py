"""The cutting room: picture geometry, codecs, the frame loop, the ffmpeg process."""
