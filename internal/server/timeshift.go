package server

import "github.com/millrace-live/millrace/internal/api"

// timeShift tells the API how far back a stream can be watched.
func (s *Server) timeShift(stream string) (shift api.TimeShift, ok bool) {
	st := s.window.Stream(stream)
	if st == nil {
		return shift, false
	}
	shift.Window = st.Shift().Window
	shift.Oldest, shift.Available, ok = st.Shifted()
	return shift, ok
}
