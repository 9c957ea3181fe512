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

# The codecs of Enhanced RTMP, and several tracks. FFMPEG7 is FFmpeg 7.0 with
# libsvtav1, libvpx, libx265, libopus and libmp3lame.
new() { "${FFMPEG7:-ffmpeg}" -v error -y "$@"; }
small="-f lavfi -i testsrc2=s=96x64:r=10:d=0.8"
tone="-f lavfi -i sine=f=440:r=48000:d=0.8"
x265=log-level=none:keyint=4
# shellcheck disable=SC2086 # words, not one
{
	new $small $tone -c:v libsvtav1 -preset 12 -crf 60 -g 4 -c:a libopus -b:a 16k -bitexact av1-opus.mp4
	new $small $tone -c:v libvpx-vp9 -b:v 20k -g 4 -c:a flac -ar 8000 -strict -2 -bitexact vp9-flac.mp4
	new $small $tone -c:v libx265 -x265-params $x265 -crf 50 -tag:v hvc1 -c:a ac3 -b:a 64k -ac 1 -bitexact hevc-ac3.mp4
	new $small $tone -c:v libx265 -x265-params $x265:repeat-headers=1 -crf 50 -tag:v hev1 -c:a libmp3lame -b:a 32k -bitexact hev1-mp3.mp4
	new $small -f lavfi -i testsrc2=s=192x108:r=10:d=0.8 $tone $tone -map 0 -map 1 -map 2 -map 3 \
		-c:v:0 libx264 -x264-params log=none -g 4 \
		-c:v:1 libx265 -pix_fmt:v:1 yuv420p10le -crf 50 -tag:v:1 hvc1 \
		-x265-params "$x265:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:max-cll=1000,400:master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)" \
		-color_primaries:v:1 bt2020 -color_trc:v:1 smpte2084 -colorspace:v:1 bt2020nc \
		-c:a:0 aac -b:a 32k -c:a:1 eac3 -b:a:1 48k \
		-metadata:s:a:0 language=eng -metadata:s:a:1 language=deu \
		-metadata:s:a:0 title=Commentary -metadata:s:a:1 title=Kommentar \
		-disposition:a:0 0 -disposition:a:1 default multi.mp4
}
