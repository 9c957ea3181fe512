// Millrace is a live-streaming server: encoders send to it in any dialect of
// RTMP, viewers watch in any player.
package main

import (
	"fmt"
	"io"
	"os"
	"reflect"
	"time"

	"github.com/alecthomas/kong"

	"github.com/millrace-live/millrace/internal/tool"
)

// commands are the words after `millrace`.
type commands struct {
	Serve   serveCommand   `cmd:"" default:"withargs" help:"Run the server (the default)."`
	Publish publishCommand `cmd:"" help:"Send a file to a server in real time."`
	Play    playCommand    `cmd:"" help:"Play a stream into a file, or to nothing, and show how it comes in."`
	Probe   probeCommand   `cmd:"" help:"Measure a stream and say what will trouble its viewers."`
	Bench   benchCommand   `cmd:"" help:"Load a server with players and publishers, and measure how they fare."`

	Streams     streamsCommand     `cmd:"" help:"The streams of a running server: list, create, change, delete."`
	Keys        keysCommand        `cmd:"" help:"The keys by which encoders publish a stream."`
	Credentials credentialsCommand `cmd:"" help:"Users and passwords for old encoders."`
	Sessions    sessionsCommand    `cmd:"" help:"The encoders and viewers of a running server."`
	Tokens      tokensCommand      `cmd:"" help:"The tokens by which people and programs manage the server."`
	SigningKeys signingKeysCommand `cmd:"" help:"The keys that sign permissions to watch."`
	Revocations revocationsCommand `cmd:"" help:"The permissions to watch that were taken back."`
	Webhooks    webhooksCommand    `cmd:"" help:"Where events are delivered to."`
	Bans        bansCommand        `cmd:"" help:"Who is kept out."`
	Events      eventsCommand      `cmd:"" help:"What happens on a running server."`
	Audit       auditCommand       `cmd:"" help:"Who changed what of a running server."`
	Backup      backupCommand      `cmd:"" help:"Write all that a server keeps into a file."`
	Restore     restoreCommand     `cmd:"" help:"Fill a new database from a backup."`

	Check  checkCommand  `cmd:"" help:"Name every fault of a config file."`
	Import importCommand `cmd:"" help:"Turn a config of nginx-rtmp, SRS or MediaMTX into ours."`
	Reload reloadCommand `cmd:"" help:"Let the running server read its config file anew."`
	Health healthCommand `cmd:"" help:"Say whether the running server is ready (for containers)."`

	Completion completionCommand `cmd:"" help:"Print a script that completes commands in your shell."`

	Version versionCommand `cmd:"" help:"Print the version and what it was built from."`
}

const about = `A live-streaming server in one program.

Try it with a built-in stream, then open http://localhost:8080/live/demo:

    millrace --demo

Let everybody on this machine and its private networks publish, under any name:

    millrace --open
    ffmpeg -re -i film.mp4 -c copy -f flv rtmp://localhost/live/film

Without --open a publisher needs a stream key; the first start shows one.`

// environment is what a program gets from the system, so that tests can give
// it another one.
type environment struct {
	args, environ  []string
	stdout, stderr io.Writer
	// terminal and live say whether stdout and stderr are read by a person,
	// colors whether stderr shows colours.
	terminal, live, colors bool
}

func main() {
	os.Exit(run(environment{
		args: os.Args[1:], environ: os.Environ(), stdout: os.Stdout, stderr: os.Stderr,
		terminal: isTerminal(os.Stdout), live: isTerminal(os.Stderr), colors: isTerminal(os.Stderr) && os.Getenv("NO_COLOR") == "",
	}))
}

// run runs the command and returns the exit status.
func run(env environment) (status int) {
	// Kong leaves by its exit function after --help.
	type exit int
	defer func() {
		if e, ok := recover().(exit); ok {
			status = int(e)
		}
	}()
	var cmd commands
	parser, err := kong.New(&cmd, kong.Name("millrace"), kong.Description(about),
		kong.Writers(env.stdout, env.stderr), kong.Exit(func(code int) { panic(exit(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 110}), kong.Bind(&env),
		kong.TypeMapper(reflect.TypeFor[time.Duration](), kong.MapperFunc(decodeDuration)))
	if err != nil {
		panic(err) // the commands above are wrong
	}
	ctx, err := parser.Parse(env.args)
	if err == nil {
		err = ctx.Run(ctx)
	} else {
		err = explain(parser.Model, err)
	}
	if err != nil {
		fmt.Fprintf(env.stderr, "millrace: %v\n", err)
		return int(tool.StatusOf(err))
	}
	return 0
}
