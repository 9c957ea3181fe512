package config

import (
	"fmt"
	"log/slog"
)

// Secret is text that must not be shown: it prints, logs and marshals as
// "[hidden]".
type Secret struct{ text string }

// NewSecret returns s as a secret.
func NewSecret(s string) Secret { return Secret{s} }

// Reveal returns the text itself.
func (s Secret) Reveal() string { return s.text }

const hidden = "[hidden]"

// Format implements [fmt.Formatter], since %#v and %x would look into the struct.
func (Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, hidden) }

// String implements [fmt.Stringer].
func (Secret) String() string { return hidden }

// LogValue implements [slog.LogValuer].
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText implements [encoding.TextMarshaler].
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (s *Secret) UnmarshalText(b []byte) error {
	s.text = string(b)
	return nil
}
