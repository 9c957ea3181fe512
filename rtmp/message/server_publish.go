package message

// handlePublish takes publish (7.2.2.6) on any stream that was created, and on
// stream 0.
func (s *Server) handlePublish(c *Call, streamID uint32) Event {
	st := s.take(streamID)
	if st == nil {
		s.status(streamID, Status{
			Level: LevelError, Code: CodePublishBadName,
			Description: "There is no such message stream: createStream comes first.",
		})
		return nil
	}
	if st.use != idle {
		s.status(streamID, Status{
			Level: LevelError, Code: CodePublishBadName,
			Description: "This message stream is in use.", Details: c.Args.String(0),
		})
		return nil
	}
	kind := c.Args.String(1)
	switch kind {
	case "record", "append":
	default:
		kind = "live"
	}
	st.use, st.name = publishing, c.Args.String(0)
	return Publish{StreamID: st.id, Name: st.name, Kind: kind, Args: c.Args[min(len(c.Args), 2):]}
}

// handleFCUnpublish ends the publication of that name. Encoders send it in
// front of deleteStream, some with another spelling of the name.
func (s *Server) handleFCUnpublish(c *Call) Event {
	name := c.Args.String(0)
	s.result(c)
	s.notice("onFCUnpublish", CodeUnpublishSuccess, name)
	var found *serverStream
	for _, st := range s.streams {
		if st.use != publishing {
			continue
		}
		if st.name == name {
			found = st
			break
		}
		if found != nil {
			return nil
		}
		found = st
	}
	return s.close(found, false)
}
