package door

import (
	"container/list"
	"io"
	"sync"
	"time"
)

// This file bounds the memory that questions and answers take at a door, however many
// connections bring large ones at once, and however slowly.

const (
	// bodyFree is how much of a body is read whatever else there is: small questions
	// never wait for large ones.
	bodyFree = 16 << 10
	// roomWithin is how long a body or an answer waits for room.
	roomWithin = 10 * time.Second
	// bodySlow is for how long a body may come while others wait for room. Then the one
	// that came first is cut off.
	bodySlow = 5 * time.Second
	// roomAgain is how often those who wait look again.
	roomAgain = 250 * time.Millisecond
)

// busy is what is told when there is no room.
func busy(message string) *Fault {
	return &Fault{Kind: "busy", Done: "no", Message: message, Hint: "ask again in a second, or another node"}
}

// budget bounds bytes: those of bodies on their way, and those of bodies that are here as
// a whole and wait for their answer; of each kind at most most, but for one of the first
// kind, and one alone of the second. Whoever has no room is not read from any further.
//
// Many bodies that have come in part could take all the room, and none be whole ever. So
// the first of them needs no room but that beside the whole ones.
type budget struct {
	mu      sync.Mutex
	changed sync.Cond
	most    int
	coming  int
	whole   int
	bodies  list.List // of *body, those that are coming, the first first
}

func newBudget(most int) *budget {
	b := &budget{most: most}
	b.changed.L = &b.mu
	return b
}

// body is one body; it reads from another reader.
type body struct {
	budget  *budget
	from    io.Reader
	cut     func() // ends a read that is under way
	began   time.Time
	place   *list.Element // nil when it is here as a whole
	read    int
	taken   int
	waiting bool
	late    bool // cut off
}

// begin returns a body that is about to be read. It must be ended.
func (b *budget) begin(from io.Reader, cut func()) *body {
	return &body{budget: b, from: from, cut: cut}
}

// Read implements io.Reader. An error may be a *Fault.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.from.Read(p[:min(len(p), bodyFree)])
	if b.read += n; b.read > bodyFree {
		if fault := b.budget.take(b, n); fault != nil {
			return 0, fault
		}
	}
	if err != nil && err != io.EOF && b.cutOff() {
		return 0, busy("what was sent came slowly, and others waited for room")
	}
	return n, err
}

func (b *body) cutOff() bool {
	b.budget.mu.Lock()
	defer b.budget.mu.Unlock()
	return b.late
}

// take waits for room for a piece of a body that has come.
func (b *budget) take(c *body, bytes int) *Fault {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c.began.IsZero() {
		c.began = time.Now()
		c.place = b.bodies.PushBack(c)
	}
	if !b.room(c, bytes) {
		c.waiting = true
		defer func() { c.waiting = false }()
		for end := time.Now().Add(roomWithin); !b.room(c, bytes); b.rest() {
			if now := time.Now(); now.After(end) || c.late {
				return busy("too many large requests are under way")
			} else if first := b.bodies.Front().Value.(*body); !first.waiting && !first.late && now.Sub(first.began) > bodySlow {
				first.late = true
				first.cut()
			}
		}
	}
	b.coming += bytes
	c.taken += bytes
	return nil
}

// room tells whether there is room; mu is held.
func (b *budget) room(c *body, bytes int) bool {
	if b.coming+b.whole+bytes <= b.most {
		return true
	}
	return b.bodies.Front() == c.place && (b.whole == 0 || b.whole+c.taken+bytes <= b.most)
}

// rest waits for a change, or for a while; mu is held.
func (b *budget) rest() {
	alarm := time.AfterFunc(roomAgain, b.changed.Broadcast)
	b.changed.Wait()
	alarm.Stop()
}

// arrived says that the body is here as a whole.
func (b *body) arrived() { b.budget.move(b, b.taken) }

// end gives back the room that the body has.
func (b *body) end() {
	b.budget.move(b, 0)
	b.taken = 0
}

// move takes a body from those that are coming, and counts so many bytes for it from
// now on.
func (b *budget) move(c *body, bytes int) {
	if c.began.IsZero() {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if c.place != nil {
		b.coming -= c.taken
		b.bodies.Remove(c.place)
		c.place = nil
	} else {
		b.whole -= c.taken
	}
	b.whole += bytes
	b.changed.Broadcast()
}

// rent waits for room for something that is here as a whole, and returns what ends it:
// nil if there was no room for long.
func (b *budget) rent(bytes int) func() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for end := time.Now().Add(roomWithin); b.whole > 0 && b.whole+bytes > b.most; b.rest() {
		if time.Now().After(end) {
			return nil
		}
	}
	b.whole += bytes
	return func() {
		b.mu.Lock()
		b.whole -= bytes
		b.mu.Unlock()
		b.changed.Broadcast()
	}
}
