package proxy_test

import (
	"bufio"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"quorumlab/network/tcp/proxy"
	"quorumlab/protocols"
)

const patience = 20 * time.Second

// echoes starts listeners that send back what they get, and a mesh between them.
func echoes(t *testing.T, nodes int) *proxy.Mesh {
	t.Helper()
	targets := map[protocols.NodeID]string{}
	for i := range nodes {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { listener.Close() })
		targets[protocols.NodeID(i+1)] = listener.Addr().String()
		go func() {
			for {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				go func() {
					io.Copy(conn, conn)
					conn.Close()
				}()
			}
		}()
	}
	m, err := proxy.New(targets)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

func dial(t *testing.T, m *proxy.Mesh, from, to protocols.NodeID) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", m.Address(from, to))
	if err != nil {
		t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(patience))
	t.Cleanup(func() { conn.Close() })
	return conn
}

// echo sends a line and returns what comes back, within a time.
func echo(t *testing.T, conn net.Conn, within time.Duration) (string, error) {
	t.Helper()
	conn.SetDeadline(time.Now().Add(within))
	if _, err := conn.Write([]byte("hello\n")); err != nil {
		return "", err
	}
	return bufio.NewReader(conn).ReadString('\n')
}

func TestMeshCarriesAndCuts(t *testing.T) {
	m := echoes(t, 3)
	conn := dial(t, m, 1, 2)
	if said, err := echo(t, conn, patience); said != "hello\n" || err != nil {
		t.Fatalf("%q, %v", said, err)
	}
	// Either direction holds up an echo; what is held comes after all.
	for _, cut := range []proxy.Pair{{From: 1, To: 2}, {From: 2, To: 1}} {
		m.Cut(cut)
		if said, err := echo(t, conn, 50*time.Millisecond); err == nil {
			t.Fatalf("%v is cut, and yet %q comes back", cut, said)
		}
		if other, err := echo(t, dial(t, m, 1, 3), patience); err != nil {
			t.Fatalf("another pair is struck: %q, %v", other, err)
		}
		m.Heal(cut)
		conn.SetDeadline(time.Now().Add(patience))
		if said, err := bufio.NewReader(conn).ReadString('\n'); said != "hello\n" || err != nil {
			t.Fatalf("healed: %q, %v", said, err)
		}
	}
}

func TestMeshPartitions(t *testing.T) {
	m := echoes(t, 4)
	m.Cut(proxy.Pair{From: 3, To: 4})
	m.Partition([]protocols.NodeID{1, 2})
	want := []proxy.Pair{{1, 3}, {1, 4}, {2, 3}, {2, 4}, {3, 1}, {3, 2}, {4, 1}, {4, 2}}
	if got := m.Cuts(); !slices.Equal(got, want) {
		t.Errorf("cut are %v, want %v", got, want)
	}
	if m.Heal(); len(m.Cuts()) > 0 {
		t.Errorf("healed, cut are %v", m.Cuts())
	}
	if m.Address(1, 1) != "" || m.Address(1, 9) != "" {
		t.Error("there are addresses of nobody")
	}
}

func TestMeshBreaksSlowsAndCorrupts(t *testing.T) {
	m := echoes(t, 2)
	there, back := dial(t, m, 1, 2), dial(t, m, 2, 1)
	for _, conn := range []net.Conn{there, back} {
		if _, err := echo(t, conn, patience); err != nil {
			t.Fatal(err)
		}
	}
	m.Slow(30*time.Millisecond, proxy.Pair{From: 1, To: 2})
	begin := time.Now()
	if _, err := echo(t, there, patience); err != nil || time.Since(begin) < 30*time.Millisecond {
		t.Errorf("slow: %v after %v", err, time.Since(begin))
	}
	m.Heal()
	m.Corrupt(proxy.Pair{From: 2, To: 1})
	if said, err := echo(t, there, patience); err != nil || said == "hello\n" || len(said) != len("hello\n") {
		t.Errorf("corrupted: %q, %v", said, err)
	}
	if said, err := echo(t, there, patience); err != nil || said != "hello\n" {
		t.Errorf("corrupted once more: %q, %v", said, err)
	}
	if broken := m.Break(2, 1); broken != 2 {
		t.Errorf("%d connections broke", broken)
	}
	for _, conn := range []net.Conn{there, back} {
		if said, err := echo(t, conn, patience); err == nil {
			t.Errorf("broken, it says %q", said)
		}
	}
	if _, err := echo(t, dial(t, m, 1, 2), patience); err != nil {
		t.Error(err)
	}
	m.Close()
	if conn, err := net.Dial("tcp", m.Address(1, 2)); err == nil {
		conn.Close()
		t.Error("closed, it takes connections")
	}
}
