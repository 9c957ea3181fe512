package server

import (
	"errors"
	"slices"
	"time"

	"github.com/millrace-live/millrace/internal/config"
)

// Settings are what a server is told, by the flags of `millrace serve`, the
// environment and the config file alike.
type Settings struct {
	RTMP  string `name:"rtmp" default:":1935" placeholder:"ADDR" group:"Listening" help:"The port for every TCP dialect (${default})."`
	RTMPS string `name:"rtmps" default:":1936" placeholder:"ADDR" group:"Listening" help:"The TLS port (${default})."`
	HTTP  string `name:"http" default:":8080" placeholder:"ADDR" group:"Listening" help:"Players, playlists and the admin side: dashboard, API (${default})."`
	Admin string `name:"admin" placeholder:"ADDR" group:"Listening" help:"Serve the admin side here instead of on --http."`
	RTMFP string `name:"rtmfp" default:"off" placeholder:"ADDR" group:"Listening" help:"RTMFP, over UDP (${default})."`

	Data      string `name:"data" placeholder:"DIR" group:"Files" help:"Everything that the server keeps (./millrace-data if it exists, else the user's data folder)."`
	Config    string `name:"config" placeholder:"FILE" group:"Files" help:"A YAML file with these settings, apps, streams and keys."`
	Database  string `name:"database" placeholder:"URL" group:"Files" help:"Where streams, keys and events are kept: postgres://USER:PASSWORD@HOST/NAME, or sqlite:PATH (SQLite in the data folder)."`
	PublicURL string `name:"public-url" placeholder:"URL" group:"Addresses" help:"What printed addresses, API and pages show, for instance https://tv.example.org."`

	Domain        []string `name:"domain" placeholder:"NAME" group:"TLS" help:"Get a certificate for this name by ACME, and listen on :443 and :80, too (repeatable)."`
	Cert          []string `name:"cert" placeholder:"FILE" group:"TLS" help:"Own certificate (repeatable)."`
	Key           []string `name:"key" placeholder:"FILE" group:"TLS" help:"Its private key (repeatable)."`
	TLSMin        string   `name:"tls-min" default:"1.2" choice:"1.0,1.1,1.2,1.3" placeholder:"VERSION" group:"TLS" help:"The least version of TLS that clients may speak (${default})."`
	ClientCA      string   `name:"client-ca" placeholder:"FILE" group:"TLS" help:"Every TLS client must show a certificate that one of these authorities has signed."`
	ACMEEmail     string   `name:"acme-email" placeholder:"ADDRESS" group:"TLS" help:"Whom the ACME authority may write to."`
	ACMEDirectory string   `name:"acme-directory" placeholder:"URL" group:"TLS" help:"The ACME authority, in place of Let's Encrypt."`
	ACMECA        string   `name:"acme-ca" placeholder:"FILE" group:"TLS" help:"Who vouches for the ACME authority's own server, if no public authority does."`

	Plain        string   `name:"plain" default:"allow" choice:"allow,warn,refuse" reload:"true" placeholder:"MODE" group:"Who may come in" help:"Plain RTMP, RTMPE, RTMPT: allow, warn of publishers or refuse, with the rtmps address to use (${default})."`
	RTMPE        string   `name:"rtmpe" default:"allow" choice:"allow,refuse" placeholder:"MODE" group:"Who may come in" help:"RTMPE and RTMPTE, which only obfuscate: allow or refuse (${default})."`
	TrustedProxy []string `name:"trusted-proxy" placeholder:"CIDR" group:"Who may come in" help:"Whose PROXY and X-Forwarded-For headers count (repeatable)."`
	SWF          []string `name:"swf" reload:"true" placeholder:"FILE" group:"Who may come in" help:"Whoever plays by RTMP must prove to be one of these SWF files. What calls itself a Flash player is asked when it connects; other software (encoders, as FMLE) is not asked, and may publish but not play (repeatable)."`
	Open         bool     `name:"open" reload:"true" group:"Who may come in" help:"Anyone on a loopback or private address may publish, under any name."`
	OpenWorld    bool     `name:"open-world" reload:"true" group:"Who may come in" help:"Anyone at all may publish, under any name."`

	TrustLoopback bool     `name:"trust-loopback" reload:"true" group:"Who may come in" help:"Who asks from this machine itself may do everything on the admin side, without a token. Not behind a proxy on this machine: its visitors would seem to come from here."`
	CORS          []string `name:"cors" reload:"true" placeholder:"ORIGIN" group:"Who may come in" help:"Web sites whose scripts may use the API, for instance https://studio.example.org (repeatable)."`
	Ban           []string `name:"ban" reload:"true" placeholder:"CIDR" group:"Who may come in" help:"Addresses that are turned away, whatever they want (repeatable)."`

	MaxConnections           int    `name:"max-connections" default:"0" reload:"true" placeholder:"N" group:"Limits" help:"How many connections the server takes, 0 for any (${default})."`
	MaxConnectionsPerAddress int    `name:"max-connections-per-address" default:"0" reload:"true" placeholder:"N" group:"Limits" help:"How many connections one address may have; of IPv6 each /64 is one (${default})."`
	MaxPublishers            int    `name:"max-publishers" default:"0" reload:"true" placeholder:"N" group:"Limits" help:"How many may publish at the same time (${default})."`
	MaxPublishersPerAddress  int    `name:"max-publishers-per-address" default:"0" reload:"true" placeholder:"N" group:"Limits" help:"How many of one address may publish at the same time (${default})."`
	MaxPublishersPerKey      int    `name:"max-publishers-per-key" default:"0" reload:"true" placeholder:"N" group:"Limits" help:"How many may publish with one key at the same time (${default})."`
	MaxViewers               int    `name:"max-viewers" default:"0" reload:"true" placeholder:"N" group:"Limits" help:"How many may watch at the same time (${default})."`
	MaxViewersPerAddress     int    `name:"max-viewers-per-address" default:"0" reload:"true" placeholder:"N" group:"Limits" help:"How many of one address may watch at the same time (${default})."`
	MaxBitrate               int    `name:"max-bitrate" default:"0" reload:"true" placeholder:"KBIT/S" group:"Limits" help:"What one publisher may send, in kbit/s over 10 s (${default})."`
	MaxResolution            string `name:"max-resolution" reload:"true" placeholder:"WxH" group:"Limits" help:"The largest picture that may be published, for instance 1920x1080; upright ones count as lying (any)."`
	MaxEgress                int    `name:"max-egress" default:"0" reload:"true" placeholder:"KBIT/S" group:"Limits" help:"At what rate to all viewers together, in kbit/s, no further one is taken (${default})."`

	Delivery   string        `name:"delivery" default:"balanced" choice:"realtime,balanced,economy" reload:"true" placeholder:"MODE" group:"Streams" help:"How long media may wait for others to the same player: realtime 0, balanced 30 ms, economy 100 ms (${default})."`
	Enhanced   string        `name:"enhanced" default:"lenient" choice:"lenient,strict" reload:"true" placeholder:"MODE" group:"Streams" help:"What RTMP and HTTP-FLV players get that announce nothing of Enhanced RTMP: codecs in its form as well, which FFmpeg plays (lenient), or H.264, AAC, MP3 and the codecs of the Flash days alone (strict) (${default})."`
	Grace      time.Duration `name:"grace" default:"30s" max:"30m" reload:"true" placeholder:"TIME" group:"Streams" help:"How long viewers wait for a publisher that vanished, 0 to 30m (${default})."`
	PlayWait   time.Duration `name:"play-wait" default:"30s" max:"30m" reload:"true" placeholder:"TIME" group:"Streams" help:"How long an RTMP player waits for a stream that is not on air, 0 to 30m (${default})."`
	Segment    time.Duration `name:"segment-length" default:"2s" max:"20s" reload:"true" placeholder:"TIME" group:"Streams" help:"How long segments of HLS and DASH are where the encoder's key frames allow it, 1s to 20s (${default})."`
	Part       time.Duration `name:"part-length" default:"200ms" max:"2s" reload:"true" placeholder:"TIME" group:"Streams" help:"How long the parts of low-latency HLS and DASH are, 100ms to 2s, as near as whole frames allow; a player is about four parts behind. 0 makes no parts (${default})."`
	Shift      time.Duration `name:"time-shift" default:"0" max:"24h" reload:"true" placeholder:"TIME" group:"Streams" help:"How far back viewers of HLS and DASH may seek, 0 to 24h: that much of each stream is kept in the data folder from its next broadcast on. 0 keeps none (${default})."`
	ShiftBytes config.Size   `name:"time-shift-bytes" default:"4GiB" reload:"true" placeholder:"SIZE" group:"Streams" help:"How much of the disk the time shift of one stream may take, at least 64MiB; the oldest gives way (${default})."`
	FFmpeg     string        `name:"ffmpeg" default:"ffmpeg" placeholder:"PATH" group:"Streams" help:"The FFmpeg that makes poster pictures, as a path or a name in PATH; off makes none (${default})."`
	Demo       bool          `name:"demo" group:"Streams" help:"Play a built-in clip into live/demo for ever."`

	LogLevel  string `name:"log-level" default:"info" choice:"debug,info,warn,error" reload:"true" placeholder:"LEVEL" group:"Logs" help:"debug, info, warn or error (${default})."`
	LogFormat string `name:"log-format" choice:"text,json" placeholder:"FORMAT" group:"Logs" help:"text or json (text on a terminal, else json)."`

	Apps    map[string]AppSettings    `name:"apps" reload:"true" kong:"-" help:"The apps beside live, and the rules of their streams, by the app's name."`
	Streams map[string]StreamSettings `name:"streams" reload:"true" kong:"-" help:"Streams, by name (APP/NAME), and their rules. What is not given is as for the stream's app."`
	Keys    []KeySettings             `name:"keys" reload:"true" kong:"-" help:"Stream keys, beside those that the API makes."`

	SigningKeys []SigningKeySettings `name:"signing-keys" reload:"true" kong:"-" help:"Secrets that sign tokens and links for private streams, beside those that the API makes. The first one signs."`
	Issuers     []IssuerSettings     `name:"issuers" reload:"true" kong:"-" help:"Whose tokens for private streams are taken beside our own."`
	Webhooks    []WebhookSettings    `name:"webhooks" reload:"true" kong:"-" help:"Where events are delivered to, beside what the API makes."`
	Authorizers []AuthorizerSettings `name:"authorizers" kong:"-" help:"Back ends that are asked before anybody publishes or plays; the first one that has the app."`
}

