package importer

// What is said of several directives.
const (
	saysTuned     = "the server finds the measure itself"
	saysMemory    = "no files: the server keeps segments in memory and serves them itself, at /APP/NAME/index.m3u8 and /APP/NAME/manifest.mpd"
	saysNames     = "every segment has a name that never means other bytes"
	saysMeasured  = "the server goes by the frames themselves"
	saysExec      = "the server runs no programs for streams"
	saysRecord    = "this build records nothing; time-shift keeps the last hours of a stream for its viewers"
	saysRelay     = "this build neither sends streams to other servers nor fetches them from there"
	saysVOD       = "the server plays no files"
	saysNotRecord = "nothing is recorded"
	saysProcess   = "one process uses all processors"
	saysBounds    = "bounded as well"
	saysWeb       = "this is the web server's; keep it there if you need it"
)

// nginxFixed are directives the verdict on which does not depend on their place.
var nginxFixed = map[string]fixed{
	// The main level.
	"worker_processes":         {outcome: Same, says: saysProcess},
	"worker_cpu_affinity":      {outcome: Same, says: saysProcess},
	"worker_rlimit_nofile":     {outcome: Same, says: "the server raises its limit of open files itself"},
	"worker_connections":       {outcome: Same, says: "connections are bounded by memory and by the limits that you set"},
	"multi_accept":             {outcome: Same, says: saysTuned},
	"use":                      {outcome: Same, says: saysTuned},
	"events":                   {outcome: Same, says: saysTuned},
	"accept_mutex":             {outcome: Same, says: saysProcess},
	"pid":                      {outcome: Same, says: "the data folder is locked against a second server, without a file of its process"},
	"load_module":              {outcome: Same, says: "everything is built in"},
	"daemon":                   {outcome: Changed, says: "the server stays in the foreground: systemd or a container keeps it running", off: "the server stays in the foreground"},
	"user":                     {outcome: Changed, says: "the unit of the service says as whom the server runs"},
	"rtmp_auto_push":           {outcome: Same, says: saysProcess},
	"rtmp_auto_push_reconnect": {outcome: Same, says: saysProcess},
	"rtmp_socket_dir":          {outcome: Same, says: saysProcess},

	// Connections.
	"so_keepalive":     {outcome: Same, says: "silent connections are found by TCP keepalive and by RTMP pings"},
	"timeout":          {outcome: Same, says: "who takes no byte for 10 s, or sends nothing for a minute, is closed"},
	"ping":             {outcome: Same, says: "silent clients are pinged"},
	"ping_timeout":     {outcome: Same, says: "who answers no ping for a minute is closed"},
	"max_streams":      {outcome: Same, says: saysBounds},
	"ack_window":       {outcome: Same, says: saysTuned},
	"chunk_size":       {outcome: Same, says: "the server announces one chunk size to everybody"},
	"max_message":      {outcome: Same, says: "messages may have 16 MiB"},
	"out_queue":        {outcome: Same, says: "a player that falls 10 s behind goes on at the newest key frame"},
	"out_cork":         {outcome: Same, says: "small messages leave together (delivery)"},
	"busy":             {outcome: Same, says: "who sends nothing for a minute is closed"},
	"buflen":           {outcome: Same, says: "live media leaves as it comes"},
	"buffer":           {outcome: Same, says: saysTuned, off: "live media leaves as it comes"},
	"stream_buckets":   {outcome: Same, says: saysTuned},
	"relay_buffer":     {outcome: None, says: saysRelay},
	"netcall_buffer":   {outcome: Same, says: saysBounds},
	"publish_time_fix": {outcome: Same, says: "timestamps are repaired at the entrance, for every output", off: "timestamps that are right stay as they are"},
	"play_time_fix":    {outcome: Same, says: "all viewers see one timeline"},

	// Live.
	"sync":           {outcome: Same, says: "timestamps are repaired at the entrance, sound and picture together"},
	"interleave":     {outcome: Changed, says: "sound and picture have chunk streams of their own, which every player reads", off: "sound and picture have chunk streams of their own"},
	"wait_key":       {outcome: Same, says: "viewers begin at a key frame"},
	"wait_video":     {outcome: Changed, says: "viewers begin at a key frame that the server still has, with its sound", off: "sound alone is played when there is no key frame yet"},
	"publish_notify": {outcome: Changed, says: "players are told when a broadcast is over, and wait in between (grace)", off: "players wait for a publisher that vanished (grace)"},
	"play_restart":   {outcome: Changed, says: "players stay in one playback while the publisher is away (grace)", off: "players stay in one playback while the publisher is away (grace)"},

	// Programs, files, relays.
	"exec":                  {outcome: None, says: saysExec},
	"exec_push":             {outcome: None, says: saysExec},
	"exec_pull":             {outcome: None, says: saysExec},
	"exec_static":           {outcome: None, says: saysExec},
	"exec_publish":          {outcome: None, says: saysExec + "; events tell a back end when one begins"},
	"exec_publish_done":     {outcome: None, says: saysExec + "; events tell a back end when one ends"},
	"exec_play":             {outcome: None, says: saysExec + "; events tell a back end of viewers"},
	"exec_play_done":        {outcome: None, says: saysExec + "; events tell a back end of viewers"},
	"exec_record_done":      {outcome: None, says: saysRecord},
	"exec_options":          {outcome: None, says: saysExec},
	"exec_kill_signal":      {outcome: None, says: saysExec},
	"respawn":               {outcome: None, says: saysExec},
	"respawn_timeout":       {outcome: None, says: saysExec},
	"push":                  {outcome: None, says: saysRelay},
	"pull":                  {outcome: None, says: saysRelay},
	"push_reconnect":        {outcome: None, says: saysRelay},
	"pull_reconnect":        {outcome: None, says: saysRelay},
	"session_relay":         {outcome: None, says: saysRelay},
	"play":                  {outcome: None, says: saysVOD},
	"play_temp_path":        {outcome: None, says: saysVOD},
	"play_local_path":       {outcome: None, says: saysVOD},
	"on_record_done":        {outcome: None, says: saysRecord},
	"record_notify":         {outcome: None, says: saysRecord, off: saysNotRecord},
	"recorder":              {outcome: None, says: saysRecord},
	"notify_relay_redirect": {outcome: None, says: saysRelay, off: saysRelay},
	"rtmp_stat":             {outcome: Changed, says: "GET /api/v1/streams and /api/v1/sessions, and /metrics, on the admin side"},
	"rtmp_stat_stylesheet":  {outcome: Changed, says: "the page at / shows what is on air"},
	"rtmp_control":          {outcome: Changed, says: "the API on the admin side, and millrace streams kick"},

	// HLS and DASH.
	"hls":                             {outcome: Same, says: "every stream has HLS, packaged while it is watched: /APP/NAME/index.m3u8"},
	"hls_path":                        {outcome: Changed, says: saysMemory},
	"hls_max_fragment":                {outcome: Same, says: "where key frames are far apart segments are longer"},
	"hls_sync":                        {outcome: Same, says: saysMeasured},
	"hls_muxdelay":                    {outcome: Same, says: saysMeasured},
	"hls_max_audio_delay":             {outcome: Same, says: saysMeasured},
	"hls_audio_buffer_size":           {outcome: Same, says: saysMeasured},
	"hls_continuous":                  {outcome: Same, says: "a publisher that comes back in time goes on in the same playlist"},
	"hls_nested":                      {outcome: Same, says: "each stream has a folder of addresses: /APP/NAME/index.m3u8"},
	"hls_cleanup":                     {outcome: Same, says: "old segments go by themselves"},
	"hls_fragment_naming":             {outcome: Same, says: saysNames},
	"hls_fragment_naming_granularity": {outcome: Same, says: saysNames},
	"hls_fragment_slicing":            {outcome: Same, says: "segments end at key frames"},
	"hls_base_url":                    {outcome: None, says: "addresses in playlists are relative: they work behind any prefix of a proxy or CDN"},
	"hls_variant":                     {outcome: None, says: "streams with different names are not joined into one playlist; send the qualities as tracks of one stream (docs/obs-multitrack.md)"},
	"hls_keys":                        {outcome: None, says: "segments are not encrypted; private streams need a token for each request", off: "segments are not encrypted"},
	"hls_key_path":                    {outcome: None, says: "segments are not encrypted"},
	"hls_key_url":                     {outcome: None, says: "segments are not encrypted"},
	"hls_fragments_per_key":           {outcome: None, says: "segments are not encrypted"},
	"dash":                            {outcome: Same, says: "every stream has DASH, packaged while it is watched: /APP/NAME/manifest.mpd"},
	"dash_path":                       {outcome: Changed, says: saysMemory},
	"dash_cleanup":                    {outcome: Same, says: "old segments go by themselves"},
	"dash_nested":                     {outcome: Same, says: "each stream has a folder of addresses: /APP/NAME/manifest.mpd"},

	// Logs.
	"access_log": {outcome: Changed, says: "two lines a session go to standard error, with the reason of its end", off: ""},
	"log_format": {outcome: Changed, says: "logs are text or JSON (log-format)"},
}

