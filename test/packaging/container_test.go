package packaging

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// instruction is one of a Dockerfile, its lines joined.
type instruction struct {
	name, args string
	stage      string // that it belongs to: its name, or "final"
}

func dockerfile(t *testing.T) []instruction {
	t.Helper()
	text, err := os.ReadFile(root + "/packaging/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	var list []instruction
	stage := ""
	joined := strings.ReplaceAll(string(text), "\\\n", " ")
	for line := range strings.Lines(joined) {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, args, _ := strings.Cut(line, " ")
		if name == "FROM" {
			stage = "final"
			if words := strings.Fields(args); len(words) == 3 && words[1] == "AS" {
				stage = words[2]
			}
		}
		list = append(list, instruction{name, strings.TrimSpace(args), stage})
	}
	return list
}

// final is the one instruction of that name in the image's last stage.
func final(t *testing.T, name string) string {
	t.Helper()
	var found []string
	for _, i := range dockerfile(t) {
		if i.name == name && i.stage == "final" {
			found = append(found, i.args)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d instructions %s, want 1", len(found), name)
	}
	return found[0]
}

// ignored are the names that do not reach the build.
func ignored(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(root + "/packaging/Dockerfile.dockerignore")
	if err != nil {
		t.Fatal(err)
	}
	_, names, _ := strings.Cut(string(text), "\n") // below the comment
	return strings.Fields(names)
}

func TestDockerfileIsUnderstood(t *testing.T) {
	known := strings.Fields("FROM ARG ENV WORKDIR COPY RUN USER VOLUME EXPOSE STOPSIGNAL HEALTHCHECK ENTRYPOINT CMD LABEL")
	stages := []string{}
	for _, i := range dockerfile(t) {
		if !slices.Contains(known, i.name) {
			t.Errorf("%s is no instruction", i.name)
		}
		switch i.name {
		case "FROM":
			stages = append(stages, i.stage)
		case "COPY":
			checkCopy(t, i, stages)
		case "ENTRYPOINT", "CMD":
			if err := json.Unmarshal([]byte(i.args), &[]string{}); err != nil {
				t.Errorf("%s %s is for a shell, and the image has none", i.name, i.args)
			}
		}
	}
	goMod, err := os.ReadFile(root + "/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(goMod)) {
		if v, ok := strings.CutPrefix(line, "go "); ok {
			v = strings.Join(strings.Split(strings.TrimSpace(v), ".")[:2], ".")
			if from := dockerfile(t)[0].args; from != "golang:"+v+" AS build" {
				t.Errorf("it is built by %s, and go.mod wants Go %s", from, v)
			}
		}
	}
}

func checkCopy(t *testing.T, i instruction, stages []string) {
	t.Helper()
	words := strings.Fields(i.args)
	from := ""
	for len(words) > 0 && strings.HasPrefix(words[0], "--") {
		if stage, ok := strings.CutPrefix(words[0], "--from="); ok {
			from = stage
		}
		words = words[1:]
	}
	if len(words) < 2 {
		t.Errorf("COPY %s copies nothing", i.args)
	}
	for _, source := range words[:len(words)-1] {
		switch inside, ok := strings.CutPrefix(source, "/src/"); {
		case from != "" && !slices.Contains(stages[:len(stages)-1], from):
			t.Errorf("COPY %s: there is no stage %s before it", i.args, from)
		case from == "" || ok:
			if from == "" {
				inside = source
			}
			if _, err := os.Stat(filepath.Join(root, inside)); err != nil || slices.Contains(ignored(t), inside) {
				t.Errorf("COPY %s: the build does not get %s", i.args, source)
			}
		}
	}
}

// TestContainer builds what the recipe builds, from the files that reach it,
// and runs it as an engine would: in a root with nothing else in it, as that
// user, by those commands.
func TestContainer(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root may change the root folder and the user")
	}
	image := t.TempDir()
	for dir := image; dir != "/tmp" && dir != "/"; dir = filepath.Dir(dir) {
		os.Chmod(dir, 0o755) // another user walks through them
	}
	buildImage(t, image)
	isStatic(t, image+"/usr/bin/millrace")

	if final(t, "USER") != "65532:65532" || final(t, "VOLUME") != "/data" || !strings.Contains(final(t, "ENV"), "MILLRACE_DATA=/data") {
		t.Error("the user and the place of the data are not those of this test")
	}
	if got := final(t, "EXPOSE"); got != "1935/tcp 1936/tcp 8080/tcp" {
		t.Errorf("EXPOSE %s", got)
	}
	if err := errors.Join(os.Mkdir(image+"/data", 0o700), os.Chown(image+"/data", 65532, 65532)); err != nil {
		t.Fatal(err)
	}
	in := func(args ...string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), "/usr/bin/"+args[0], args[1:]...)
		cmd.Dir = "/"
		cmd.Env = strings.Fields(final(t, "ENV"))
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: image, Credential: &syscall.Credential{Uid: 65532, Gid: 65532}}
		return cmd
	}
	var entry, serve, probe []string
	_, health, _ := strings.Cut(final(t, "HEALTHCHECK"), "CMD ")
	for text, to := range map[string]*[]string{final(t, "ENTRYPOINT"): &entry, final(t, "CMD"): &serve, health: &probe} {
		if err := json.Unmarshal([]byte(text), to); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	if out, err := in(probe...).CombinedOutput(); exit(err) != 1 {
		t.Errorf("before it runs, health says %v: %s", err, out)
	}
	args := append(append(entry, serve...), "--rtmp", "127.0.0.1:0", "--rtmps", "off", "--http", "127.0.0.1:0")
	server := in(args...)
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	server.Stdout, server.Stderr = log, log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the container to be healthy", func() bool { return in(probe...).Run() == nil })
	if _, err := os.Stat(image + "/data/first-key.txt"); err != nil {
		t.Error(err)
	}
	server.Process.Signal(syscall.SIGTERM)
	if err := server.Wait(); err != nil {
		text, _ := os.ReadFile(log.Name())
		t.Errorf("it ended with %v\n%s", err, text)
	}
	if out, err := in(probe...).CombinedOutput(); exit(err) != 1 {
		t.Errorf("after its end, health says %v: %s", err, out)
	}
}

