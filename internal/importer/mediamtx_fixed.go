package importer

const (
	saysRTSP     = "this build has no RTSP"
	saysMOQ      = "this build has no MoQ"
	saysUDP      = "media comes over TCP here"
	saysCamera   = "the server reads no cameras of its machine"
	saysPlayback = "the server plays no recordings"
	saysAway     = "who publishes again within grace goes on in the same broadcast"
)

// mtxFixed are keys the verdict on which does not depend on others; those of
// paths stand behind "path ".
var mtxFixed = map[string]fixed{
	"logFile":             {outcome: Changed, says: "the log goes to standard error"},
	"sysLogPrefix":        {outcome: Changed, says: "the log goes to standard error"},
	"dumpPackets":         {outcome: None, says: "packets are not written to files", off: "packets are not written to files"},
	"readTimeout":         {outcome: Same, says: "who sends nothing for a minute, or nothing to begin with for 10 s, is closed"},
	"writeTimeout":        {outcome: Same, says: "who takes no byte for 10 s is closed"},
	"writeQueueSize":      {outcome: Same, says: "a player that falls 10 s behind goes on at the newest key frame"},
	"readBufferCount":     {outcome: Same, says: "a player that falls 10 s behind goes on at the newest key frame"},
	"udpMaxPayloadSize":   {outcome: Same, says: saysUDP},
	"udpReadBufferSize":   {outcome: Same, says: saysUDP},
	"runOnConnect":        {outcome: None, says: saysExec + "; events tell a back end of sessions"},
	"runOnConnectRestart": {outcome: None, says: saysExec},
	"runOnDisconnect":     {outcome: None, says: saysExec + "; events tell a back end of sessions"},

	"authHTTPFingerprint":    {outcome: None, says: "the back end shows a certificate that an authority vouches for"},
	"authJWTJWKS":            {outcome: None, says: "viewers' tokens are told in the API and the commands, not in this file"},
	"authJWTJWKSFingerprint": {outcome: None, says: "the server of the keys shows a certificate that an authority vouches for"},
	"authJWTClaimKey":        {outcome: None, says: "a token says its stream in sub"},
	"authJWTExclude":         {outcome: None, says: "private streams need a token, others none"},
	"authJWTIssuer":          {outcome: None, says: "viewers' tokens are told in the API and the commands, not in this file"},
	"authJWTAudience":        {outcome: None, says: "viewers' tokens are told in the API and the commands, not in this file"},

	"apiEncryption":       {outcome: None, says: "the admin side is served over TLS at the rtmps port where http is the admin side, or by a proxy", off: "the admin side is plain HTTP"},
	"apiServerKey":        {outcome: None, says: "the admin side is served over TLS at the rtmps port where http is the admin side, or by a proxy"},
	"apiServerCert":       {outcome: None, says: "the admin side is served over TLS at the rtmps port where http is the admin side, or by a proxy"},
	"apiAllowOrigins":     {outcome: Changed, says: "pages of other sites may play streams, and may not use the API"},
	"metrics":             {outcome: Changed, says: "/metrics on the admin side", off: "/metrics wants a token"},
	"metricsAddress":      {outcome: Changed, says: "/metrics on the admin side"},
	"metricsEncryption":   {outcome: None, says: "/metrics is on the admin side"},
	"metricsServerKey":    {outcome: None, says: "/metrics is on the admin side"},
	"metricsServerCert":   {outcome: None, says: "/metrics is on the admin side"},
	"metricsAllowOrigins": {outcome: Changed, says: "pages of other sites may not read metrics"},

	"rtmp":               {outcome: Same, says: "the server speaks RTMP"},
	"hls":                {outcome: Same, says: "every stream has HLS, packaged while it is watched: /APP/NAME/index.m3u8"},
	"hlsAlwaysRemux":     {outcome: Changed, says: "packaged while it is watched: the first viewer gets what the server still has at once", off: "packaged while it is watched"},
	"hlsSegmentMaxSize":  {outcome: Same, says: saysBounds},
	"hlsDirectory":       {outcome: Changed, says: saysMemory},
	"hlsMuxerCloseAfter": {outcome: Same, says: "packaging rests when nobody has watched for a minute"},
	"hlsCDNSecret":       {outcome: None, says: "answers may be kept by a cache as they say themselves; private streams need a token"},

	"path sourceFingerprint":          {outcome: None, says: saysRelay},
	"path sourceRedirect":             {outcome: None, says: "streams have no second names"},
	"path fallback":                   {outcome: None, says: "streams have no second names"},
	"path forward":                    {outcome: None, says: saysRelay},
	"path useAbsoluteTimestamp":       {outcome: None, says: "EXT-X-PROGRAM-DATE-TIME is when media arrived", off: "EXT-X-PROGRAM-DATE-TIME is when media arrived"},
	"path alwaysAvailable":            {outcome: None, says: saysAway, off: saysAway},
	"path alwaysAvailableTracks":      {outcome: None, says: saysAway},
	"path alwaysAvailableFile":        {outcome: None, says: saysAway},
	"path srtReadPassphrase":          {outcome: None, says: saysSRT},
	"path srtPublishPassphrase":       {outcome: None, says: saysSRT},
	"path moqTransport":               {outcome: None, says: saysMOQ},
	"path runOnInit":                  {outcome: None, says: saysExec},
	"path runOnDemand":                {outcome: None, says: saysExec},
	"path runOnUnDemand":              {outcome: None, says: saysExec},
	"path runOnAvailable":             {outcome: None, says: saysExec + "; events tell a back end when a broadcast begins"},
	"path runOnReady":                 {outcome: None, says: saysExec + "; events tell a back end when a broadcast begins"},
	"path runOnPublish":               {outcome: None, says: saysExec + "; events tell a back end when a broadcast begins"},
	"path runOnUnavailable":           {outcome: None, says: saysExec + "; events tell a back end when a broadcast ends"},
	"path runOnNotReady":              {outcome: None, says: saysExec + "; events tell a back end when a broadcast ends"},
	"path runOnOnline":                {outcome: None, says: saysExec + "; events tell a back end when a broadcast begins"},
	"path runOnOffline":               {outcome: None, says: saysExec + "; events tell a back end when a broadcast ends"},
	"path runOnRead":                  {outcome: None, says: saysExec + "; events tell a back end of viewers"},
	"path runOnUnread":                {outcome: None, says: saysExec + "; events tell a back end of viewers"},
	"path runOnRecordSegmentCreate":   {outcome: None, says: saysRecord},
	"path runOnRecordSegmentComplete": {outcome: None, says: saysRecord},
}

