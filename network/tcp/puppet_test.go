package tcp_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"quorumlab/network/tcp"
	"quorumlab/network/tcp/proxy"
	"quorumlab/protocols"
	"quorumlab/protocols/state"
)

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

// puppet is a node that does what its requests say, and tells what it got.
type puppet struct {
	mu   sync.Mutex
	got  []string // "2:hello" from 2, "2:-" for a break
	did  []string // the same, and ">2:hello" for what it sent, in order
	told chan struct{}
	// gate, if not nil, is what every step waits for.
	gate chan struct{}
	// late are effects of the step that the gate holds up.
	late *[]protocols.Effect
}

// order is the command of a puppet: effects to append.
type order struct{ effects protocols.Effects }

// heavy is a command of so many bytes.
type heavy int

// Size implements protocols.Sized.
func (h heavy) Size() int { return int(h) }

func newPuppet() *puppet { return &puppet{told: make(chan struct{}, 1)} }

func (p *puppet) Step(_ time.Duration, event protocols.Event, out *protocols.Effects) {
	p.mu.Lock()
	gate := p.gate
	p.mu.Unlock()
	if gate != nil {
		<-gate
		p.mu.Lock()
		if p.late != nil {
			*out = append(*out, *p.late...)
			p.late = nil
		}
		p.mu.Unlock()
	}
	var word string
	switch e := event.(type) {
	case protocols.Received:
		word = fmt.Sprintf("%d:%v", e.From, e.Message)
	case protocols.Disconnected:
		word = fmt.Sprintf("%d:-", e.Peer)
	case protocols.TimerFired:
		word = "timer " + e.Timer.Name
	case protocols.Persisted:
		word = fmt.Sprint("mark ", e.Mark)
	case protocols.Requested:
		if o, ok := e.Command.(order); ok {
			*out = append(*out, o.effects...)
		}
		p.mu.Lock()
		for _, effect := range *out {
			if sent, ok := effect.(protocols.Send); ok {
				p.did = append(p.did, fmt.Sprintf(">%d:%v", sent.To, sent.Message))
			}
		}
		p.mu.Unlock()
		out.Reply(e.Client, e.Request, "done")
		return
	case protocols.Recovered:
		return
	}
	p.mu.Lock()
	p.got = append(p.got, word)
	p.did = append(p.did, word)
	p.mu.Unlock()
	select {
	case p.told <- struct{}{}:
	default:
	}
}

// hold has the puppet stand still before its next step, until the function that is
// returned is called.
func (p *puppet) hold() (release func()) {
	gate := make(chan struct{})
	p.mu.Lock()
	p.gate = gate
	p.mu.Unlock()
	return func() {
		p.mu.Lock()
		p.gate = nil
		p.mu.Unlock()
		close(gate)
	}
}

// all returns what the puppet got so far.
func (p *puppet) all() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.got)
}

// until waits until what the puppet got satisfies a condition, and returns it.
func (p *puppet) until(t testing.TB, what string, enough func(got []string) bool) []string {
	t.Helper()
	limit := time.After(patience)
	for {
		got := p.all()
		if enough(got) {
			return got
		}
		select {
		case <-p.told:
		case <-limit:
			t.Fatalf("waited for %s; got %v", what, got)
		}
	}
}

// lab is some puppets with their drivers, and a mesh between them.
type lab struct {
	t       testing.TB
	links   protocols.LinkKind
	limits  tcp.Limits
	mesh    *proxy.Mesh
	listen  map[protocols.NodeID]string
	codec   *state.Codec
	nodes   map[protocols.NodeID]*puppet
	drivers map[protocols.NodeID]*tcp.Driver
	request uint64
	change  func(*tcp.Config)
}

// quick are limits under which a test does not wait long for a time-out.
func quick() tcp.Limits {
	return tcp.Limits{
		Handshake: 2 * time.Second, KeepAlive: 50 * time.Millisecond, Silence: patience,
		RetryMin: time.Millisecond, RetryMax: 20 * time.Millisecond,
	}
}