func exit(err error) int {
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		return e.ExitCode()
	}
	return 0
}

// buildImage runs the build stage's commands on what the build gets, with /out
// and /src in folders of the test, and copies the program into image.
func buildImage(t *testing.T, image string) {
	t.Helper()
	src, out := t.TempDir(), t.TempDir()
	skip := ignored(t)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		switch {
		case err != nil:
			return err
		case slices.Contains(skip, name) && d.IsDir():
			return fs.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(src, name), 0o755)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(src, name), text, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range dockerfile(t) {
		if i.name != "RUN" || strings.HasPrefix(i.args, "go mod download") {
			continue // the modules are here
		}
		run := exec.Command("sh", "-c", strings.ReplaceAll(i.args, "/out", out))
		run.Dir = src
		run.Env = append(os.Environ(), "VERSION="+version, "COMMIT=0123456789ab", "DATE="+date)
		if text, err := run.CombinedOutput(); err != nil {
			t.Fatalf("RUN %s: %v\n%s", i.args, err, text)
		}
	}
	if err := os.MkdirAll(image+"/usr/bin", 0o755); err != nil {
		t.Fatal(err)
	}
	tell(t, "install", "-m", "0755", out+"/millrace", image+"/usr/bin/millrace")
	if got := tell(t, image+"/usr/bin/millrace", "version"); !strings.HasPrefix(got, "millrace "+version+" (0123456789ab of "+date) {
		t.Errorf("version prints %s", got)
	}
	if _, err := os.Stat(out + "/data"); err != nil {
		t.Error(err)
	}
}
