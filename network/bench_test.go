package network

import (
	"fmt"
	"testing"
	"time"

	"quorumlab/protocols"
)

// BenchmarkSendDeliver sends and delivers one message per operation, with so
// many others in flight on the link; datagrams are taken from the middle.
func BenchmarkSendDeliver(b *testing.B) {
	for _, kind := range []protocols.LinkKind{protocols.Stream, protocols.Datagram} {
		for _, flight := range []int{0, 10, 100, 10_000} {
			b.Run(fmt.Sprintf("%s/flight=%d", kind, flight), func(b *testing.B) {
				n := New(3, kind)
				n.Restart(1)
				n.Restart(2)
				var message protocols.Message = struct{ A, B uint64 }{1, 2}
				for range flight {
					n.Send(1, 2, message, 0)
				}
				link := n.Link(1, 2)
				b.ReportAllocs()
				for b.Loop() {
					n.Send(1, 2, message, time.Second)
					i := 0
					if kind == protocols.Datagram {
						i = len(link.Queue) / 2
					}
					if n.Deliver(1, 2, link.Queue[i].ID).Outcome != Delivered {
						b.Fatal("not delivered")
					}
				}
			})
		}
	}
}

// BenchmarkBreak breaks a connection, tells both ends and opens the next.
func BenchmarkBreak(b *testing.B) {
	n := New(3, protocols.Stream)
	n.Restart(1)
	n.Restart(2)
	b.ReportAllocs()
	for b.Loop() {
		n.Send(1, 2, nil, 0)
		n.Break(1, 2, 0, 0)
		n.Deliver(1, 2, n.Link(1, 2).Queue[0].ID)
		n.Deliver(2, 1, n.Link(2, 1).Queue[0].ID)
	}
}

func BenchmarkDraw(b *testing.B) {
	spiked := LogNormalDelay(time.Millisecond, 500)
	spiked.Spike = Spike{Chance: 1000, Min: time.Second, Max: time.Second}
	for _, d := range []Distribution{UniformDelay(1, time.Second), LogNormalDelay(time.Millisecond, 500), spiked} {
		b.Run(fmt.Sprintf("%s/spike=%d", d.Kind, d.Spike.Chance), func(b *testing.B) {
			var s Source = &splitMix{}
			b.ReportAllocs()
			for b.Loop() {
				d.Draw(s)
			}
		})
	}
}

func BenchmarkFate(b *testing.B) {
	c := Conditions{Delay: LogNormalDelay(time.Millisecond, 500), Loss: 1000, Duplicate: 1000, Corrupt: 1000, Reorder: 1000}
	var s Source = &splitMix{}
	b.ReportAllocs()
	for b.Loop() {
		c.Fate(s, protocols.Datagram)
	}
}

func BenchmarkFrame(b *testing.B) {
	payload := make([]byte, 1024)
	var frame []byte
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		frame = AppendFrame(frame[:0], payload)
	}
}