// mtxOff are switches that nothing here corresponds to when they are off.
var mtxOff = map[string]fixed{
	"hls": {outcome: None, says: "HLS cannot be switched off; it costs nothing while nobody watches by it"},
	"api": {outcome: Changed, says: "the API is there, and wants a token"},
}

// mtxFamilies are keys by their beginnings: of capabilities that this build
// does not have, which is no loss where they are switched off.
var mtxFamilies = []struct{ prefix, flag, says string }{
	{"rtsp", "rtsp", saysRTSP},
	{"rtp", "rtsp", saysRTSP},
	{"rtcp", "rtsp", saysRTSP},
	{"multicast", "rtsp", saysRTSP},
	{"protocols", "rtsp", saysRTSP},
	{"encryption", "rtsp", saysRTSP},
	{"serverKey", "rtsp", saysRTSP},
	{"serverCert", "rtsp", saysRTSP},
	{"authMethods", "rtsp", saysRTSP},
	{"srtp", "rtsp", saysRTSP},
	{"srtcp", "rtsp", saysRTSP},
	{"webrtc", "webrtc", saysRTC},
	{"srt", "srt", saysSRT},
	{"moq", "moq", saysMOQ},
	{"pprof", "pprof", "there are no profiles of the running server"},
	{"playback", "playback", saysPlayback},
}

// mtxPathFamilies are the same of keys of paths, which do nothing unless the
// path uses them.
var mtxPathFamilies = []struct{ prefix, says string }{
	{"rpiCamera", saysCamera},
	{"rtsp", saysRTSP},
	{"rtp", saysRTSP},
	{"whep", saysRTC},
	{"srt", saysSRT},
	{"sourceOnDemand", saysRelay},
	{"sourceProtocol", saysRTSP},
	{"sourceAnyPort", saysRTSP},
	{"runOn", saysExec},
}
