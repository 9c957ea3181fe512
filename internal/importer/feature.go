package importer

// feature is a capability of the server without which some settings of others
// have no counterpart.
type feature string

// The features.
const (
	authorizer feature = "authorizers" // authorizers: [{url, mode, …}]
	limits     feature = "limits"      // max-connections, max-viewers, …, for the server
	visibility feature = "visibility"  // streams: {live/cam1: {visibility: private}}
)

// built says which features this build has: a setting of another one is never
// written. The test loads a file with each of them, so that this table is true.
var built = map[feature]bool{
	authorizer: true,
	limits:     true,
	visibility: true,
}
