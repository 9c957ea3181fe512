package importer

// recognise tells by the names of its blocks what server a config is for.
func recognise(tree []*directive) Server {
	for _, d := range tree {
		switch d.name {
		case "rtmp", "application":
			if d.isBlock && d.find("srs_log_tank") == nil && d.find("ssl") == nil {
				return Nginx
			}
		case "server":
			if d.find("application") != nil {
				return Nginx
			}
		case "vhost", "http_api", "http_server", "srt_server", "rtc_server", "stream_caster":
			if d.isBlock {
				return SRS
			}
		case "srs_log_tank", "srs_log_file", "srs_log_level", "ff_log_dir":
			return SRS
		}
	}
	return ""
}
