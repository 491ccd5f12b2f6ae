package tcp

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"quorumlab/protocols"
)

// A pair of nodes has at most one connection at a time, as the virtual stream
// link has it (package network). The first send dials it. If both dial at once
// that of the higher node stands: who has the lower number gives its own up, and
// what waited for it goes over the other's. A peer that dials although there is a
// connection has lost that one: the new one takes its place.

// phase is how far the connection with a peer is.
type phase uint8

const (
	idle    phase = iota
	resting       // a goroutine of this node will dial after a while
	dialing       // it does
	waiting       // the peer said that it is dialing itself
	taking        // a goroutine answers the peer's handshake
	connected
)

// Reasons for a break.
var (
	errReplaced = errors.New("the peer opened a new connection")
	errOverflow = errors.New("more waits for the peer than the queue may hold")
	errStopping = errors.New("this node stops")
	errNoDial   = errors.New("the peer wanted to dial itself, and did not")
)

// peer is another node, as the driver deals with it.
type peer struct {
	driver  *Driver
	id      protocols.NodeID
	address string
	// taken is held by who answers a handshake of the peer, one at a time.
	taken sync.Mutex

	mu     sync.Mutex
	phase  phase
	stream *stream // if connected
	out    outbox
	// markers are the news of a break that the node has yet to be given. Until
	// then all that it sends is lost (streams only). fresh: something arrived
	// since the last of them was posted, so that another break is news.
	markers int
	fresh   bool
	// attempt numbers this node's dials; callOff ends the one under way.
	attempt uint64
	callOff context.CancelFunc
	// tried is a connection that the peer dialed and has yet to confirm.
	tried net.Conn
	// retry is how long to wait before the next dial, 0 if the last went well.
	retry   time.Duration
	refused string // what the peer said last, logged once
	closed  bool

	counters peerCounters
}

func newPeer(d *Driver, id protocols.NodeID, address string) *peer {
	return &peer{driver: d, id: id, address: address, out: outbox{frame: d.config.Limits.Frame}}
}

// lossy tells that the protocol's links are datagrams: a loss is news to nobody.
func (p *peer) lossy() bool { return p.driver.config.Links == protocols.Datagram }

// send queues a message, and dials if there is no connection. It reports whether
// a writer has to be woken.
func (p *peer) send(message protocols.Message) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.markers > 0 {
		p.counters.lost.Add(1)
		return false
	}
	if err := p.out.add(p.driver.config.Codec, message); err != nil {
		// The codec does not know the type, or no frame can hold the message.
		p.driver.log.Error("a message cannot be sent", "peer", p.id, "error", err)
		p.overflow(err)
		return false
	}
	if p.out.bytes > p.driver.config.Limits.Queue {
		p.out.drop()
		p.overflow(errOverflow)
		return false
	}
	p.counters.sent.Add(1)
	switch p.phase {
	case idle:
		p.dial()
	case connected:
		return true
	}
	return false
}

// overflow does what follows from a message that cannot be queued: on a stream
// nothing may be left out, so it breaks; a datagram is lost.
func (p *peer) overflow(why error) {
	p.counters.lost.Add(1)
	switch {
	case p.lossy():
	case p.phase == connected:
		p.stream.fail(why)
	case p.phase == taking:
		p.lose()
	default:
		p.reset()
		p.lose()
	}
}

// ring wakes the writer.
func (p *peer) ring() {
	p.mu.Lock()
	s := p.stream
	p.mu.Unlock()
	if s != nil {
		s.ring()
	}
}

// reset calls off whatever is under way to connect.
func (p *peer) reset() {
	if p.callOff != nil {
		p.callOff()
		p.callOff = nil
	}
	p.phase = idle
}

// lose empties the queue, and puts the news of it into the mailbox, unless the
// node is about to hear such news and has got nothing since.
func (p *peer) lose() {
	p.counters.lost.Add(uint64(p.out.messages))
	p.out.clear()
	if p.lossy() || p.closed || p.markers > 0 && !p.fresh {
		return
	}
	if p.driver.mailbox.post(letter{event: protocols.Disconnected{Peer: p.id}, peer: p}) {
		p.markers++
		p.fresh = false
	}
}

// markerDelivered takes note that the node is given the news of a break now.
func (p *peer) markerDelivered() {
	p.mu.Lock()
	p.markers--
	p.mu.Unlock()
}

// arrived takes note that messages of the peer are in the mailbox, and so that it
// can be reached.
func (p *peer) arrived(messages, bytes int) {
	p.counters.received.Add(uint64(messages))
	p.counters.bytesIn.Add(uint64(bytes))
	p.mu.Lock()
	p.fresh = p.fresh || messages > 0
	p.retry, p.refused = 0, ""
	p.mu.Unlock()
}

