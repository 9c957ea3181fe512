// Package poster answers with a picture of a stream: its newest key frame, as a
// JPEG. A picture is made when somebody asks for it, by an ffmpeg that is a
// process of its own and is held short: what it decodes comes from strangers.
// Where there is no picture, one of the house stands in for it.
package poster
