package tcp

import (
	"sync"
	"time"

	"quorumlab/protocols"
)

// letter is what the loop takes out of the mailbox: one of the fields below
// event is set if it is not an event alone.
type letter struct {
	event protocols.Event
	// peer is whose marker a Disconnected is.
	peer *peer
	// asking awaits the answer to a Requested.
	asking *Asking
	// forget is one who waits no more.
	forget *Asking
	// look is a function that wants to look at the node.
	look func(node protocols.Node, now time.Duration)
	// failed is why the disk, and with it the node, is at its end.
	failed error
}

// mailbox is where all goroutines of a driver leave what the loop is to do. It is
// bounded: who brings messages of peers waits until there is room, and so the
// peer's stream stands still. Clients are bounded by their number. What the driver
// itself has to say (timers, marks of the disk, breaks) is little, and never waits.
type mailbox struct {
	mu      sync.Mutex
	room    sync.Cond
	letters []letter
	// bytes is what the peers' messages took on the wire, limit their most.
	bytes, limit int
	closed       bool
	// wake has a token when the loop may have to do.
	wake chan struct{}
}

func newMailbox(limit int) *mailbox {
	m := &mailbox{limit: limit, wake: make(chan struct{}, 1)}
	m.room.L = &m.mu
	return m
}

// deliver leaves the messages of a peer, which took so many bytes, and waits for
// room first. It reports false if the mailbox is closed.
func (m *mailbox) deliver(from protocols.NodeID, messages []protocols.Message, bytes int) bool {
	m.mu.Lock()
	for !m.closed && m.bytes > 0 && m.bytes+bytes > m.limit {
		m.room.Wait()
	}
	if m.closed {
		m.mu.Unlock()
		return false
	}
	m.bytes += bytes
	for _, message := range messages {
		m.letters = append(m.letters, letter{event: protocols.Received{From: from, Message: message}})
	}
	m.mu.Unlock()
	m.ring()
	return true
}

// post leaves a letter without waiting. It reports false if the mailbox is closed.
func (m *mailbox) post(l letter) bool {
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return false
	}
	m.letters = append(m.letters, l)
	m.mu.Unlock()
	m.ring()
	return true
}

func (m *mailbox) ring() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// take returns all letters, and makes room for new ones, which go into the memory
// of the letters given.
func (m *mailbox) take(used []letter) []letter {
	clear(used) // lets go of what was in them
	m.mu.Lock()
	taken := m.letters
	m.letters = used[:0]
	m.bytes = 0
	m.mu.Unlock()
	m.room.Broadcast()
	return taken
}

// depth returns how many letters wait.
func (m *mailbox) depth() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.letters)
}

// close lets nothing in any more, and returns what is left.
func (m *mailbox) close() []letter {
	m.mu.Lock()
	m.closed = true
	left := m.letters
	m.letters = nil
	m.mu.Unlock()
	m.room.Broadcast()
	return left
}
