package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/millrace-live/millrace/internal/importer"
	"github.com/millrace-live/millrace/internal/tool"
)

type importCommand struct {
	File   string `arg:"" placeholder:"FILE" help:"The config of nginx-rtmp, SRS or MediaMTX."`
	From   string `name:"from" enum:"nginx-rtmp,srs,mediamtx," default:"" placeholder:"SERVER" help:"What it is a config of: nginx-rtmp, srs or mediamtx (told by what is in it)."`
	Output string `name:"output" short:"o" placeholder:"FILE" help:"Write the new config here, which must not be there yet, and not to standard output."`
	JSON   bool   `name:"json" help:"Print what became of each line as JSON."`
}

// Help is shown below the flags.
func (*importCommand) Help() string {
	return `    millrace import /etc/nginx/nginx.conf -o millrace.yaml
    millrace check millrace.yaml
    millrace serve --config millrace.yaml

What became of each directive goes to standard error, with its file and line: what was taken over, what needs
no setting, what became something else, and what has no counterpart and why. Included files are read as well.
The new file holds the secrets of the old one, and only its owner may read it.`
}

// Run turns the config of another server into ours.
func (c *importCommand) Run(env *environment) error {
	text, err := readConfig(c.File)
	if err != nil {
		return err
	}
	r, err := importer.Import(filepath.Base(c.File), text, importer.Options{From: importer.Server(c.From), Include: importer.Files(c.File)})
	if err != nil {
		return &tool.Error{Status: tool.Usage, Text: err.Error(), Err: err}
	}
	if c.Output == "" {
		_, err = env.stdout.Write(r.Config)
	} else {
		err = writeNew(c.Output, r.Config)
	}
	if err != nil {
		return err
	}
	if c.JSON {
		n, all := r.Carried()
		return printJSON(env.stderr, struct {
			From       importer.Server `json:"from"`
			Carried    int             `json:"carried"`
			Directives int             `json:"directives"`
			Notes      []importer.Note `json:"notes"`
		}{r.From, n, all, append([]importer.Note{}, r.Notes...)})
	}
	return r.Report(env.stderr)
}

// readConfig reads as much of a file as a config may have.
func readConfig(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err == nil {
		defer f.Close()
		var text []byte
		if text, err = io.ReadAll(io.LimitReader(f, importer.MaxFile+1)); err == nil {
			return text, nil
		}
	}
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		err = path.Err
	}
	return nil, &tool.Error{Status: tool.Usage, Err: err, Text: fmt.Sprintf("cannot read %s (%v); give the path of a config file", name, err)}
}

// writeNew writes a file that is not there yet and that only its owner may read.
func writeNew(name string, text []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return &tool.Error{Status: tool.Usage, Err: err, Text: fmt.Sprintf("%s is there already; give another name with -o, or remove it", name)}
	}
	if err != nil {
		return fmt.Errorf("write the new config: %w", err)
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write the new config: %w", err)
	}
	return nil
}