// nginxOff are directives that nothing here corresponds to when they are off.
var nginxOff = map[string]fixed{
	"hls":              {outcome: None, says: "HLS cannot be switched off; it costs nothing while nobody watches by it"},
	"dash":             {outcome: None, says: "DASH cannot be switched off; it costs nothing while nobody watches by it"},
	"wait_key":         {outcome: None, says: "viewers always begin at a key frame"},
	"sync":             {outcome: None, says: "timestamps are always repaired"},
	"publish_time_fix": {outcome: None, says: "timestamps are always repaired"},
	"play_time_fix":    {outcome: None, says: "all viewers see one timeline"},
	"hls_continuous":   {outcome: None, says: "a publisher that comes back in time goes on in the same playlist"},
	"hls_nested":       {outcome: Changed, says: "each stream has a folder of addresses: /APP/NAME/index.m3u8"},
	"dash_nested":      {outcome: Changed, says: "each stream has a folder of addresses: /APP/NAME/manifest.mpd"},
	"hls_cleanup":      {outcome: None, says: "old segments always go"},
	"dash_cleanup":     {outcome: None, says: "old segments always go"},
	"access_log":       {outcome: Changed, says: "log-level: warn leaves sessions out"},
	"so_keepalive":     {outcome: None, says: "silent connections are always found"},
	"meta":             {outcome: None, says: "players always get metadata"},
	"drop_idle_publisher": {
		outcome: None,
		says:    "a publisher that sends no media for a minute is dropped",
	},
	"notify_update_strict": {outcome: Same, says: "only a refusal ends a session"},
	"live":                 {outcome: None, says: "apps are for live streams"},
}

