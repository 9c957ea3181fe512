package event

import (
	"maps"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
)

// viewersTime is how often the viewers of a stream are told, if they changed.
const viewersTime = 30 * time.Second

// watcher looks at what is on air from time to time. The zero value is ready.
type watcher struct {
	streams map[string]*watched
}

// watched is what was told of a broadcast last.
type watched struct {
	broadcast string
	health    patient
	viewers   map[string]int
	counted   time.Time
}

func (w *watcher) of(stream, broadcast string) *watched {
	if w.streams == nil {
		w.streams = make(map[string]*watched)
	}
	s := w.streams[stream]
	if s == nil || s.broadcast != broadcast {
		s = &watched{broadcast: broadcast}
		w.streams[stream] = s
	}
	return s
}

func (w *watcher) longGOP(stream, broadcast string) { w.of(stream, broadcast).health.noKeys = true }

// poll tells what changed of health and viewers.
func (f *Feed) poll(infos []hub.StreamInfo, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for n := range infos {
		i := &infos[n]
		// Events of a broadcast are between its live and its idle.
		if on := f.onAir[i.Name]; on == nil || on.ID != i.Broadcast {
			continue
		}
		w := f.watch.of(i.Name, i.Broadcast)
		f.health(w, i, now)
		f.viewers(w, i, now)
	}
}

// Problems returns what is wrong now with what the publisher of a stream sends, and
// whether somebody has looked yet.
func (f *Feed) Problems(stream string) (found []Problem, known bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	on, w := f.onAir[stream], f.watch.streams[stream]
	if on == nil || w == nil || w.broadcast != on.ID {
		return nil, false
	}
	return w.health.problems, true
}

func (f *Feed) health(w *watched, i *hub.StreamInfo, now time.Time) {
	problems, ok := w.health.examine(i, now)
	if !ok || !differ(problems, w.health.problems) {
		return
	}
	w.health.problems = problems
	if problems == nil {
		problems = []Problem{} // a list in JSON
	}
	f.tell(StreamHealth, i.Name, now, &healthData{
		Stream: f.stream(i.Name), Broadcast: i.Broadcast, Healthy: len(problems) == 0, Problems: problems,
	})
}

func (f *Feed) viewers(w *watched, i *hub.StreamInfo, now time.Time) {
	if now.Sub(w.counted) < viewersTime || maps.Equal(i.Viewers, w.viewers) {
		return
	}
	w.counted, w.viewers = now, i.Viewers
	by := i.Viewers
	if by == nil {
		by = map[string]int{}
	}
	f.tell(Viewers, i.Name, now, &viewersData{Stream: f.stream(i.Name), Broadcast: i.Broadcast, Total: i.ViewersTotal, Viewers: by})
}
