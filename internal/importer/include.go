package importer

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Files finds included files where the servers do: a name without a slash before
// it stands in the folder of the main file. Only the last part of a path may
// have wildcards, and only regular files are read.
func Files(main string) func(pattern string) ([]Included, error) {
	return func(pattern string) ([]Included, error) {
		path := pattern
		if !filepath.IsAbs(path) {
			path = filepath.Join(filepath.Dir(main), path)
		}
		names := []string{path}
		if strings.ContainsAny(path, "*?[") {
			dir, last := filepath.Split(path)
			if strings.ContainsAny(dir, "*?[") {
				return nil, errors.New("only the last part of a path may have wildcards")
			}
			var err error
			if names, err = matching(dir, last); err != nil {
				return nil, err
			}
		}
		var all []Included
		for _, name := range names {
			text, err := read(name)
			if err != nil {
				return nil, err
			}
			shown := name
			if rel, err := filepath.Rel(filepath.Dir(main), name); err == nil && filepath.IsLocal(rel) {
				shown = rel
			}
			all = append(all, Included{Name: shown, Text: text})
		}
		return all, nil
	}
}

// matching returns the files of a folder that fit a pattern; a folder that is
// not there has none.
func matching(dir, pattern string) ([]string, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, nil // as the servers do with wildcards
	}
	defer f.Close()
	const most = 10_000
	entries, err := f.ReadDir(most)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, errors.New("the folder cannot be read")
	}
	var names []string
	for _, e := range entries {
		ok, err := filepath.Match(pattern, e.Name())
		if err != nil {
			return nil, errors.New("this is no pattern of names")
		}
		if ok && (!strings.HasPrefix(e.Name(), ".") || strings.HasPrefix(pattern, ".")) {
			names = append(names, filepath.Join(dir, e.Name()))
		}
	}
	slices.Sort(names)
	if len(names) > maxFiles {
		return nil, errors.New("too many files are included")
	}
	return names, nil
}

// read reads a regular file of at most MaxFile bytes.
func read(name string) ([]byte, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, errors.New("there is no such file, or it may not be read")
	case !info.Mode().IsRegular():
		return nil, errors.New("this is no regular file")
	case info.Size() > MaxFile:
		return nil, errors.New("the file is too long")
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, errors.New("the file may not be read")
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err != nil || len(text) > MaxFile {
		return nil, errors.New("the file cannot be read")
	}
	return text, nil
}