// httpFixed are directives of nginx's web server that the server needs no
// setting for.
var httpFixed = map[string]fixed{
	"sendfile":                  {outcome: Same, says: "media is sent from memory"},
	"aio":                       {outcome: Same, says: "media is sent from memory"},
	"directio":                  {outcome: Same, says: "media is sent from memory"},
	"tcp_nopush":                {outcome: Same, says: saysTuned},
	"tcp_nodelay":               {outcome: Same, says: "on for every connection"},
	"keepalive_timeout":         {outcome: Same, says: saysTuned},
	"types":                     {outcome: Same, says: "each answer says its type"},
	"types_hash_max_size":       {outcome: Same, says: "each answer says its type"},
	"default_type":              {outcome: Same, says: "each answer says its type"},
	"gzip":                      {outcome: Same, says: "playlists are compressed"},
	"gzip_types":                {outcome: Same, says: "playlists are compressed"},
	"root":                      {outcome: Same, says: "media is served from memory, not from a folder"},
	"alias":                     {outcome: Same, says: "media is served from memory, not from a folder"},
	"expires":                   {outcome: Same, says: "each answer says how long it may be kept (docs/hls.md)"},
	"ssl_protocols":             {outcome: Same, says: "TLS 1.2 and 1.3 (tls-min)"},
	"ssl_session_cache":         {outcome: Same, says: saysTuned},
	"ssl_session_timeout":       {outcome: Same, says: saysTuned},
	"ssl_prefer_server_ciphers": {outcome: Same, says: saysTuned},
	"access_log":                {outcome: Changed, says: "two lines a session go to standard error, with the reason of its end"},
	"error_log":                 {outcome: Changed, says: "the log goes to standard error"},
	"log_format":                {outcome: Changed, says: "logs are text or JSON (log-format)"},
	"http2":                     {outcome: Same, says: "HTTP/2 is on over TLS"},
}
