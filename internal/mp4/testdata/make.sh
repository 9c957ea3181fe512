#!/bin/sh
# Makes the clips anew: one encoding with B-frames in every shape of file. It
# needs ffmpeg with libx264.
set -eu
cd "$(dirname "$0")"
ff() { ffmpeg -v error -y "$@"; }
exact="-map_metadata -1 -fflags +bitexact -flags:v +bitexact -flags:a +bitexact"

ff -f lavfi -i testsrc=s=96x54:r=25:d=3 -f lavfi -i sine=f=440:r=44100:d=3 $exact \
	-c:v libx264 -preset veryslow -crf 34 -bf 3 -g 50 -threads 1 -x264-params scenecut=0:b-adapt=0:b-pyramid=none -pix_fmt yuv420p \
	-c:a aac -b:a 32k moov-last.mp4
ff -i moov-last.mp4 -c copy $exact clip.flv
ff -i moov-last.mp4 -c copy $exact -movflags +faststart moov-first.mp4
ff -i moov-last.mp4 -c copy $exact -movflags +frag_keyframe+delay_moov+default_base_moof fragmented.mp4
# Offsets from the file's beginning, fragments that are not cut at keys.
ff -i moov-last.mp4 -c copy $exact -movflags +delay_moov -frag_duration 400000 base-offset.mp4
# Signed offsets in ctts and trun in place of the edit list.
ff -i moov-last.mp4 -c copy $exact -movflags +negative_cts_offsets signed.mp4
# An edit list that begins within a group of pictures.
ff -ss 0.9 -i moov-last.mp4 -c copy $exact trimmed.mp4
# Parameter sets in the stream as well; sound that is not read; sound that begins late.
ff -i moov-last.mp4 -t 0.4 -an $exact -c:v libx264 -crf 40 -threads 1 -x264-params repeat-headers=1 -tag:v avc3 avc3.mp4
ff -i moov-last.mp4 -c:v copy -c:a flac -sample_fmt s16 -t 0.5 $exact -strict -2 flac.mp4
ff -i moov-last.mp4 -itsoffset 0.5 -i moov-last.mp4 -map 0:v -map 1:a -c copy $exact late-sound.mp4