// dial begins to connect.
func (p *peer) dial() {
	d := p.driver
	ctx, callOff := context.WithCancel(d.ctx)
	p.attempt++
	p.phase, p.callOff = resting, callOff
	attempt, delay := p.attempt, jitter(p.retry)
	d.all.Add(1)
	go func() {
		defer d.all.Done()
		defer callOff()
		if rest(ctx, delay) && p.rested(ctx) {
			conn, err := p.connect(ctx)
			p.dialed(ctx, attempt, conn, err)
		}
	}()
}

// rested begins to dial in earnest, unless that was called off.
func (p *peer) rested(ctx context.Context) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if ctx.Err() != nil {
		return false
	}
	p.phase = dialing
	return true
}

// dialed takes the result of a dial, if it still is of interest.
func (p *peer) dialed(ctx context.Context, attempt uint64, conn net.Conn, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.phase != dialing || p.attempt != attempt || ctx.Err() != nil {
		if conn != nil {
			conn.Close()
		}
		return
	}
	switch refusal, refused := errors.AsType[*refusal](err); {
	case err == nil:
		p.callOff = nil
		p.begin(conn, true)
	case refused && refusal.Code == refuseDialing:
		p.phase = waiting
		p.driver.all.Add(1)
		go p.awaitDial(ctx, attempt)
	default:
		p.unreachable(err)
	}
}

// awaitDial waits for the peer's dial, but not for ever.
func (p *peer) awaitDial(ctx context.Context, attempt uint64) {
	defer p.driver.all.Done()
	limit := time.NewTimer(p.driver.config.Limits.Handshake)
	defer limit.Stop()
	select {
	case <-p.driver.ctx.Done():
		return
	case <-limit.C:
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.phase == waiting && p.attempt == attempt {
		p.unreachable(errNoDial)
	}
}

// unreachable ends an attempt to connect that failed. What waited for it is lost.
func (p *peer) unreachable(why error) {
	limits := p.driver.config.Limits
	p.retry = min(max(2*p.retry, limits.RetryMin), limits.RetryMax)
	if text := why.Error(); text != p.refused {
		p.refused = text
		p.driver.log.Info("the peer cannot be reached", "peer", p.id, "error", why)
	}
	p.reset()
	p.lose()
}

// begin makes a connection that is agreed upon the one with the peer. Who dialed
// confirms it.
func (p *peer) begin(conn net.Conn, dialed bool) {
	p.phase = connected
	p.counters.connects.Add(1)
	p.driver.log.Debug("connected", "peer", p.id, "address", conn.RemoteAddr().String())
	p.stream = newStream(p, conn, dialed)
	p.driver.all.Add(1)
	go p.stream.run()
	p.stream.ring()
}

// broken takes note that the connection is over: all that it brought is in the
// mailbox, and nothing more will be.
func (p *peer) broken(s *stream, why error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stream, p.phase = nil, idle
	p.counters.breaks.Add(1)
	p.driver.log.Info("the connection broke", "peer", p.id, "error", why)
	p.lose()
	close(s.done)
}

// shut ends all dealings with the peer.
func (p *peer) shut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	if p.stream != nil {
		p.stream.fail(errStopping)
		return
	}
	p.reset()
}

// take answers a handshake of the peer: it accepts or refuses the connection.
func (p *peer) take(conn net.Conn) error {
	p.supersede(conn)
	p.taken.Lock()
	defer p.taken.Unlock()
	if err := p.admit(conn); err != nil {
		return err
	}
	err := writeHandshake(conn, welcome{Version: protocolVersion}.encode())
	if err == nil {
		err = readConfirmation(conn)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tried = nil
	if err != nil {
		if p.phase == taking {
			if p.phase = idle; p.out.messages > 0 {
				p.dial()
			}
		}
		return err
	}
	for p.phase == connected {
		// Its end is in the mailbox before the new one begins.
		old := p.stream
		old.fail(errReplaced)
		p.mu.Unlock()
		<-old.done
		p.mu.Lock()
	}
	if p.closed {
		return errStopping
	}
	p.reset()
	p.retry = 0
	p.begin(conn, false)
	return nil
}

// supersede closes an earlier connection that the peer has not confirmed: it will
// not any more.
func (p *peer) supersede(conn net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tried != nil {
		p.tried.Close()
	}
	p.tried = conn
}

// admit decides on a handshake.
func (p *peer) admit(conn net.Conn) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return errStopping
	case p.phase == dialing && p.id < p.driver.config.Self:
		return &refusal{Code: refuseDialing, Text: "this node is dialing"}
	case p.phase != connected:
		p.reset()
		p.phase = taking
	}
	p.tried = conn
	return nil
}
