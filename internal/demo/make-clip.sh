#!/bin/sh
# Makes clip.flv anew. It needs ffmpeg with libx264 and a DejaVu font.
#
# The clip is to loop without a seam, so its length of 8 s holds a whole number
# of everything: 200 pictures at 25 a second, 4 groups of pictures, 375 AAC
# frames at 48 kHz. The sound repeats each second and is cut out of the middle
# of a longer one, so that the overlap of the last frame fits the first.
set -eu
cd "$(dirname "$0")"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
font=${FONT:-/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf}

# Two boxes that come home in 8 s, a clock, and a flash
# at each full second, when the sound beeps.
ffmpeg -v error -y -f lavfi -i "gradients=s=640x360:r=25:d=8:c0=0x10243f:c1=0x1f6f78:x0=0:y0=0:x1=640:y1=360:speed=0.00001" \
	-vf "drawgrid=w=80:h=60:t=1:c=white@0.10,\
drawbox=x='40+mod(t*70\,560)':y=250:w=40:h=40:color=0xf2b134:t=fill,\
drawbox=x='580-mod(t*140\,560)':y=300:w=20:h=20:color=0xed553b:t=fill,\
drawbox=x=560:y=20:w=60:h=60:color=white@0.9:t=fill:enable='lt(mod(t\,1)\,0.12)',\
drawbox=x=560:y=20:w=60:h=60:color=white@0.5:t=2,\
drawtext=fontfile=$font:text='MILLRACE':x=40:y=36:fontsize=44:fontcolor=white,\
drawtext=fontfile=$font:text='demo stream':x=42:y=88:fontsize=22:fontcolor=white@0.8,\
drawtext=fontfile=$font:text='%{pts\:hms}':x=40:y=150:fontsize=64:fontcolor=white,\
drawtext=fontfile=$font:text='frame %{n}':x=42:y=218:fontsize=20:fontcolor=white@0.8,\
format=yuv420p" \
	-frames:v 200 -c:v libx264 -profile:v high -preset veryslow -crf 26 -bf 2 -threads 1 \
	-x264-params "keyint=50:min-keyint=50:scenecut=0:open-gop=0" "$tmp/v.mp4"

ffmpeg -v error -y -f lavfi -i "aevalsrc='0.05*sin(2*PI*220*t)+0.03*sin(2*PI*330*t)+lt(mod(t,1),0.12)*0.25*sin(2*PI*880*t)|0.05*sin(2*PI*220*t)+0.03*sin(2*PI*275*t)+lt(mod(t,1),0.12)*0.25*sin(2*PI*880*t)':s=48000:d=24" \
	-c:a aac -b:a 64k "$tmp/a.mp4"
ffmpeg -v error -y -ss 8 -i "$tmp/a.mp4" -frames:a 375 -c copy "$tmp/middle.mp4"

ffmpeg -v error -y -i "$tmp/v.mp4" -i "$tmp/middle.mp4" -map 0:v -map 1:a -c copy -map_metadata -1 -fflags +bitexact \
	-flvflags no_duration_filesize -f flv clip.flv
