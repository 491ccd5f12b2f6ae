package tcp_test

import (
	"encoding/binary"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"quorumlab/network"
	"quorumlab/network/tcp"
	"quorumlab/protocols"
)

// serves tells whether node 1 can still reach node 2, over new connections. A message
// may be lost, but then node 1 hears of it.
func (l *lab) serves(what string) {
	l.t.Helper()
	for range 3 {
		for arrived := false; !arrived; {
			one, two := len(l.nodes[1].all()), len(l.nodes[2].all())
			l.send(1, 2, what)
			l.wait(what, func() bool {
				arrived = slices.Contains(l.nodes[2].all()[two:], "1:"+what)
				return arrived || len(l.nodes[1].all()) > one
			})
		}
		before := len(l.nodes[1].all())
		l.mesh.Break(1, 2)
		l.wait("the break", func() bool { return len(l.nodes[1].all()) > before })
	}
}

func (l *lab) dial(id protocols.NodeID) net.Conn {
	l.t.Helper()
	conn, err := net.DialTimeout("tcp", l.listen[id], patience)
	if err != nil {
		l.t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(patience))
	l.t.Cleanup(func() { conn.Close() })
	return conn
}

// closed tells whether the other end closes a connection, and returns what it says
// before.
func closed(t *testing.T, conn net.Conn) string {
	t.Helper()
	said, err := io.ReadAll(conn)
	if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
		t.Error("the connection is not closed")
	}
	return string(said)
}

func text(s string) string { return string(rune(len(s))) + s }

func number(n uint16) string { return string(binary.BigEndian.AppendUint16(nil, n)) }

// hello is the first frame of a dialer, by hand.
func hello(low, high, from, to uint16, cluster, format string) []byte {
	return network.AppendFrame(nil, []byte("QLAB\x01"+
		number(low)+number(high)+number(from)+number(to)+text(cluster)+text(format)))
}

func TestStrangersAreTurnedAway(t *testing.T) {
	l := newLab(t, 2, protocols.Stream, nil)
	oversized := binary.BigEndian.AppendUint32(nil, 1<<31)
	oversized = binary.BigEndian.AppendUint32(oversized, 0)
	oversized = binary.BigEndian.AppendUint32(oversized, network.Checksum(oversized))
	for name, test := range map[string]struct {
		says []byte
		want string
	}{
		"a browser":          {[]byte("GET / HTTP/1.1\r\nHost: n1\r\n\r\n"), ""},
		"an oversized frame": {oversized, ""},
		"another magic":      {network.AppendFrame(nil, []byte("RAFT\x01")), ""},
		"a short hello":      {network.AppendFrame(nil, []byte("QLAB\x01\x00")), ""},
		"a welcome":          {network.AppendFrame(nil, []byte("QLAB\x02\x00\x01")), ""},
		"another version":    {hello(2, 3, 1, 2, "test", "words"), "speaks version 1, not 2 to 3"},
		"another cluster":    {hello(1, 1, 1, 2, "other", "words"), `cluster "test", not "other"`},
		"another format":     {hello(1, 1, 1, 2, "test", "zab"), `speaks "words", not "zab"`},
		"another addressee":  {hello(1, 1, 1, 3, "test", "words"), "node 2, not 3"},
		"an unknown node":    {hello(1, 1, 9, 2, "test", "words"), "node 9 is not of this cluster"},
		"the node itself":    {hello(1, 1, 2, 2, "test", "words"), "node 2 is not of this cluster"},
	} {
		t.Run(name, func(t *testing.T) {
			conn := l.dial(2)
			if _, err := conn.Write(test.says); err != nil {
				t.Fatal(err)
			}
			if said := closed(t, conn); !strings.Contains(said, test.want) || test.want == "" && said != "" {
				t.Errorf("it says %q, want %q", said, test.want)
			}
		})
	}
	l.serves("still")
	if rejected := l.drivers[2].Stats().Rejected; rejected != 11 {
		t.Errorf("%d connections were rejected", rejected)
	}
}

// A newer node may append fields to its hello, and offer later versions.
func TestNewerHelloIsUnderstood(t *testing.T) {
	l := newLab(t, 2, protocols.Stream, nil)
	conn := l.dial(2)
	frame := hello(1, 9, 1, 2, "test", "words")
	conn.Write(network.AppendFrame(nil, append(frame[network.FrameHeader:], "more"...)))
	answer, err := network.ReadFrame(conn, nil, 100)
	if err != nil || string(answer) != "QLAB\x02\x00\x01" {
		t.Errorf("answer %q, %v", answer, err)
	}
}

// Who says nothing, or a byte now and then, is not waited for for ever, and keeps
// nobody out meanwhile; nor does a flood.
func TestSlowLorisAndFlood(t *testing.T) {
	l := newLab(t, 2, protocols.Stream, func(c *tcp.Config) { c.Limits.Strangers = 8 })
	slow := l.dial(2)
	slow.Write(hello(1, 1, 1, 2, "test", "words")[:5])
	l.serves("beside the slow")
	var flood []net.Conn
	for range 200 {
		flood = append(flood, l.dial(2))
	}
	l.serves("beside the flood")
	closed(t, slow)
	for _, conn := range flood {
		closed(t, conn)
	}
}

// A peer that agreed and then sends rubbish loses its connection and nothing else.
func TestRubbishBreaksTheStream(t *testing.T) {
	for name, rubbish := range map[string][]byte{
		"no frame":            []byte(strings.Repeat("x", 100)),
		"an oversized frame":  network.AppendFrame(nil, make([]byte, 1<<13)),
		"half a length":       network.AppendFrame(nil, []byte{0, 0}),
		"a length too long":   network.AppendFrame(nil, []byte{0, 0, 0, 9, 'x'}),
		"no canonical bytes":  network.AppendFrame(nil, []byte{0, 0, 0, 1, 0xff}),
		"an unknown type":     network.AppendFrame(nil, []byte{0, 0, 0, 3, 0xd9, 0x12, 0x34}),
		"a frame cut in half": network.AppendFrame(nil, []byte{0, 0, 0, 2, 0x61, 'a'})[:15],
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, 2, protocols.Stream, func(c *tcp.Config) { c.Limits.Frame = 1 << 12 })
			conn := l.dial(2)
			conn.Write(hello(1, 1, 1, 2, "test", "words"))
			if answer, err := network.ReadFrame(conn, nil, 100); err != nil || string(answer) != "QLAB\x02\x00\x01" {
				t.Fatalf("answer %q, %v", answer, err)
			}
			conn.Write(network.AppendFrame(nil, nil))
			conn.Write(network.AppendFrame(nil, []byte{0, 0, 0, 2, 0x61, 'a'}))
			l.gets(2, "1:a")
			conn.Write(rubbish)
			conn.(*net.TCPConn).CloseWrite()
			l.gets(2, "1:a", "1:-")
			closed(t, conn)
			l.serves("after it")
		})
	}
}

// A dial that was given up, and whose hello comes late, breaks nothing.
func TestUnconfirmedDialBreaksNothing(t *testing.T) {
	l := newLab(t, 2, protocols.Stream, nil)
	l.send(1, 2, "a")
	l.gets(2, "1:a")
	conn := l.dial(2)
	conn.Write(hello(1, 1, 1, 2, "test", "words"))
	if _, err := network.ReadFrame(conn, nil, 100); err != nil {
		t.Fatal(err)
	}
	l.send(1, 2, "b")
	l.gets(2, "1:a", "1:b")
	conn.Close()
	l.send(1, 2, "c")
	l.gets(2, "1:a", "1:b", "1:c")
}
