package tcp

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"time"

	"quorumlab/network"
	"quorumlab/protocols"
)

// Who dials says who it is and whom it means (hello); the other says welcome, or
// why not (refusal); and the dialer, if by then it still wants the connection,
// confirms it by an empty frame. Until that comes it counts for nothing: a dial that
// was given up long ago and held up by the network breaks no connection, and is no
// news to anybody.
//
// The first two begin with the magic number and a kind, so that whoever dials a
// wrong port, or is dialed by something else, finds out at once. Numbers have the
// most significant byte first, texts have their length before them in one byte.
//
//	hello    "QLAB" 1  version, lowest and highest (16 bits each)  from, to (16)
//	                   cluster  format
//	welcome  "QLAB" 2  version (16)
//	refusal  "QLAB" 3  code (8)  text
const (
	magic                = "QLAB"
	protocolVersion      = 1
	handshakeMost        = 512 // bytes of a frame
	kindHello       byte = 1
	kindWelcome     byte = 2
	kindRefusal     byte = 3
)

type hello struct {
	VersionLow, VersionHigh uint16
	From, To                protocols.NodeID
	Cluster, Format         string
}

type welcome struct{ Version uint16 }

// refusal is the answer of a node that does not take a connection.
type refusal struct {
	Code byte
	Text string
}

// The codes of a refusal. Whoever does not know one reads the text.
const (
	refuseOther   byte = iota
	refuseVersion      // no version in common
	refuseCluster      // another cluster, or another format
	refuseNode         // the node is not one of the cluster, or not the one meant
	refuseDialing      // the node is dialing itself, and that stands
)

func (r *refusal) Error() string { return "the peer refuses: " + r.Text }

var errNoHandshake = errors.New("this is not the handshake of a node")

func (h hello) encode() []byte {
	b := append([]byte(magic), kindHello)
	b = binary.BigEndian.AppendUint16(b, h.VersionLow)
	b = binary.BigEndian.AppendUint16(b, h.VersionHigh)
	b = binary.BigEndian.AppendUint16(b, uint16(h.From))
	b = binary.BigEndian.AppendUint16(b, uint16(h.To))
	b = appendText(b, h.Cluster)
	return appendText(b, h.Format)
}

func (w welcome) encode() []byte {
	return binary.BigEndian.AppendUint16(append([]byte(magic), kindWelcome), w.Version)
}

func (r *refusal) encode() []byte {
	return appendText(append([]byte(magic), kindRefusal, r.Code), r.Text)
}

// appendText appends a text of at most 255 bytes; of a longer one the beginning.
func appendText(b []byte, text string) []byte {
	text = text[:min(len(text), 255)]
	return append(append(b, byte(len(text))), text...)
}

// fields takes a handshake's frame apart. Reading past the end gives zeros, and
// short is set.
type fields struct {
	rest  []byte
	short bool
}

func (f *fields) take(n int) []byte {
	if len(f.rest) < n {
		f.short, f.rest = true, nil
		return make([]byte, n)
	}
	taken := f.rest[:n]
	f.rest = f.rest[n:]
	return taken
}

func (f *fields) u16() uint16  { return binary.BigEndian.Uint16(f.take(2)) }
func (f *fields) text() string { return string(f.take(int(f.take(1)[0]))) }

// parse returns the hello, welcome or *refusal that a frame holds. What a later
// version appends is left alone.
func parse(frame []byte) (any, error) {
	f := fields{rest: frame}
	if !bytes.Equal(f.take(len(magic)), []byte(magic)) {
		return nil, errNoHandshake
	}
	var parsed any
	switch kind := f.take(1)[0]; kind {
	case kindHello:
		parsed = hello{
			VersionLow: f.u16(), VersionHigh: f.u16(),
			From: protocols.NodeID(f.u16()), To: protocols.NodeID(f.u16()),
			Cluster: f.text(), Format: f.text(),
		}
	case kindWelcome:
		parsed = welcome{Version: f.u16()}
	case kindRefusal:
		parsed = &refusal{Code: f.take(1)[0], Text: f.text()}
	default:
		return nil, fmt.Errorf("%w: its kind is %d", errNoHandshake, kind)
	}
	if f.short {
		return nil, fmt.Errorf("%w: it is too short", errNoHandshake)
	}
	return parsed, nil
}

// readHandshake reads one frame of a handshake, and nothing behind it.
func readHandshake(r io.Reader) (any, error) {
	frame, err := network.ReadFrame(r, nil, handshakeMost)
	switch {
	case errors.Is(err, network.ErrFrameCorrupt), errors.Is(err, network.ErrFrameLimit):
		return nil, fmt.Errorf("%w: %w", errNoHandshake, err)
	case err != nil:
		return nil, err
	}
	return parse(frame)
}

func writeHandshake(w io.Writer, payload []byte) error {
	_, err := w.Write(network.AppendFrame(nil, payload))
	return err
}

// readConfirmation waits for the empty frame of a dialer.
func readConfirmation(r io.Reader) error {
	_, err := network.ReadFrame(r, nil, 0)
	return err
}

// jitter returns between half of a time and all of it.
func jitter(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return d/2 + time.Duration(rand.Int64N(int64(d/2)+1))
}

// rest waits, and reports false if the context ends before.
func rest(ctx context.Context, d time.Duration) bool {
	if d == 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// connect dials the peer and agrees with it.
func (p *peer) connect(ctx context.Context) (net.Conn, error) {
	d := p.driver
	ctx, cancel := context.WithTimeout(ctx, d.config.Limits.Handshake)
	defer cancel()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", p.address)
	if err != nil {
		return nil, err
	}
	// The context's end makes whatever is under way on the connection fail.
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	agreed, err := p.greet(ctx, conn)
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		conn.Close()
		if ctx.Err() != nil {
			err = fmt.Errorf("no handshake in time: %w", err)
		}
		return nil, err
	}
	return agreed, nil
}

// greet is the dialer's part of the handshake. It returns the connection to use
// from then on.
func (p *peer) greet(ctx context.Context, conn net.Conn) (net.Conn, error) {
	d := p.driver
	if d.config.TLS != nil {
		secured := tls.Client(conn, d.config.TLS.client(p.id, d.config.Cluster))
		if err := secured.HandshakeContext(ctx); err != nil {
			return nil, err
		}
		conn = secured
	}
	err := writeHandshake(conn, hello{
		VersionLow: protocolVersion, VersionHigh: protocolVersion, From: d.config.Self, To: p.id,
		Cluster: d.config.Cluster, Format: d.config.Format,
	}.encode())
	if err != nil {
		return nil, err
	}
	answer, err := readHandshake(conn)
	if err != nil {
		return nil, err
	}
	switch a := answer.(type) {
	case welcome:
		if a.Version != protocolVersion {
			return nil, fmt.Errorf("the peer chose version %d, which was not on offer", a.Version)
		}
		return conn, nil
	case *refusal:
		return nil, a
	}
	return nil, errNoHandshake
}
