package server

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/millrace-live/millrace/internal/access"
	"github.com/millrace-live/millrace/internal/netx"
	"github.com/millrace-live/millrace/rtmp"
)

// swf reads the SWF files that players must prove to be, by app.
func (s *Settings) swf() (map[string][]rtmp.SWF, error) {
	names := map[string][]string{access.DefaultApp: s.SWF}
	for app, own := range s.Apps {
		names[app] = s.SWF
		if len(own.SWF) > 0 {
			names[app] = own.SWF
		}
	}
	files := make(map[string][]rtmp.SWF)
	for _, app := range sortedKeys(names) {
		if isOff(names[app]) {
			continue
		}
		for _, name := range names[app] {
			f, err := readSWF(name)
			if err != nil {
				return nil, err
			}
			files[app] = append(files[app], f)
		}
	}
	return files, nil
}

// isOff reports whether a list says that there is none.
func isOff(list []string) bool { return len(list) == 1 && list[0] == netx.Off }

// readSWF reads a file. The error is one sentence with the mend.
func readSWF(name string) (rtmp.SWF, error) {
	f, err := os.Open(name)
	if err != nil {
		return rtmp.SWF{}, unreadableSWF(name, err)
	}
	defer f.Close()
	file, err := rtmp.ReadSWF(f)
	if err != nil {
		if _, ok := errors.AsType[*fs.PathError](err); ok {
			return rtmp.SWF{}, unreadableSWF(name, err)
		}
		return rtmp.SWF{}, fmt.Errorf("%q is %s; give the player's .swf file, plain or compressed by zlib", name,
			strings.TrimPrefix(err.Error(), "rtmp: "))
	}
	return file, nil
}

func unreadableSWF(name string, err error) error {
	mend := "give the path of the player's .swf file"
	if errors.Is(err, fs.ErrPermission) {
		mend = "make it readable for this user"
	}
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		err = path.Err
	}
	return fmt.Errorf("cannot read the SWF file %q (%w); %s", name, err, mend)
}
