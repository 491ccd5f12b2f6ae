package sim

import "time"

// due is a choice that the simulator has given an instant.
type due struct {
	at     time.Duration
	number uint64 // breaks ties: earlier scheduled, earlier done
	choice Choice
}

// queue is a heap of four children a parent, the earliest first. It is the
// hottest structure of the simulator: container/heap costs an allocation and
// two dynamic calls a push.
type queue []due

func (d *due) before(other *due) bool {
	return d.at < other.at || (d.at == other.at && d.number < other.number)
}

func (q *queue) push(d due) {
	*q = append(*q, d)
	items := *q
	i := len(items) - 1
	for i > 0 {
		parent := (i - 1) / 4
		if !d.before(&items[parent]) {
			break
		}
		items[i] = items[parent]
		i = parent
	}
	items[i] = d
}

// pop takes the earliest out; the queue must not be empty.
func (q *queue) pop() due {
	items := *q
	first, last := items[0], items[len(items)-1]
	items = items[:len(items)-1]
	*q = items
	if len(items) == 0 {
		return first
	}
	i := 0
	for {
		child := 4*i + 1
		if child >= len(items) {
			break
		}
		least := child
		for other := child + 1; other < child+4 && other < len(items); other++ {
			if items[other].before(&items[least]) {
				least = other
			}
		}
		if !items[least].before(&last) {
			break
		}
		items[i] = items[least]
		i = least
	}
	items[i] = last
	return first
}