// AppSettings are the settings of an app. What is not given there is as for the
// whole server.
type AppSettings struct {
	RuleSettings
	LimitSettings
	Multitrack []RungSettings `name:"multitrack" help:"What OBS's Enhanced Broadcasting is asked to send, the best first; an empty list is one track."`
	SWF        []string       `name:"swf" placeholder:"FILE" help:"Whoever plays a stream of the app by RTMP must prove to be one of these SWF files; off asks nobody."`
}

// RungSettings is one track of the ladder that OBS is asked for.
type RungSettings struct {
	Height  int    `name:"height" placeholder:"pixels" help:"The height of the picture; of an upright one, its width. What is higher than the picture that OBS composes is sent in that size."`
	Bitrate int    `name:"bitrate" placeholder:"kbit/s" help:"The bit rate; all rungs give way in proportion where OBS is told to send less."`
	FPS     int    `name:"fps" placeholder:"frames a second" help:"The most frames a second; those of OBS are divided by a whole number. Without it, all of them."`
	Codec   string `name:"codec" choice:"h264,hevc,av1" help:"The codec (h264). An encoder that has no hardware for it sends H.264."`
}

// RuleSettings are the rules of an app or a stream. What is not given there is
// as for the app, or the whole server.
type RuleSettings struct {
	SecondPublisher string         `name:"second-publisher" choice:"take-over,refuse" help:"What happens when a second session publishes the stream with the key of the first: it takes over (the default), or is refused."`
	Grace           *time.Duration `name:"grace" max:"30m" help:"How long viewers wait for a publisher that vanished, 0 to 30m."`
	GraceAfterEnd   *bool          `name:"grace-after-end" help:"Viewers wait that long after a clean end, too (not by default)."`
	Delivery        string         `name:"delivery" choice:"realtime,balanced,economy" help:"How long media may wait for others to the same player."`
	Enhanced        string         `name:"enhanced" choice:"lenient,strict" help:"What players get that announce nothing of Enhanced RTMP: codecs in its form as well (lenient), or those of the Flash days alone (strict)."`
	Plain           string         `name:"plain" choice:"allow,warn,refuse" help:"Plain RTMP, RTMPE, RTMPT: allow, warn of publishers or refuse."`
	Segment         *time.Duration `name:"segment-length" max:"20s" help:"How long segments of HLS and DASH are where the encoder's key frames allow it, 1s to 20s."`
	Part            *time.Duration `name:"part-length" max:"2s" help:"How long the parts of low-latency HLS and DASH are, 100ms to 2s; 0 makes none."`
	Shift           *time.Duration `name:"time-shift" max:"24h" help:"How far back viewers of HLS and DASH may seek, 0 to 24h; 0 is not at all."`
	ShiftBytes      *config.Size   `name:"time-shift-bytes" placeholder:"size" help:"How much of the disk the time shift of one stream may take, at least 64MiB."`
}

