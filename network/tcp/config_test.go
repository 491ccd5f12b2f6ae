package tcp_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"quorumlab/network/tcp"
	"quorumlab/protocols"
	"quorumlab/protocols/state"
)

func TestBadConfigurationsAreTold(t *testing.T) {
	codec, err := state.NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(c *tcp.Config){
		"has no id":            func(c *tcp.Config) { c.Self = 0 },
		"a codec and a disk":   func(c *tcp.Config) { c.Disk = nil },
		"that of the cluster":  func(c *tcp.Config) { c.Cluster = "" },
		"at most 64 bytes":     func(c *tcp.Config) { c.Format = strings.Repeat("x", 65) },
		`kind "carrier"`:       func(c *tcp.Config) { c.Links = "carrier" },
		"its own peers":        func(c *tcp.Config) { c.Peers = map[protocols.NodeID]string{1: "a:1"} },
		"a listener is needed": func(c *tcp.Config) { c.Peers = map[protocols.NodeID]string{2: "a:1"} },
		"use an id from 1 and host:port": func(c *tcp.Config) {
			c.Peers, c.Listener = map[protocols.NodeID]string{2: "nowhere"}, &net.TCPListener{}
		},
		"holds too little":    func(c *tcp.Config) { c.Limits.Frame = 1 },
		"is negative":         func(c *tcp.Config) { c.Limits.Queue = -1 },
		"signs of life":       func(c *tcp.Config) { c.Limits.Silence = time.Millisecond },
		"below the shortest":  func(c *tcp.Config) { c.Limits.RetryMax = time.Nanosecond },
		"in use by another":   func(c *tcp.Config) { c.Disk.Recover(func(uint64, error) {}) },
		"Handshake is negati": func(c *tcp.Config) { c.Limits.Handshake = -1 },
	} {
		config := tcp.Config{
			Cluster: "test", Self: 1, Links: protocols.Stream, Node: newPuppet(), Codec: codec,
			Disk: tcp.NewMemory(protocols.Disk{}),
		}
		change(&config)
		if d, err := tcp.Start(config); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
			if d != nil {
				d.Close()
			}
		}
	}
}
