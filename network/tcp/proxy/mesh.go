package proxy

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"quorumlab/protocols"
)

// Pair is an ordered pair of nodes: one direction.
type Pair struct{ From, To protocols.NodeID }

// Mesh is the network between some nodes.
type Mesh struct {
	targets map[protocols.NodeID]string

	mu        sync.Mutex
	changed   sync.Cond // when directions change or the mesh ends
	ways      map[Pair]*way
	listeners map[Pair]net.Listener
	wires     map[*wire]struct{}
	closed    bool
	all       sync.WaitGroup
	ctx       context.Context
	cancel    context.CancelFunc
}

// way is what holds for one direction.
type way struct {
	cut   bool
	delay time.Duration
	flip  bool // a bit of the next piece
}

// wire is one connection from end to end.
type wire struct {
	dialer   Pair // who dialed whom
	from, to net.Conn
	broken   bool
}

// New opens a listener for each ordered pair of nodes, on the loopback interface,
// in front of the nodes' own addresses (host:port).
func New(targets map[protocols.NodeID]string) (*Mesh, error) {
	m := &Mesh{
		targets: maps.Clone(targets), ways: map[Pair]*way{},
		listeners: map[Pair]net.Listener{}, wires: map[*wire]struct{}{},
	}
	m.changed.L = &m.mu
	m.ctx, m.cancel = context.WithCancel(context.Background())
	for _, from := range m.Nodes() {
		for _, to := range m.Nodes() {
			if from == to {
				continue
			}
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				m.Close()
				return nil, fmt.Errorf("proxy: %w", err)
			}
			m.listeners[Pair{from, to}] = listener
			m.ways[Pair{from, to}] = &way{}
		}
	}
	for pair, listener := range m.listeners {
		m.all.Go(func() { m.serve(pair, listener) })
	}
	return m, nil
}

// Nodes returns the nodes, in growing order.
func (m *Mesh) Nodes() []protocols.NodeID { return slices.Sorted(maps.Keys(m.targets)) }

// Address returns what one node has to dial to reach another, "" if there are no
// such nodes.
func (m *Mesh) Address(from, to protocols.NodeID) string {
	listener := m.listeners[Pair{from, to}]
	if listener == nil {
		return ""
	}
	return listener.Addr().String()
}

// Cut holds up what goes in some directions. Those that are no pairs of nodes are
// left out.
func (m *Mesh) Cut(pairs ...Pair) { m.change(pairs, func(w *way) { w.cut = true }) }

// Heal ends what Cut and Slow did to some directions, to all if none is given.
func (m *Mesh) Heal(pairs ...Pair) {
	if len(pairs) == 0 {
		pairs = slices.Collect(maps.Keys(m.ways))
	}
	m.change(pairs, func(w *way) { *w = way{} })
}

// Slow delays all that goes in some directions: each piece that is read, so that
// it also bounds how much gets through.
func (m *Mesh) Slow(delay time.Duration, pairs ...Pair) {
	m.change(pairs, func(w *way) { w.delay = delay })
}

// Corrupt flips one bit of the next piece that goes one way.
func (m *Mesh) Corrupt(pair Pair) { m.change([]Pair{pair}, func(w *way) { w.flip = true }) }

func (m *Mesh) change(pairs []Pair, change func(*way)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, pair := range pairs {
		if w := m.ways[pair]; w != nil {
			change(w)
		}
	}
	m.changed.Broadcast()
}

