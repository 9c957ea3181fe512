package bench

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"github.com/millrace-live/millrace/rtmp"
)

// pacer sends the packets of its publishers when they are due, from one
// goroutine.
type pacer struct {
	mu       sync.Mutex
	incoming []*publisher
	wake     chan struct{}
}

// shortest is how long a pacer sleeps at least, so that it serves many
// publishers when it wakes.
const shortest = time.Millisecond

func newPacer() *pacer { return &pacer{wake: make(chan struct{}, 1)} }

// add gives it a publisher that is connected.
func (a *pacer) add(p *publisher) {
	a.mu.Lock()
	a.incoming = append(a.incoming, p)
	a.mu.Unlock()
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// run returns when ctx is done.
func (a *pacer) run(ctx context.Context) {
	var queue queue
	var batch *rtmp.Batch
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		a.mu.Lock()
		for _, p := range a.incoming {
			heap.Push(&queue, p)
			if batch == nil {
				batch = p.stream.NewBatch() // all chunks are of one size
			}
		}
		a.incoming = a.incoming[:0]
		a.mu.Unlock()

		for len(queue) > 0 && ctx.Err() == nil && !queue[0].when().After(time.Now()) {
			if queue[0].step(batch) {
				heap.Fix(&queue, 0)
			} else {
				heap.Pop(&queue)
			}
		}
		if len(queue) > 0 {
			timer.Reset(max(time.Until(queue[0].when()), shortest))
		}
		select {
		case <-timer.C:
		case <-a.wake:
		case <-ctx.Done():
			return
		}
	}
}

// queue has the publishers in the order of their turns, as a heap.
type queue []*publisher

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].when().Before(q[j].when()) }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)        { *q = append(*q, x.(*publisher)) }
func (q *queue) Pop() any {
	last := len(*q) - 1
	p := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	return p
}
