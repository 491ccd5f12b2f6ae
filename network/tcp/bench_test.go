package tcp_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"quorumlab/network/tcp"
	"quorumlab/protocols"
	"quorumlab/protocols/state"
)

// echo is a node that answers at once.
type echo struct{}

func (*echo) Step(_ time.Duration, event protocols.Event, out *protocols.Effects) {
	if e, ok := event.(protocols.Requested); ok {
		out.Reply(e.Client, e.Request, e.Command)
	}
}

// BenchmarkRequest asks the loop, from many goroutines, as the door does.
func BenchmarkRequest(b *testing.B) {
	codec, err := state.NewCodec()
	if err != nil {
		b.Fatal(err)
	}
	d, err := tcp.Start(tcp.Config{
		Cluster: "test", Self: 1, Links: protocols.Stream, Node: &echo{}, Codec: codec, Disk: tcp.NewMemory(protocols.Disk{}),
	})
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	var clients atomic.Uint32
	b.ReportAllocs()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		client := protocols.ClientID(clients.Add(1))
		for request := uint64(1); pb.Next(); request++ {
			if a := d.Request(context.Background(), client, request, "command"); a.Err != nil {
				b.Error(a.Err)
				return
			}
		}
	})
}
