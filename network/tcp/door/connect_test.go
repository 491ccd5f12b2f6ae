package door_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"quorumlab/network"
	"quorumlab/network/tcp"
	"quorumlab/network/tcp/door"
	"quorumlab/protocols"
	"quorumlab/protocols/machine"
	"quorumlab/protocols/state"
)

// prompt is a node that executes commands at once, but for those on keys that begin
// with "wait", to which it says nothing.
type prompt struct{ Journal *machine.Journal }

func (n *prompt) Step(_ time.Duration, event protocols.Event, out *protocols.Effects) {
	asked, ok := event.(protocols.Requested)
	if !ok {
		return
	}
	if command, ok := asked.Command.(machine.Command); ok && strings.HasPrefix(command.Key, "wait") {
		return
	}
	out.Reply(asked.Client, asked.Request, n.Journal.Apply(asked.Command))
}

func (n *prompt) Replicated() protocols.StateMachine { return n.Journal }

// lobby is a door whose connections are pipes.
type lobby struct {
	t      testing.TB
	door   *door.Door
	driver *tcp.Driver
	conns  chan net.Conn
	server *http.Server
	once   sync.Once
	closed chan struct{}
}

func newLobby(t testing.TB) *lobby {
	t.Helper()
	codec, err := state.NewCodec(machine.Types()...)
	if err != nil {
		t.Fatal(err)
	}
	b := &lobby{t: t, door: door.New(door.Config{ID: 1}), conns: make(chan net.Conn), closed: make(chan struct{})}
	b.driver, err = tcp.Start(tcp.Config{
		Cluster: "test", Self: 1, Links: protocols.Stream, Node: &prompt{machine.NewJournal()}, Codec: codec,
		Disk: tcp.NewMemory(protocols.Disk{}), Settled: b.door.Settled,
	})
	if err != nil {
		t.Fatal(err)
	}
	b.door.Open(b.driver)
	b.server = &http.Server{Handler: b.door.Clients()}
	go b.server.Serve(b)
	return b
}

// end closes everything. It is called within the bubble of a test that has one.
func (b *lobby) end() {
	b.server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	b.door.Drain(ctx)
	b.driver.Close()
}

func (b *lobby) Accept() (net.Conn, error) {
	select {
	case conn := <-b.conns:
		return conn, nil
	case <-b.closed:
		return nil, net.ErrClosed
	}
}

func (b *lobby) Close() error {
	b.once.Do(func() { close(b.closed) })
	return nil
}

func (b *lobby) Addr() net.Addr { return &net.TCPAddr{} }

// guest is one end of a connection of the binary API, by hand.
type guest struct {
	net.Conn
	reader *bufio.Reader
}

// enter connects, and asks for the binary API.
func (b *lobby) enter() *guest {
	b.t.Helper()
	here, there := net.Pipe()
	b.conns <- there
	return upgraded(b.t, here)
}

func upgraded(t testing.TB, conn net.Conn) *guest {
	t.Helper()
	g := &guest{conn, bufio.NewReader(conn)}
	g.say("GET /v1/connect HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: quorumlab-kv/9, quorumlab-kv/1\r\n\r\n")
	response, err := http.ReadResponse(g.reader, nil)
	if err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("%+v, %v", response, err)
	}
	return g
}

func (g *guest) say(text string) { io.WriteString(g, text) } // an error shows when it reads

// ask sends frames with these payloads.
func (g *guest) ask(payloads ...string) {
	var all []byte
	for _, payload := range payloads {
		all = network.AppendFrame(all, []byte(payload))
	}
	g.Write(all)
}

// hear returns the payload of the next frame, or why there is none.
func (g *guest) hear() string {
	frame, err := network.ReadFrame(g.reader, nil, 8<<20)
	if err != nil {
		return "error: " + err.Error()
	}
	return string(frame)
}

// Questions as doc.go has them.
func text(s string) string { return string(binary.AppendUvarint(nil, uint64(len(s)))) + s }

func get(number byte, key string) string { return string([]byte{number, 1, 0, 0, 1}) + text(key) }

func put(number byte, key, value string) string {
	return string([]byte{number, 1, 0, 0, 2}) + text(key) + text(value)
}

