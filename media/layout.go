package media

import "fmt"

// Name returns what people call the layout, such as "5.1".
func (l *Layout) Name() string {
	if l.Order == NativeOrder {
		if name, ok := layoutNames[l.Mask]; ok {
			return name
		}
	}
	return ChannelsName(int(l.Count))
}

// The masks that have a name (the bits of Enhanced RTMP's AudioChannelMask).
var layoutNames = map[uint32]string{
	0x4: "mono", 0x3: "stereo", 0xb: "2.1", 0x7: "3.0", 0xf: "3.1", 0x107: "4.0", 0x33: "quad", 0x603: "quad",
	0x37: "5.0", 0x607: "5.0", 0x3f: "5.1", 0x60f: "5.1", 0x70f: "6.1", 0x13f: "6.1", 0x63f: "7.1", 0xff: "7.1 wide",
	0x563f: "7.1.2", 0x2d63f: "7.1.4",
}

// ChannelsName returns what people call so many channels when they do not know
// where they are: "mono", "stereo", "5.1", else a number.
func ChannelsName(n int) string {
	switch n {
	case 1:
		return "mono"
	case 2:
		return "stereo"
	case 6:
		return "5.1"
	case 8:
		return "7.1"
	}
	return fmt.Sprintf("%d channels", n)
}

// ChannelsName returns what people call the channels of an audio track, "" when
// nothing is known of them.
func (t *Track) ChannelsName() string {
	if t.Layout != nil {
		return t.Layout.Name()
	}
	if s := t.Sound(); s != nil {
		return ChannelsName(s.Channels)
	}
	return ""
}