// LimitSettings are the limits of an app, beside those of the server.
type LimitSettings struct {
	MaxPublishers int    `name:"max-publishers" placeholder:"N" help:"How many may publish in the app at the same time; 0 for any."`
	MaxViewers    int    `name:"max-viewers" placeholder:"N" help:"How many may watch the app's streams at the same time; 0 for any."`
	MaxBitrate    int    `name:"max-bitrate" placeholder:"kbit/s" help:"What one publisher of the app may send, over 10 s; 0 for any."`
	MaxResolution string `name:"max-resolution" placeholder:"WxH" help:"The largest picture that may be published in the app."`
	MaxEgress     int    `name:"max-egress" placeholder:"kbit/s" help:"At what rate to all viewers of the app together no further one is taken; 0 for any."`
}

// StreamSettings declare a stream. The API shows it, and cannot change it.
type StreamSettings struct {
	RuleSettings
	Title       string   `name:"title" help:"What people call it."`
	Labels      []string `name:"labels" placeholder:"name=value" help:"Labels by which the API lists streams, as name=value."`
	Passthrough string   `name:"passthrough" help:"A text of yours that stands in the stream's events."`
	Visibility  string   `name:"visibility" choice:"public,unlisted,private" help:"Who may watch it: everybody (the default), who knows one of its playback ids, or who has a token."`
	PlaybackIDs []string `name:"playback-ids" placeholder:"pb_…" help:"Addresses to watch it by in place of its name: pb_ and 20 letters and digits. An unlisted stream needs one."`
	Disabled    bool     `name:"disabled" help:"Nobody publishes it."`
}