func newLab(t testing.TB, nodes int, links protocols.LinkKind, change func(*tcp.Config)) *lab {
	t.Helper()
	codec, err := state.NewCodec(big{})
	if err != nil {
		t.Fatal(err)
	}
	l := &lab{
		t: t, links: links, limits: quick(), codec: codec, listen: map[protocols.NodeID]string{},
		nodes: map[protocols.NodeID]*puppet{}, drivers: map[protocols.NodeID]*tcp.Driver{}, change: change,
	}
	var listeners []net.Listener
	for i := range nodes {
		listener := l.listener("127.0.0.1:0")
		listeners = append(listeners, listener)
		l.listen[protocols.NodeID(i+1)] = listener.Addr().String()
	}
	if l.mesh, err = proxy.New(l.listen); err != nil {
		t.Fatal(err)
	}
	for i, listener := range listeners {
		l.start(protocols.NodeID(i+1), listener)
	}
	t.Cleanup(func() {
		for _, d := range l.drivers {
			d.Close()
		}
		l.mesh.Close()
	})
	return l
}

func (l *lab) listener(address string) net.Listener {
	l.t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		l.t.Fatal(err)
	}
	return listener
}

// start begins a life of a node.
func (l *lab) start(id protocols.NodeID, listener net.Listener) {
	l.t.Helper()
	peers := map[protocols.NodeID]string{}
	for other := range l.listen {
		if other != id {
			peers[other] = l.mesh.Address(id, other)
		}
	}
	l.nodes[id] = newPuppet()
	config := tcp.Config{
		Cluster: "test", Format: "words", Self: id, Peers: peers, Links: l.links, Node: l.nodes[id],
		Codec: l.codec, Disk: tcp.NewMemory(protocols.Disk{}), Listener: listener, Limits: l.limits,
	}
	config.Log = slog.New(slog.NewTextHandler(testWriter{l.t}, &slog.HandlerOptions{Level: slog.LevelInfo})).With("node", id)
	if l.change != nil {
		l.change(&config)
	}
	d, err := tcp.Start(config)
	if err != nil {
		l.t.Fatal(err)
	}
	l.drivers[id] = d
}

func (l *lab) crash(id protocols.NodeID) {
	l.t.Helper()
	if err := l.drivers[id].Close(); err != nil {
		l.t.Fatal(err)
	}
}

func (l *lab) restart(id protocols.NodeID) {
	l.t.Helper()
	l.start(id, l.listener(l.listen[id]))
}

// order has a node carry out effects, and waits until it has.
func (l *lab) order(id protocols.NodeID, effects ...protocols.Effect) {
	l.t.Helper()
	l.request++
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if a := l.drivers[id].Request(ctx, 1, l.request, order{effects}); a.Err != nil {
		l.t.Fatalf("node %d: %v", id, a.Err)
	}
}

func (l *lab) send(from, to protocols.NodeID, messages ...protocols.Message) {
	l.t.Helper()
	var effects []protocols.Effect
	for _, message := range messages {
		effects = append(effects, protocols.Send{To: to, Message: message})
	}
	l.order(from, effects...)
}

// gets waits until a node got as much as is wanted, and compares.
func (l *lab) gets(id protocols.NodeID, want ...string) {
	l.t.Helper()
	got := l.nodes[id].until(l.t, strings.Join(want, " "), func(got []string) bool { return len(got) >= len(want) })
	if !slices.Equal(got, want) {
		l.t.Fatalf("node %d got %v, want %v", id, got, want)
	}
}

// wait looks again and again whether something has happened.
func (l *lab) wait(what string, happened func() bool) {
	l.t.Helper()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for limit := time.Now().Add(patience); !happened(); <-ticker.C {
		if time.Now().After(limit) {
			l.t.Fatalf("waited until %s", what)
		}
	}
}

// big is a message of any size.
type big struct{ Text string }

func (b big) String() string { return fmt.Sprintf("%d bytes", len(b.Text)) }

// testWriter writes a log into that of a test.
type testWriter struct{ t testing.TB }

func (w testWriter) Write(line []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(line)))
	return len(line), nil
}
