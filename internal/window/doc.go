// Package window packages streams for the doors that serve files (HLS, DASH):
// once for all of them, from the first request of any door until a minute
// without one, out of what the hub keeps, so that there are segments at once.
//
//	store.Open(ctx, request)        begins to package a stream, or finds it
//	stream.Live(ctx)                the Presentation on air, once it can be played
//	presentation.Tracks             its tracks; each has
//	track.View()                      what is in the window now: an immutable snapshot
//	track.Wait(ctx, segment, part)    the snapshot in which that part is there
//	track.Segment(n), track.Part(n, i), track.Init(i)   the files
//
// A [Presentation] is what one player holds from its first playlist to the end
// of it: the same tracks of the same codecs, cut into parts by the same target.
// Its identifier is one that no other has, and belongs into the address of
// everything that it consists of. A publisher who comes back, or changes the
// configuration of a track, makes another period in it: a discontinuity. Another
// broadcast, or other tracks or codecs, make another presentation; the former one
// is ended and stays for a minute, so that players see a clean end. So numbers
// never go back.
//
// Everything that a door gets is shared and immutable: what it renders of a
// [View] it may keep with it ([Presentation.Value]) and give to every viewer.
// Views change with each part of a track. Whoever waits for one waits on a
// channel that is closed for all at once; there is no goroutine, timer or
// rendering for a viewer or a part here.
//
// With time shift ([Options].Shift) a stream is packaged from its first frame to its
// last, and its window is hours long: each whole segment goes to a file as well, and
// one that players near the edge do not need is there alone ([Segment.Shelved]). A
// disk that is slow, full or hung makes the window shorter, and nothing wait.
//
// What leaves the window is still to be had for as long as a player may ask for
// it (rfc8216bis §6.2.2), unless the budget of the stream says otherwise.
package window
