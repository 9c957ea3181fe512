// Package catalog holds what people manage: streams and the keys that publish
// them, credentials of old encoders, tokens of the API, webhooks, bans, and the
// keys that sign permissions to watch. It knows their rules, and keeps them as
// documents of a database.
//
// All of it is in memory, from where everything is read: whoever publishes or
// watches never waits for the database, and is served while it is away. A change
// is durable in the database before it is made in memory, so what was
// acknowledged is there after a crash. Nodes that share a database follow one
// another's changes within a second or two.
//
// What the config file declares stands in the same lists, marked as such, and
// can only be read here.
//
// Secrets of keys and tokens are kept as hashes. Those that the server itself
// has to use are sealed by the key file of the data folder.
package catalog