// TestBinaryAPI holds the format to what doc.go says, byte by byte.
func TestBinaryAPI(t *testing.T) {
	b := newLobby(t)
	defer b.end()
	g := b.enter()
	for i, test := range []struct{ ask, want string }{
		{put(7, "a", "5"), "\x07\x01" + "\x00\x00\x00"},
		{get(8, "a"), "\x08\x01" + "\x01\x015\x00"},
		{get(8, "b"), "\x08\x01" + "\x00\x00\x00"},
		{"\x09\x01\x00\x00\x05\x01a\x012", "\x09\x01" + "\x03\x015\x00"},              // add
		{"\x09\x01\x00\x00\x03\x01a\x019\x01\x016", "\x09\x01" + "\x01\x017\x00"},     // cas 6 9
		{"\x09\x01\x00\x00\x03\x01a\x019\x01\x017", "\x09\x01" + "\x03\x017\x00"},     // cas 7 9
		{"\x09\x01\x00\x00\x03\x01c\x011\x00", "\x09\x01" + "\x02\x00\x00"},           // cas absent
		{"\x0a\x03\x01c", "\x0a\x01" + "\x01\x011\x00"},                               // local read
		{"\x0b\x01\x00\x00\x04\x01c", "\x0b\x01" + "\x01\x00\x00"},                    // delete
		{"\x0c\x02\x00\x00\x01\x05\x01a\x02-1", "\x0c\x02\x00\x00\x01\x03\x019\x00"},  // txn
		{"\x0c\x02\x00\x00\x01\x05\x01a\x03-99", "\x0c\x02\x01\x00\x01\x01\x018\x00"}, // txn, aborted
		{"\x80\x01\x04", "\x80\x01\x03\x01"},                                          // session
		{"\x0d\x04", "\x0d\x03\x02"},                                                  // session
		{"\x0e\x01\x02\x01" + put(0, "a", "1")[4:], "\x0e\x01" + "\x00\x00\x00"},      // named
		{"\x0f\x01\x00\x00\x05\x01z\x01x", "\x0f\x00\x00" + text("bad-request")},      // no number
		{"\x10\x09", "\x10\x00\x00" + text("bad-request") + text("no kind 9 of question") + text("")},
		{"\x10\x01\x02\x00" + put(0, "a", "1")[4:], "\x10\x00\x00" + text("bad-request")},
		{"\x10\x01\x00\x00\x07\x01a", "\x10\x00\x00" + text("bad-request")},
		{get(16, ""), "\x10\x00\x00" + text("bad-request")},
		{get(16, "\xff"), "\x10\x00\x00" + text("bad-request")},
		{get(16, "a") + "x", "\x10\x00\x00" + text("bad-request")},
		{get(16, "a")[:5], "\x10\x00\x00" + text("bad-request")},
		{"\x10\x02\x00\x00\x00", "\x10\x00\x00" + text("bad-request")},
		{"\x10\x01\x00\x00\x03\x01c\x011\x02", "\x10\x00\x00" + text("bad-request")},
		{put(16, "a", strings.Repeat("v", 1<<20+1)), "\x10\x00\x00" + text("too-large")},
		{"\x11\x01\x80\x80\x80\x80\x10\x01", "\x11\x00\x00" + text("bad-request")}, // client 1<<32
		{get(17, "a"), "\x11\x01" + "\x01\x011\x00"},
	} {
		g.ask("", test.ask) // the empty one is a sign of life
		if got := g.hear(); !strings.HasPrefix(got, test.want) {
			t.Errorf("%d: %q is answered %q, want %q", i, test.ask, got, test.want)
		}
	}
}

func TestConnectWantsTheHeaders(t *testing.T) {
	h := newHouse(t, "zab", nil)
	for _, headers := range []map[string]string{nil, {"Connection": "Upgrade"}, {"Connection": "Upgrade", "Upgrade": "quorumlab-kv/2"}} {
		if status, body := h.ask("GET", "/v1/connect", "", headers); status != 400 || !strings.Contains(body, "Upgrade: quorumlab-kv/1") {
			t.Errorf("%v: %d %s", headers, status, body)
		}
	}
}

// A connection on which no sense can be made of what comes is closed, and no other.
func TestCorruptFramesEndTheConnection(t *testing.T) {
	b := newLobby(t)
	defer b.end()
	good := b.enter()
	flipped := network.AppendFrame(nil, []byte(get(1, "a")))
	flipped[len(flipped)-1] ^= 1
	huge := network.AppendFrame(nil, nil)
	binary.BigEndian.PutUint32(huge, 8<<20+1)
	binary.BigEndian.PutUint32(huge[8:], network.Checksum(huge[:8]))
	for name, said := range map[string]string{"flipped": string(flipped), "huge": string(huge), "HTTP": "GET / HTTP/1.1\r\n\r\n"} {
		g := b.enter()
		g.say(said)
		if got := g.hear(); !strings.HasPrefix(got, "error: ") {
			t.Errorf("%s: %q", name, got)
		}
	}
	good.ask(get(1, "a"))
	if got := good.hear(); got != "\x01\x01\x00\x00\x00" {
		t.Errorf("the other connection hears %q", got)
	}
}

// Who begins a frame and does not end it, or says nothing at all, is closed after a
// while; who says something now and then is not.
func TestSlowLoris(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLobby(t)
		defer b.end()
		begin := time.Now()
		ended := make(chan string, 2)
		watch := func(name string, say func(*guest)) {
			g := b.enter()
			go say(g)
			go func() {
				got := g.hear()
				ended <- fmt.Sprintf("%s after %v: %.6s", name, time.Since(begin).Round(time.Second), got)
			}()
		}
		watch("begins", func(g *guest) {
			for i := range network.AppendFrame(nil, []byte(get(1, "a"))) {
				<-time.After(10 * time.Second)
				g.say("\x00"[i/1000:])
			}
		})
		watch("silent", func(*guest) {})
		alive := b.enter()
		for range 10 {
			<-time.After(100 * time.Second)
			alive.ask(get(1, "a"))
			if got := alive.hear(); got != "\x01\x01\x00\x00\x00" {
				t.Fatalf("the one that lives hears %q", got)
			}
		}
		for _, want := range []string{"begins after 40s: error:", "silent after 2m0s: error:"} {
			if got := <-ended; got != want {
				t.Errorf("%s, want %s", got, want)
			}
		}
	})
}