// SigningKeySettings is a secret that signs permissions to watch.
type SigningKeySettings struct {
	ID     string        `name:"id" help:"The kid of the tokens that it signs."`
	Secret config.Secret `name:"secret" help:"The secret itself, of at least 32 characters."`
}

// IssuerSettings is somebody whose tokens are taken.
type IssuerSettings struct {
	Name string `name:"name" help:"The iss of its tokens."`
	URL  string `name:"url" placeholder:"URL" help:"Where its public keys are (a JWK set), by https."`
	CA   string `name:"ca" placeholder:"FILE" help:"Who vouches for that address, if no public authority does."`
}

// WebhookSettings is an address that events are delivered to.
type WebhookSettings struct {
	URL    string        `name:"url" placeholder:"URL" help:"Where events are posted to."`
	Secret config.Secret `name:"secret" help:"What deliveries are signed with, at least 16 characters."`
	Label  string        `name:"label" help:"What it is for, for people."`
	Types  []string      `name:"types" help:"Which events: stream.live, stream.* and so on (all)."`
	Apps   []string      `name:"apps" help:"The events of which apps (all)."`
}

// AuthorizerSettings is a back end that decides who may publish and play.
type AuthorizerSettings struct {
	URL       string        `name:"url" placeholder:"URL" help:"Whom to ask before publish and play, http or https."`
	Mode      string        `name:"mode" choice:"millrace,nginx-rtmp,srs,mediamtx" help:"What it understands: our JSON (millrace, the default), or the callbacks of another server."`
	Apps      []string      `name:"apps" help:"The streams of which apps (all)."`
	Timeout   time.Duration `name:"timeout" max:"10s" help:"How long an answer may take (3s)."`
	OnFailure string        `name:"on-failure" choice:"refuse,allow" help:"What becomes of who asks while it does not answer: refuse (the default), or allow what the server's own rules allow."`
	Alone     bool          `name:"alone" help:"It decides alone about publishers who have no key of this server."`
	Cache     time.Duration `name:"cache" max:"1h" help:"How long an answer holds for the same question; the mode millrace says that in its answers."`
	Update    time.Duration `name:"update" max:"1h" help:"How often it is told of each session (30s)."`
	Strict    bool          `name:"strict" help:"A redirect in answer to an update is a no (mode nginx-rtmp)."`
	Method    string        `name:"method" choice:"post,get" help:"How it is asked (post; get in the mode nginx-rtmp alone)."`
	CA        string        `name:"ca" placeholder:"FILE" help:"Who vouches for it, if no public authority does."`
	Cert      string        `name:"cert" placeholder:"FILE" help:"A certificate to show to it."`
	Key       string        `name:"key" placeholder:"FILE" help:"The key of that certificate."`
	ServerID  string        `name:"server-id" help:"The server_id that SRS's back ends are told."`

	OnConnect     []string `name:"on-connect" placeholder:"URL" help:"Whom to ask when a client connects (modes nginx-rtmp and srs)."`
	OnPublish     []string `name:"on-publish" placeholder:"URL" help:"Whom to ask before publish, in place of url."`
	OnPlay        []string `name:"on-play" placeholder:"URL" help:"Whom to ask before play, in place of url."`
	OnUpdate      []string `name:"on-update" placeholder:"URL" help:"Whom to tell of sessions that go on."`
	OnDone        []string `name:"on-done" placeholder:"URL" help:"Whom to tell when either ends (mode nginx-rtmp)."`
	OnPublishDone []string `name:"on-publish-done" placeholder:"URL" help:"Whom to tell when a publisher has gone."`
	OnPlayDone    []string `name:"on-play-done" placeholder:"URL" help:"Whom to tell when a player has gone."`
	OnDisconnect  []string `name:"on-disconnect" placeholder:"URL" help:"Whom to tell when a client has gone (mode nginx-rtmp)."`
	OnUnpublish   []string `name:"on-unpublish" placeholder:"URL" help:"Whom to tell when a publisher has gone (mode srs)."`
	OnStop        []string `name:"on-stop" placeholder:"URL" help:"Whom to tell when a player has gone (mode srs)."`
	OnClose       []string `name:"on-close" placeholder:"URL" help:"Whom to tell when a client has gone (mode srs)."`
}

