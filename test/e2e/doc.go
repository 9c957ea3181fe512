// Package e2e proves Millrace's promises with real encoders and players
// against the built program: MILLRACE names it, else it is built.
package e2e
