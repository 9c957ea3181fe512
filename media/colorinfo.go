package media

// ColorInfo is what an encoder says of the light of its pictures (Enhanced RTMP
// v2, colorInfo). Zero means that it does not say.
type ColorInfo struct {
	Color
	BitDepth uint8
	Light
}

// MasteringDisplay is the colour volume of the display that the content was
// mastered on (SMPTE ST 2086).
type MasteringDisplay struct {
	// The chromaticity coordinates of CIE 1931, each of 0 to 1.
	RedX, RedY, GreenX, GreenY, BlueX, BlueY, WhiteX, WhiteY float64
	MaxLuminance, MinLuminance                               float64 // cd/m2
}
