package media

import "fmt"

// ProfileName names the profile as people do, for instance "High"
// (ISO/IEC 14496-10, A.2).
func (c *AVCConfig) ProfileName() string {
	const constraintSet1 = 0x40
	switch c.Profile {
	case 66:
		if c.Compat&constraintSet1 != 0 {
			return "Constrained Baseline"
		}
		return "Baseline"
	case 77:
		return "Main"
	case 88:
		return "Extended"
	case 100:
		return "High"
	case 110:
		return "High 10"
	case 122:
		return "High 4:2:2"
	case 244:
		return "High 4:4:4 Predictive"
	}
	return fmt.Sprintf("profile %d", c.Profile)
}

// LevelName writes the level as people do, for instance "4.1"; level 1b has two
// codings (ISO/IEC 14496-10, A.3).
func (c *AVCConfig) LevelName() string {
	const constraintSet3 = 0x10
	if c.Level == 9 || c.Level == 11 && c.Profile <= 88 && c.Compat&constraintSet3 != 0 {
		return "1b"
	}
	return fmt.Sprintf("%d.%d", c.Level/10, c.Level%10)
}
