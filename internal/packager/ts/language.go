package ts

import "strings"

// threeLetters are the codes of ISO 639-2 (the terminological ones) of languages
// that have one of two letters as well, which is what an encoder's BCP 47 tag
// begins with.
const threeLetters = "ar:ara bg:bul bn:ben ca:cat cs:ces cy:cym da:dan de:deu el:ell en:eng es:spa et:est eu:eus fa:fas " +
	"fi:fin fr:fra ga:gle gl:glg he:heb hi:hin hr:hrv hu:hun hy:hye id:ind is:isl it:ita ja:jpn ka:kat ko:kor lt:lit " +
	"lv:lav mk:mkd mr:mar ms:msa nb:nob nl:nld nn:nno no:nor pa:pan pl:pol pt:por ro:ron ru:rus sk:slk sl:slv sq:sqi " +
	"sr:srp sv:swe sw:swa ta:tam te:tel th:tha tl:tgl tr:tur uk:ukr ur:urd vi:vie zh:zho "

// appendLanguage appends an ISO_639_language_descriptor (§2.6.18), if there is a
// code for the tag.
func appendLanguage(dst []byte, tag string) []byte {
	code, _, _ := strings.Cut(strings.ToLower(tag), "-")
	if len(code) == 2 {
		i := strings.Index(threeLetters, code+":")
		if i < 0 {
			return dst
		}
		code = threeLetters[i+3 : i+6]
	}
	if len(code) != 3 || strings.Trim(code, "abcdefghijklmnopqrstuvwxyz") != "" {
		return dst
	}
	return append(append(append(dst, 0x0a, 4), code...), 0)
}
