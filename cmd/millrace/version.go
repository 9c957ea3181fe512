package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run(env *environment) error {
	b := buildInfo()
	_, err := fmt.Fprintf(env.stdout, "millrace %s (%s, %s, %s/%s)\n", b.version, b.revision, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

type build struct{ version, revision string }

// buildInfo is what the linker, the module system or the version control told
// the build, the first of them that did.
func buildInfo() build {
	b := build{version: version, revision: "unknown revision"}
	info, ok := debug.ReadBuildInfo()
	if ok && b.version == "" && info.Main.Version != "" && info.Main.Version != "(devel)" {
		b.version = info.Main.Version
	}
	if b.version == "" {
		b.version = "dev"
	}
	if !ok {
		return b
	}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			b.revision = s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			b.revision += ", changed"
		}
	}
	return b
}