// Partition cuts all directions between nodes of different groups; nodes in none
// of them are a group together. It heals what was cut before.
func (m *Mesh) Partition(groups ...[]protocols.NodeID) {
	of := map[protocols.NodeID]int{}
	for i, group := range groups {
		for _, node := range group {
			of[node] = i + 1
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for pair, w := range m.ways {
		w.cut = of[pair.From] != of[pair.To]
	}
	m.changed.Broadcast()
}

// Cuts returns the directions that are cut, in order.
func (m *Mesh) Cuts() []Pair {
	m.mu.Lock()
	defer m.mu.Unlock()
	var cuts []Pair
	for pair, w := range m.ways {
		if w.cut {
			cuts = append(cuts, pair)
		}
	}
	slices.SortFunc(cuts, func(a, b Pair) int {
		if a.From != b.From {
			return int(a.From) - int(b.From)
		}
		return int(a.To) - int(b.To)
	})
	return cuts
}

// Break closes all connections between two nodes, whoever dialed them, without the
// courtesies of TCP: what is in the sockets is lost. It returns how many there were.
func (m *Mesh) Break(a, b protocols.NodeID) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	count := 0
	for w := range m.wires {
		if (w.dialer == Pair{a, b} || w.dialer == Pair{b, a}) {
			m.breakWire(w)
			count++
		}
	}
	return count
}

// breakWire closes both ends; m.mu is held.
func (m *Mesh) breakWire(w *wire) {
	w.broken = true
	delete(m.wires, w)
	for _, conn := range []net.Conn{w.from, w.to} {
		if tcp, ok := conn.(*net.TCPConn); ok {
			tcp.SetLinger(0)
		}
		conn.Close()
	}
	m.changed.Broadcast()
}

// Close ends the mesh: nothing gets through any more.
func (m *Mesh) Close() {
	m.cancel()
	m.mu.Lock()
	m.closed = true
	for _, listener := range m.listeners {
		listener.Close()
	}
	for w := range m.wires {
		m.breakWire(w)
	}
	m.changed.Broadcast()
	m.mu.Unlock()
	m.all.Wait()
}

// serve takes the connections of one pair.
func (m *Mesh) serve(pair Pair, listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // out of descriptors, say
			select {
			case <-m.ctx.Done():
				return
			case <-time.After(10 * time.Millisecond):
				continue
			}
		}
		m.all.Go(func() { m.join(pair, conn) })
	}
}

// join dials the target and carries bytes both ways until one end closes.
func (m *Mesh) join(pair Pair, from net.Conn) {
	dialer := net.Dialer{Timeout: 5 * time.Second}
	to, err := dialer.DialContext(m.ctx, "tcp", m.targets[pair.To])
	if err != nil {
		if tcp, ok := from.(*net.TCPConn); ok {
			tcp.SetLinger(0) // as a port where nobody listens
		}
		from.Close()
		return
	}
	w := &wire{dialer: pair, from: from, to: to}
	m.mu.Lock()
	if m.closed {
		m.breakWire(w)
		m.mu.Unlock()
		return
	}
	m.wires[w] = struct{}{}
	m.mu.Unlock()
	var there sync.WaitGroup
	there.Go(func() { m.carry(w, pair, from, to) })
	m.carry(w, Pair{pair.To, pair.From}, to, from)
	there.Wait()
	from.Close()
	to.Close()
}

// end lets go of a wire of which one direction is over: what still waits in the
// other has nobody to go to.
func (m *Mesh) end(w *wire) {
	m.mu.Lock()
	defer m.mu.Unlock()
	w.broken = true
	delete(m.wires, w)
	m.changed.Broadcast()
}

// carry copies what goes one way. When the sender has no more to say, or is gone,
// the receiver learns of it once all before has passed.
func (m *Mesh) carry(w *wire, direction Pair, from, to net.Conn) {
	defer m.end(w)
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		delay, open := m.pass(w, direction, buffer[:n])
		if !open {
			return
		}
		if delay > 0 && !m.wait(delay) {
			return
		}
		if n > 0 {
			if _, failed := to.Write(buffer[:n]); failed != nil {
				from.Close()
				return
			}
		}
		if err != nil {
			to.Close()
			return
		}
	}
}

// pass waits as long as a direction is cut, and damages the piece if that is due.
// It reports false if the wire is broken meanwhile.
func (m *Mesh) pass(w *wire, direction Pair, piece []byte) (delay time.Duration, open bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	state := m.ways[direction]
	for state.cut && !w.broken && !m.closed {
		m.changed.Wait()
	}
	if state.flip && len(piece) > 0 {
		piece[len(piece)/2] ^= 0x10
		state.flip = false
	}
	return state.delay, !w.broken && !m.closed
}

// wait lets time pass, and reports false if the mesh ends before.
func (m *Mesh) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-m.ctx.Done():
		return false
	}
}