// What is not answered in time is told to be unknown, and nobody waits for it any more.
func TestQuestionsExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLobby(t)
		defer b.end()
		g := b.enter()
		begin := time.Now()
		for i := range byte(3) {
			g.ask(put(i, "wait", "1"), put(10+i, "b", "1"))
			g.hear()
			<-time.After(time.Second)
		}
		for i := range 3 {
			got := g.hear()
			want := string(rune(i)) + "\x00\x01" + text("timeout")
			if took := time.Since(begin); !strings.HasPrefix(got, want) || took != time.Duration(10+i)*time.Second {
				t.Errorf("%d after %v: %q", i, took, got)
			}
		}
		if waiting := b.driver.Stats().Requests; waiting != 0 {
			t.Errorf("%d requests are under way", waiting)
		}
		g.ask(put(1, "wait", "2"))
		synctest.Wait()
		if waiting := b.driver.Stats().Requests; waiting != 1 {
			t.Errorf("%d requests are under way", waiting)
		}
		g.Close()
		synctest.Wait()
		if waiting := b.driver.Stats().Requests; waiting != 0 {
			t.Errorf("%d requests of one who is gone are under way", waiting)
		}
	})
}

// Who asks and takes no answers is not read from any further, and is closed at last.
func TestAnswersThatNobodyTakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLobby(t)
		defer b.end()
		g := b.enter()
		g.ask(put(1, "a", strings.Repeat("v", 10_000)))
		g.hear()
		begin := time.Now()
		n := 0
		for frame := network.AppendFrame(nil, []byte(get(1, "a"))); n < 10_000; n++ {
			if _, err := g.Write(frame); err != nil {
				break
			}
		}
		if n > 300 || time.Since(begin) != 10*time.Second {
			t.Errorf("closed after %v, with %d questions read", time.Since(begin), n)
		}
	})
}

// However many ask for much and take nothing, the node keeps a bounded amount for them;
// who takes his answers gets them all.
func TestAnswersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLobby(t)
		defer b.end()
		good := b.enter()
		good.ask(put(1, "a", strings.Repeat("v", 1<<20)), put(1, "b", "1"))
		good.hear()
		good.hear()
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		guests := make([]*guest, 64)
		for i := range guests {
			guests[i] = b.enter()
			guests[i].ask(get(1, "a"))
		}
		synctest.Wait()
		runtime.GC()
		runtime.ReadMemStats(&after)
		if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 48<<20 {
			t.Errorf("the heap has grown by %d MiB", grown>>20)
		}
		closed := 0
		for _, g := range guests {
			if strings.HasPrefix(g.hear(), "error: ") {
				closed++
			}
		}
		if closed == 0 || closed == len(guests) {
			t.Errorf("%d of %d were closed", closed, len(guests))
		}
		good.ask(get(1, "b"), get(2, "a"))
		if got := good.hear(); got != "\x01\x01\x01\x011\x00" {
			t.Errorf("the good one hears %q", got)
		}
		if got := good.hear(); len(got) < 1<<20 {
			t.Errorf("the good one hears %q", got)
		}
	})
}

// No more than so many questions of one connection are under way.
func TestQuestionsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLobby(t)
		defer b.end()
		g := b.enter()
		go func() {
			for {
				if _, err := g.Write(network.AppendFrame(nil, []byte(put(1, "wait", "")))); err != nil {
					return
				}
			}
		}()
		synctest.Wait()
		if waiting := b.driver.Stats().Requests; waiting != 128 {
			t.Errorf("%d requests are under way", waiting)
		}
	})
}

// A door that closes answers what it was asked before.
func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLobby(t)
		defer b.end()
		g, other := b.enter(), b.enter()
		g.ask(put(1, "wait", ""))
		synctest.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		begin := time.Now()
		go b.door.Drain(ctx)
		if got := other.hear(); got != "error: EOF" || time.Since(begin) != 0 {
			t.Errorf("who asks nothing hears %q after %v", got, time.Since(begin))
		}
		if got := g.hear(); got != "error: EOF" || time.Since(begin) != 3*time.Second {
			t.Errorf("who waits hears %q after %v", got, time.Since(begin))
		}
		here, there := net.Pipe()
		b.conns <- there
		go io.WriteString(here, "GET /v1/connect HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: quorumlab-kv/1\r\n\r\n")
		if said, _ := io.ReadAll(here); len(said) > 0 {
			t.Errorf("who comes too late hears %q", said)
		}
	})
}
