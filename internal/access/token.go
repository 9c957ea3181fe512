package access

import (
	"bytes"
	"crypto/subtle"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"

	"github.com/millrace-live/millrace/internal/store"
)

// TokenFile is the name of the admin token's file in the data folder.
const TokenFile = "admin.token"

// Token is the admin token: who has it may do everything. The zero value
// admits nobody.
type Token struct{ hash hash }

// LoadToken reads the admin token of the data folder, and makes it when there is
// none.
func LoadToken(f *store.Folder) (Token, error) {
	b, err := f.Read(TokenFile)
	if errors.Is(err, fs.ErrNotExist) {
		b = []byte(newSecret(tokenPrefix) + "\n")
		err = f.Write(TokenFile, b, 0o600)
	}
	if err != nil {
		return Token{}, err
	}
	text := string(bytes.TrimSpace(b))
	if len(text) < 16 {
		return Token{}, fmt.Errorf("%s is too short to be a token: remove the file, and the next start makes another",
			f.Path(TokenFile))
	}
	return Token{hashOf(text)}, nil
}

// Admits reports whether the request bears the token (RFC 6750, 2.1).
func (t Token) Admits(r *http.Request) bool {
	scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	h := hashOf(strings.TrimSpace(given))
	return strings.EqualFold(scheme, "bearer") && t != Token{} && subtle.ConstantTimeCompare(h[:], t.hash[:]) == 1
}
