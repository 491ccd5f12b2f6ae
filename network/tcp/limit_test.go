package tcp_test

import (
	"net"
	"testing"

	"quorumlab/network/tcp"
)

func TestLimitListener(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener := tcp.LimitListener(inner, 2)
	accepted := make(chan net.Conn, 10)
	ended := make(chan error, 1)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				ended <- err
				return
			}
			accepted <- conn
		}
	}()
	for range 4 {
		conn, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	first, second := <-accepted, <-accepted
	if len(accepted) > 0 {
		t.Error("a third was accepted")
	}
	first.Close()
	first.Close() // counts once
	third := <-accepted
	if len(accepted) > 0 {
		t.Error("a fourth was accepted")
	}
	listener.Close()
	if err := <-ended; err == nil {
		t.Error("it accepts after its end")
	}
	second.Close()
	third.Close()
}
