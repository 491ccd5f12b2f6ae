package tcp

import (
	"container/list"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"quorumlab/protocols"
)

// accept takes connections of peers, until the driver stops. Whoever connects has
// a short time to say who it is; until then it costs a place among the strangers,
// of which the oldest makes room: a flood, or one who says nothing, keeps nobody
// out who does not take longer than the flood needs to fill all places.
func (d *Driver) accept() {
	if d.config.Listener == nil {
		return
	}
	pause := time.Duration(0)
	for {
		conn, err := d.config.Listener.Accept()
		if err != nil {
			if d.ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return
			}
			// Out of descriptors, say. What is open goes on.
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			d.log.Warn("no connection can be accepted", "error", err)
			if !rest(d.ctx, pause) {
				return
			}
			continue
		}
		pause = 0
		d.stats.accepted.Add(1)
		known := d.strange.add(conn)
		if known == nil {
			conn.Close()
			return
		}
		d.all.Add(1)
		go func() {
			defer d.all.Done()
			d.meet(conn, known)
		}()
	}
}

// meet is the accepter's part of the handshake.
func (d *Driver) meet(conn net.Conn, known *list.Element) {
	ctx, cancel := context.WithTimeout(d.ctx, d.config.Limits.Handshake)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	secured, p, err := d.identify(ctx, conn)
	if err == nil && !stop() {
		err = context.Cause(ctx)
	}
	if err == nil {
		conn.SetDeadline(time.Now().Add(d.config.Limits.Handshake))
		err = p.take(secured)
	}
	d.strange.remove(known)
	if err == nil {
		return
	}
	d.stats.rejected.Add(1)
	d.log.Debug("a connection was turned away", "address", conn.RemoteAddr().String(), "error", err)
	if refused, ok := errors.AsType[*refusal](err); ok {
		writeHandshake(secured, refused.encode()) // if it fails the other finds out by itself
	}
	stop()
	conn.Close()
}

// identify hears who connects. An error that is a refusal is to be told.
func (d *Driver) identify(ctx context.Context, conn net.Conn) (net.Conn, *peer, error) {
	if d.config.TLS != nil {
		secured := tls.Server(conn, d.config.TLS.server())
		if err := secured.HandshakeContext(ctx); err != nil {
			return conn, nil, err
		}
		conn = secured
	}
	said, err := readHandshake(conn)
	if err != nil {
		return conn, nil, err
	}
	h, ok := said.(hello)
	if !ok {
		return conn, nil, errNoHandshake
	}
	if refused := d.judge(h, conn); refused != nil {
		return conn, nil, refused
	}
	return conn, d.peers[h.From], nil
}

// judge returns why a dialer is not taken, or nil.
func (d *Driver) judge(h hello, conn net.Conn) *refusal {
	c := &d.config
	switch {
	case h.VersionLow > protocolVersion || h.VersionHigh < protocolVersion:
		return &refusal{refuseVersion, fmt.Sprintf("this node speaks version %d, not %d to %d", protocolVersion, h.VersionLow, h.VersionHigh)}
	case h.Cluster != c.Cluster:
		return &refusal{refuseCluster, fmt.Sprintf("this is cluster %q, not %q", c.Cluster, h.Cluster)}
	case h.Format != c.Format:
		return &refusal{refuseCluster, fmt.Sprintf("this cluster speaks %q, not %q", c.Format, h.Format)}
	case h.To != c.Self:
		return &refusal{refuseNode, fmt.Sprintf("this is node %d, not %d", c.Self, h.To)}
	case d.peers[h.From] == nil:
		return &refusal{refuseNode, fmt.Sprintf("node %d is not of this cluster", h.From)}
	}
	if secured, ok := conn.(*tls.Conn); ok {
		name := PeerName(h.From, c.Cluster)
		if err := secured.ConnectionState().PeerCertificates[0].VerifyHostname(name); err != nil {
			return &refusal{refuseNode, fmt.Sprintf("the certificate is not that of %s", name)}
		}
	}
	return nil
}

// strangers are the connections that have yet to say who they are.
type strangers struct {
	mu     sync.Mutex
	most   int
	conns  list.List // of net.Conn, the oldest first
	closed bool
}

// add takes a place, and makes room first. It returns nil if there are none any
// more.
func (s *strangers) add(conn net.Conn) *list.Element {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	for s.conns.Len() >= s.most {
		s.conns.Remove(s.conns.Front()).(net.Conn).Close()
	}
	return s.conns.PushBack(conn)
}

// remove gives a place back, if it is not given away yet.
func (s *strangers) remove(place *list.Element) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns.Remove(place)
}

func (s *strangers) closeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for e := s.conns.Front(); e != nil; e = e.Next() {
		e.Value.(net.Conn).Close()
	}
}

// PeerName is the name that a node's certificate must bear, among its DNS names.
func PeerName(id protocols.NodeID, cluster string) string {
	return fmt.Sprintf("node-%d.%s", id, cluster)
}
