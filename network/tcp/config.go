package tcp

import (
	"fmt"
	"log/slog"
	"maps"
	"net"
	"slices"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/state"
)

// Config is what a Driver runs, and with whom.
type Config struct {
	// Cluster names the cluster: nodes of another one are turned away. Format
	// names what the peers' bytes mean, such as the protocol.
	Cluster, Format string
	Self            protocols.NodeID
	// Peers holds where the other nodes can be reached, as host:port.
	Peers map[protocols.NodeID]string
	Links protocols.LinkKind
	// Node is fresh: it has yet to be given Recovered.
	Node protocols.Node
	// Codec knows all messages, and what they may carry.
	Codec *state.Codec
	Disk  Disk
	// Listener is where peers reach this node. The driver closes it. It may be
	// nil if there are no peers.
	Listener net.Listener
	// TLS has both ends of every connection between nodes show a certificate;
	// nil: neither does, and whoever can reach Listener can speak as a peer.
	TLS *Identity
	// Clock is the node's own: it grows with true time, at a rate as exact as
	// the protocol demands, as long as the driver lives, and nobody sets it.
	// nil stands for the machine's clock since it was booted. Where it begins
	// does not matter: a protocol keeps no reading from one life to the next.
	Clock func() time.Duration
	// Observe is called by the loop after every step, in order, and may keep
	// the event and the effects but not the slice.
	Observe []func(Step)
	// Settled, if not nil, is called by the loop when it has handled a batch of
	// events in which somebody was told an answer: what was told can now be passed
	// on together. It must not wait for anything.
	Settled func()
	Limits  Limits
	Log     *slog.Logger
}

// Step is one step of the node, told when its effects are under way.
type Step struct {
	Now     time.Duration
	Event   protocols.Event
	Effects protocols.Effects
	// Node is as the step left it. It must not be changed, or kept.
	Node protocols.Node
}

// Limits bound what peers and clients can make a driver do. A field that is 0
// stands for its default.
type Limits struct {
	// Frame is the most bytes of a frame between nodes, and so of a message.
	Frame int
	// Queue is the most bytes that wait for one peer. What comes on top breaks
	// the stream (a datagram is dropped).
	Queue int
	// Mailbox is the most bytes of peers' messages that wait for the loop.
	Mailbox int
	// Requests is the most requests of clients that are under way.
	Requests int
	// RequestBytes is the most bytes of their commands, and of those that nobody
	// waits for any more but the node may still have. One alone may be larger.
	RequestBytes int
	// Strangers is the most connections that have yet to say who they are. If
	// one more comes the oldest is closed.
	Strangers int
	// Handshake is how long it may take to connect: to reach the peer, and to
	// agree with it.
	Handshake time.Duration
	// KeepAlive is how often a sign of life is sent on a stream on which nothing
	// else is; Silence is how long nothing may be heard, or be taken by the peer's
	// machine, until the stream is broken.
	KeepAlive, Silence time.Duration
	// RetryMin and RetryMax bound how long a peer that could not be reached is
	// left alone: it doubles with every failure.
	RetryMin, RetryMax time.Duration
}

// defaults fills in what is 0.
func (l Limits) defaults() Limits {
	whole := func(field *int, value int) {
		if *field == 0 {
			*field = value
		}
	}
	long := func(field *time.Duration, value time.Duration) {
		if *field == 0 {
			*field = value
		}
	}
	whole(&l.Frame, 16<<20)
	whole(&l.Queue, 64<<20)
	whole(&l.Mailbox, 16<<20)
	whole(&l.Requests, 4096)
	whole(&l.RequestBytes, RequestBytes)
	whole(&l.Strangers, 64)
	long(&l.Handshake, 2*time.Second)
	long(&l.KeepAlive, time.Second)
	long(&l.Silence, 5*time.Second)
	long(&l.RetryMin, 10*time.Millisecond)
	long(&l.RetryMax, time.Second)
	return l
}

func (l Limits) check() error {
	for _, field := range []struct {
		name  string
		value int64
	}{
		{"Frame", int64(l.Frame)},
		{"Queue", int64(l.Queue)},
		{"Mailbox", int64(l.Mailbox)},
		{"Requests", int64(l.Requests)},
		{"RequestBytes", int64(l.RequestBytes)},
		{"Strangers", int64(l.Strangers)},
		{"Handshake", int64(l.Handshake)},
		{"KeepAlive", int64(l.KeepAlive)},
		{"RetryMin", int64(l.RetryMin)},
	} {
		if field.value < 0 {
			return fmt.Errorf("tcp: limit %s is negative", field.name)
		}
	}
	switch {
	case l.Frame < frameLeast:
		return fmt.Errorf("tcp: a frame of %d bytes holds too little, %d is the least", l.Frame, frameLeast)
	case l.Silence <= l.KeepAlive:
		return fmt.Errorf("tcp: silence of %v is no longer than the %v between signs of life", l.Silence, l.KeepAlive)
	case l.RetryMax < l.RetryMin:
		return fmt.Errorf("tcp: the longest wait for a retry, %v, is below the shortest, %v", l.RetryMax, l.RetryMin)
	}
	return nil
}

// RequestBytes is the default of Limits.RequestBytes.
const RequestBytes = 64 << 20

// frameLeast is the least that the limit of a frame may be.
const frameLeast = 1 << 10

// nameMost is the longest name of a cluster or a format, in bytes.
const nameMost = 64

// checked returns the configuration with defaults filled in, or what is wrong.
func (c Config) checked() (Config, error) {
	c.Limits = c.Limits.defaults()
	if c.Clock == nil {
		c.Clock = bootTime
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if err := c.Limits.check(); err != nil {
		return c, err
	}
	_, selfAmongPeers := c.Peers[c.Self]
	switch {
	case c.Self == 0:
		return c, fmt.Errorf("tcp: the node has no id")
	case c.Node == nil || c.Codec == nil || c.Disk == nil:
		return c, fmt.Errorf("tcp: a node, a codec and a disk are needed")
	case c.Cluster == "" || len(c.Cluster) > nameMost || len(c.Format) > nameMost:
		return c, fmt.Errorf("tcp: the names of the cluster and of the format have at most %d bytes, that of the cluster at least one", nameMost)
	case c.Links != protocols.Stream && c.Links != protocols.Datagram:
		return c, fmt.Errorf("tcp: links of kind %q", c.Links)
	case selfAmongPeers:
		return c, fmt.Errorf("tcp: node %d is among its own peers", c.Self)
	case c.Listener == nil && len(c.Peers) > 0:
		return c, fmt.Errorf("tcp: a listener is needed, since there are peers")
	}
	for _, id := range slices.Sorted(maps.Keys(c.Peers)) {
		if _, _, err := net.SplitHostPort(c.Peers[id]); id == 0 || err != nil {
			return c, fmt.Errorf("tcp: peer %d at %q: use an id from 1 and host:port", id, c.Peers[id])
		}
	}
	return c, nil
}
