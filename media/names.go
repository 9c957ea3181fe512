package media

import "fmt"

// A NamedFormat has a profile and a level that people speak of: every video
// format.
type NamedFormat interface {
	Format
	// ProfileName names the profile, for instance "Main 10"; "" when there is
	// none to name.
	ProfileName() string
	// LevelName writes the level, for instance "4.1"; "" when it is not stated.
	LevelName() string
}

// ProfileName names the profile (H.265 annex A.3).
func (c *HEVCConfig) ProfileName() string {
	switch c.Profile {
	case 1:
		return "Main"
	case 2:
		return "Main 10"
	case 3:
		return "Main Still Picture"
	case 4:
		return "Range Extensions"
	case 9, 11:
		return "Screen Content"
	}
	return fmt.Sprintf("profile %d", c.Profile)
}

// LevelName writes the level, whichever the tier.
func (c *HEVCConfig) LevelName() string { return fmt.Sprintf("%d.%d", c.Level/30, c.Level%30/3) }

// ProfileName names the profile (H.266 annex A.3).
func (c *VVCConfig) ProfileName() string {
	switch c.Profile {
	case 0:
		return ""
	case 1:
		return "Main 10"
	case 65:
		return "Main 10 Still Picture"
	case 33:
		return "Main 10 4:4:4"
	case 17:
		return "Multilayer Main 10"
	}
	return fmt.Sprintf("profile %d", c.Profile)
}

// LevelName writes the level.
func (c *VVCConfig) LevelName() string {
	if c.Level == 0 {
		return ""
	}
	return fmt.Sprintf("%d.%d", c.Level/16, c.Level%16/3)
}

// ProfileName names the profile (AV1 annex A.2).
func (c *AV1Config) ProfileName() string {
	return [...]string{"Main", "High", "Professional"}[min(c.Profile, 2)]
}

// LevelName writes the level (AV1 annex A.3); "" for level 31, which has no
// limits.
func (c *AV1Config) LevelName() string {
	if c.Level > 23 {
		return ""
	}
	return fmt.Sprintf("%d.%d", 2+c.Level/4, c.Level%4)
}

// ProfileName names the profile of VP9; VP8 has a single one for all that
// people know.
func (c *VPConfig) ProfileName() string {
	if c.Codec == VP8 {
		return ""
	}
	return fmt.Sprintf("profile %d", c.Profile)
}

// LevelName writes the level of VP9 where it is stated.
func (c *VPConfig) LevelName() string {
	if c.Codec == VP8 || c.Level < 10 || c.Level >= 70 {
		return ""
	}
	return fmt.Sprintf("%d.%d", c.Level/10, c.Level%10)
}
