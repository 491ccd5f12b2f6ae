package tcp

import (
	"sync"
	"time"

	"quorumlab/protocols"
)

// burden bounds how many bytes of clients' commands the node has at once. One command
// alone may be of any size. A node may keep a command for some time after whoever asked
// has stopped waiting, so its bytes count for forgottenFor longer: else many who wait
// for an instant only could fill the memory.
type burden struct {
	mu          sync.Mutex
	most, bytes int
	forgotten   []forgotten // in the order of their time
}

type forgotten struct {
	until time.Time
	bytes int
}

// forgottenFor is for how long the bytes of a command count that nobody waits for.
const forgottenFor = 10 * time.Second

// sizeOf returns how many bytes of a client a command has.
func sizeOf(command protocols.Command) int {
	if sized, ok := command.(protocols.Sized); ok {
		return sized.Size()
	}
	return 0
}

// take reports whether there is room for so many bytes more, which count from now on.
func (b *burden) take(bytes int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.relieve()
	if b.bytes > 0 && b.bytes+bytes > b.most {
		return false
	}
	b.bytes += bytes
	return true
}

// relieve lets go of what was forgotten long ago; mu is held.
func (b *burden) relieve() {
	if len(b.forgotten) == 0 {
		return
	}
	now, gone := time.Now(), 0
	for ; gone < len(b.forgotten) && !now.Before(b.forgotten[gone].until); gone++ {
		b.bytes -= b.forgotten[gone].bytes
	}
	b.forgotten = b.forgotten[gone:]
}

// give gives bytes back.
func (b *burden) give(bytes int) {
	b.mu.Lock()
	b.bytes -= bytes
	b.mu.Unlock()
}

// forget gives them back later.
func (b *burden) forget(bytes int) {
	if bytes == 0 {
		return
	}
	b.mu.Lock()
	b.forgotten = append(b.forgotten, forgotten{time.Now().Add(forgottenFor), bytes})
	b.mu.Unlock()
}

// carried returns how many bytes count now.
func (b *burden) carried() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.relieve()
	return b.bytes
}
