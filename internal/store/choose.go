package store

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// here is the data folder that counts wherever it stands in the working
// directory.
const here = "millrace-data"

// Choose returns the data folder of a server that was given none:
// ./millrace-data if it exists, else the user's data folder.
func Choose() (string, error) {
	if info, err := os.Stat(here); err == nil && info.IsDir() {
		return here, nil
	}
	home, _ := os.UserHomeDir()
	dir := userFolder(runtime.GOOS, os.Geteuid() == 0, home, os.Getenv)
	if dir == "" {
		return "", fmt.Errorf("this user has no home folder for the server's data: give a folder with --data")
	}
	return dir, nil
}

// userFolder is where programs of a system keep a user's data, or "".
func userFolder(system string, root bool, home string, env func(string) string) string {
	switch {
	case system == "windows":
		if dir := env("LocalAppData"); dir != "" {
			return filepath.Join(dir, "Millrace")
		}
	case root:
		return "/var/lib/millrace"
	case system == "darwin" && home != "":
		return filepath.Join(home, "Library", "Application Support", "Millrace")
	case filepath.IsAbs(env("XDG_DATA_HOME")): // a relative one is to be ignored (XDG Base Directory 0.8)
		return filepath.Join(env("XDG_DATA_HOME"), "millrace")
	case home != "":
		return filepath.Join(home, ".local", "share", "millrace")
	}
	return ""
}
