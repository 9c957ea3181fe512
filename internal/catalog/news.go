package catalog

import "sync"

// news are the changes that OnChange has not been told yet.
type news struct {
	tell    func(Changed)
	mu      sync.Mutex
	queue   []Changed
	telling bool
}

func (n *news) add(changed []Changed) {
	if n.tell == nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.queue = append(n.queue, changed...)
}

// deliver tells all there are. If somebody does that already, it is left to
// him: a change that is made by OnChange itself is told after the one before.
func (n *news) deliver() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.telling {
		return
	}
	n.telling = true
	for len(n.queue) > 0 {
		next := n.queue[0]
		n.queue = n.queue[1:]
		n.mu.Unlock()
		n.tell(next)
		n.mu.Lock()
	}
	n.telling = false
}
