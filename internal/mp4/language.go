package mp4

import "strings"

// languages are those codes of three letters (ISO 639-2/T) for which there is
// one of two, which is then the one to use (BCP 47 §2.2.1). There are more; what
// is not here keeps its three letters, which players understand as well.
const languages = "ar ara bg bul bn ben ca cat cs ces cy cym da dan de deu el ell en eng es spa et est eu eus fa fas fi fin " +
	"fr fra ga gle gl glg he heb hi hin hr hrv hu hun hy hye id ind is isl it ita ja jpn ka kat ko kor lt lit lv lav mk mkd " +
	"mr mar ms msa nb nob nl nld nn nno no nor pa pan pl pol pt por ro ron ru rus sk slk sl slv sq sqi sr srp sv swe sw swa " +
	"ta tam te tel th tha tl tgl tr tur uk ukr ur urd vi vie zh zho "

// language is the tag of a packed code (§8.4.2); "" for none.
func language(packed uint16) string {
	var b [3]byte
	for i := range b {
		b[i] = byte(packed>>(10-5*i)&31) + 0x60
		if b[i] < 'a' || b[i] > 'z' {
			return ""
		}
	}
	code := string(b[:])
	if code == "und" || code == "zxx" || code == "mis" {
		return ""
	}
	if i := strings.Index(languages, " "+code+" "); i >= 2 {
		return languages[i-2 : i]
	}
	return code
}

// packed is the code of a tag that begins with two letters, 0 if there is none
// here.
func packed(tag string) uint16 {
	two, _, _ := strings.Cut(strings.ToLower(tag), "-")
	const entry = len("en eng ")
	for at := 0; len(two) == 2 && at+entry <= len(languages); at += entry {
		if languages[at:at+2] != two {
			continue
		}
		var code uint16
		for _, letter := range languages[at+3 : at+6] {
			code = code<<5 | uint16(letter-0x60)
		}
		return code
	}
	return 0
}

// maxName bounds what is kept of a track's name and language.
const maxName = 100

// text reads a text that may end in a zero, behind skip bytes of a box.
func (f *file) text(b box, skip int64) (string, error) {
	buf := make([]byte, maxName)
	p, err := f.head(box{kind: b.kind, start: b.start, body: min(b.body+skip, b.end), end: b.end}, buf)
	if err != nil {
		return "", err
	}
	s, _, _ := strings.Cut(string(p), "\x00")
	return strings.TrimSpace(strings.ToValidUTF8(s, "")), nil
}

// isTool reports whether the name of a handler is that of the program that made
// the file, as in "VideoHandler" and "Core Media Audio", and nobody's choice.
func isTool(name string) bool {
	name = strings.ToLower(name)
	for _, word := range []string{"handler", "core media", "iso media", "mainconcept", "alias data"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return name == "" || name == "video" || name == "sound"
}
