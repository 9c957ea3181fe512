package catalog

import "slices"

// CheckStream says with a *FaultError what is wrong with a stream that the config
// file is to declare, as far as that can be told without the others.
func CheckStream(s Stream) error {
	if s.Visibility == "" {
		s.Visibility = Public
	}
	if slices.Contains(s.PlaybackIDs, "") {
		return &FaultError{"playback_ids", "one is empty: leave it out"}
	}
	return (&Catalog{}).checkStream(newIndex(0), nil, s.clone())
}

// CheckWebhook is CheckStream for a webhook.
func CheckWebhook(w Webhook) error { return checkWebhook(w.clone()) }
