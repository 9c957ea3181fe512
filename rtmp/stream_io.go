package rtmp

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/media"
	"github.com/millrace-live/millrace/rtmp/message"
)

var (
	errNotReceiving = errors.New("rtmp: nothing comes on this stream, it is for sending")
	errNotSending   = errors.New("rtmp: nothing can be sent on this stream, it is for receiving")
)

// ReadMessage waits for the next audio, video or data message. The payload is
// the caller's. While many messages wait unread, the connection is not read
// either. After the last message the error is why the stream ended.
func (st *Stream) ReadMessage() (*message.Message, error) {
	if st.sending() {
		return nil, errNotReceiving
	}
	return st.take()
}

// Each calls fn for every audio, video and data message, on the goroutine that
// reads the connection: the fast way in. Aggregates have been split. The
// Message is valid only during the call, its Payload is fn's for good.
//
// Each returns when the stream has ended, with the reason, or with the error
// of fn. Do not combine it with ReadMessage and ReadFrame. An fn that waits
// makes the peer wait, and everything else on the connection with it.
func (st *Stream) Each(fn func(*message.Message) error) error {
	if st.sending() {
		return errNotReceiving
	}
	return st.each(fn)
}

// WriteMessage sends an audio, video or data message. It waits while the peer
// does not read, up to the write timeout. m's StreamID does not matter.
func (st *Stream) WriteMessage(m *message.Message) error {
	st.write.Lock()
	defer st.write.Unlock()
	b := st.ownBatch()
	b.Append(st.id, m.Type, m.Timestamp, nil, m.Payload)
	return st.Send(b)
}

// NewBatch returns an empty batch for this stream.
func (st *Stream) NewBatch() *Batch { return NewBatch(st.session.ChunkSize()) }

func (st *Stream) ownBatch() *Batch {
	if st.batch == nil {
		st.batch = st.NewBatch()
	}
	st.batch.Reset()
	return st.batch
}

// Send writes a batch, in one call of the system where the connection has one
// for it. It waits while the peer does not read, up to the write timeout:
// ErrSlowReader. An error has ended the session.
func (st *Stream) Send(b *Batch) error {
	switch {
	case !st.sending():
		return errNotSending
	case st.ended.Load():
		return context.Cause(st.ctx)
	case !st.client && !st.accepted.Load():
		return errNotAccepted
	case b.chunkSize != st.session.set.chunkSize:
		return fmt.Errorf("rtmp: send: batch has chunks of %d bytes, session of %d",
			b.chunkSize, st.session.set.chunkSize)
	}
	if err := st.session.out.write(b.slices); err != nil {
		return st.lost(err)
	}
	return nil
}

// lost says why sending failed. A server that closes the connection has said
// why; a client waits for that.
func (st *Stream) lost(err error) error {
	st.session.lost(err)
	if st.client {
		t := time.NewTimer(linger)
		defer t.Stop()
		select {
		case <-st.ctx.Done():
		case <-t.C:
		}
	}
	if reason := st.Err(); reason != nil {
		return reason
	}
	return lostError(err)
}

// ReadFrame waits for the next frame. Its time is the message's, without
// wrapping. Sequence headers are in the frames' Tracks. A [*flv.BodyError] is a
// message that was left out: the next call goes on behind it. After the last frame
// the error is why the stream ended.
func (st *Stream) ReadFrame() (*media.Frame, error) {
	for len(st.read) == 0 {
		m, err := st.ReadMessage()
		if err != nil {
			return nil, err
		}
		if st.read, err = st.reader.Demux(m); err != nil {
			return nil, &flv.BodyError{Err: err}
		}
	}
	f := st.read[0]
	st.read = st.read[1:]
	return f, nil
}

// WriteFrame sends a frame, and in front of it the sequence headers that the
// peer has not had.
func (st *Stream) WriteFrame(f *media.Frame) error {
	st.write.Lock()
	defer st.write.Unlock()
	b := st.ownBatch()
	st.frames.append(b, st, f)
	return st.Send(b)
}
