package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// What was built, set by the linker (-X main.version=...; the Makefile does).
// The version control could stamp the revision, but not in a build from an
// archive or a container, and a checkout of another user fails it.
var (
	version string
	commit  string
	date    string // of the commit, UTC: that of the build would make every build another
)

type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run(env *environment) error {
	b := buildInfo()
	_, err := fmt.Fprintf(env.stdout, "millrace %s (%s, %s, %s/%s)\n", b.version, b.revision, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

type build struct{ version, revision string }

func buildInfo() build {
	info, _ := debug.ReadBuildInfo() // nil in a build without modules
	return describeBuild(info)
}

// describeBuild is what the linker, the module system or the version control
// told the build, the first of them that did.
func describeBuild(info *debug.BuildInfo) build {
	b := build{version: version, revision: commit}
	if commit != "" && date != "" {
		b.revision += " of " + date
	}
	if info == nil {
		info = &debug.BuildInfo{}
	}
	if b.version == "" && info.Main.Version != "(devel)" {
		b.version = info.Main.Version
	}
	if b.version == "" {
		b.version = "dev"
	}
	if b.revision == "" {
		b.revision = revision(info)
	}
	return b
}

func revision(info *debug.BuildInfo) string {
	text := "unknown revision"
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			text = s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.time":
			text += " of " + s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			text += ", changed"
		}
	}
	return text
}