// KeySettings is a stream key in the config file's `keys`.
type KeySettings struct {
	Stream string        `name:"stream" help:"What the key publishes, as APP/NAME."`
	Key    config.Secret `name:"key" help:"The key itself: 8 characters or more, without any of / ? & #."`
	Label  string        `name:"label" help:"Whose it is, for people."`
	Plain  string        `name:"plain" choice:"allow,warn,refuse" help:"What becomes of publishing in plain with this key, whatever holds for its stream."`

	Expires   time.Time `name:"expires" placeholder:"TIME" help:"Until when it is good, as 2026-12-31T18:00:00Z (for ever)."`
	Addresses []string  `name:"addresses" placeholder:"CIDR" help:"The addresses that it may be used from (any)."`
	Rehearsal bool      `name:"rehearsal" help:"What is published with it goes nowhere and is checked."`
}

const envPrefix = "MILLRACE_"

// Load makes the settings of the defaults, the config file (which the
// environment or the command line names), the environment and the flags named
// in given of those that were parsed. An error is one sentence; it is
// [config.Faults] when there may be several, and the settings are then there
// as far as they can be read. Warnings are sentences as well.
func Load(parsed *Settings, given, environ []string) (s *Settings, origins config.Origins, warnings []string, err error) {
	s, origins = &Settings{}, config.Origins{}
	config.Defaults(s)
	var faults config.Faults
	collect := func(err error) bool {
		more, ok := errors.AsType[config.Faults](err)
		faults = append(faults, more...)
		return ok || err == nil
	}
	if file := configFile(parsed, given, environ); file != "" {
		if err := config.File(s, file, origins); !collect(err) {
			return nil, nil, nil, err
		}
		if _, ok := origins["config"]; ok {
			faults.Add(origins, "config", "a config file cannot name another; remove this line")
		}
		s.Config = file
	}
	slips, err := config.Environ(s, envPrefix, environ, origins)
	collect(err)
	config.Flags(s, parsed, given, origins)
	faults = s.check(origins, faults)
	return s, origins, slices.Concat(slips, s.advice(), s.notYet(origins)), faults.Err()
}

// configFile is the name of the config file, "" when there is none.
func configFile(parsed *Settings, given, environ []string) string {
	if slices.Contains(given, "config") {
		return parsed.Config
	}
	var env Settings
	// What is wrong in the environment is said when it is read with the rest.
	_, _ = config.Environ(&env, envPrefix, environ, config.Origins{})
	return env.Config
}

// LoadFile makes the settings of the defaults and a config file alone.
func LoadFile(name string) (*Settings, config.Origins, []string, error) {
	return Load(&Settings{Config: name}, []string{"config"}, nil)
}

func sortedKeys[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
