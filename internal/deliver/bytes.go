package deliver

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Bytes answers with a file that is in memory, in pieces one behind the other. It
// returns how many bytes of body it sent.
//
// Pieces are written as they are: http.ServeContent would copy them through a buffer
// for each viewer, which only those pay for who want a range.
func Bytes(w http.ResponseWriter, r *http.Request, tag string, pieces ...[]byte) int {
	w.Header().Set("Accept-Ranges", "bytes")
	return send(w, r, quote(tag), pieces...)
}

// send is Bytes with a tag as it stands in ETag.
func send(w http.ResponseWriter, r *http.Request, etag string, pieces ...[]byte) int {
	h := w.Header()
	h.Set("ETag", etag)
	out := NewSender(w)
	defer out.Close()
	switch {
	case asksForRange(r):
		http.ServeContent(counted{w, out}, r, "", time.Time{}, bytes.NewReader(slices.Concat(pieces...)))
		return out.Taken()
	case knows(r, etag):
		h.Del("Content-Type") // RFC 9110 §15.4.5
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return 0
	}
	size := 0
	for _, p := range pieces {
		size += len(p)
	}
	h.Set("Content-Length", strconv.Itoa(size))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return 0
	}
	for _, p := range pieces {
		if out.Send(p) != nil {
			break
		}
	}
	return out.Taken()
}

// Content answers with what can be read, of which a file on disk is copied into the
// connection by the system where it can. Modified may be zero. It returns how many
// bytes of body it sent.
func Content(w http.ResponseWriter, r *http.Request, tag string, modified time.Time, content io.ReadSeeker) int {
	w.Header().Set("ETag", quote(tag))
	out := NewSender(w)
	defer out.Close()
	http.ServeContent(counted{w, out}, r, "", modified, content)
	return out.Taken()
}

func quote(tag string) string { return `"` + tag + `"` }

// asksForRange reports whether the answer may be a part of the file, or a refusal.
func asksForRange(r *http.Request) bool {
	return r.Header.Get("Range") != "" || r.Header.Get("If-Match") != ""
}

// knows reads If-None-Match (RFC 9110 §13.1.2).
func knows(r *http.Request, etag string) bool {
	for _, list := range r.Header["If-None-Match"] {
		for known := range strings.SplitSeq(list, ",") {
			if known = strings.TrimSpace(known); known == "*" || strings.TrimPrefix(known, "W/") == etag {
				return true
			}
		}
	}
	return false
}

// counted is the way of http.ServeContent through a [Sender].
type counted struct {
	http.ResponseWriter
	out *Sender
}

func (c counted) Write(p []byte) (int, error) {
	before := c.out.n
	err := c.out.Send(p)
	return c.out.n - before, err
}

// ReadFrom leaves the copying to the connection, in steps of which each must be taken
// in time. Within them what is read from stays a file behind one limit, which is the
// form that net knows sendfile for.
func (c counted) ReadFrom(src io.Reader) (total int64, err error) {
	to, direct := c.ResponseWriter.(io.ReaderFrom)
	limited, ok := src.(*io.LimitedReader)
	if !direct || !ok {
		return io.Copy(struct{ io.Writer }{c}, src)
	}
	for limited.N > 0 {
		step := io.LimitedReader{R: limited.R, N: min(limited.N, fileStep)}
		asked := step.N
		c.out.hurry()
		n, err := to.ReadFrom(&step)
		total += n
		limited.N -= n
		c.out.n += int(n)
		if err != nil || n < asked {
			return total, err
		}
	}
	return total, nil
}
